"""The filter of system calls, read as the kernel reads it."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_vault.sandbox.inside import seccomp
from connector_vault.sandbox.inside.calls import ALLOWED, NUMBERS, REFUSED

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW, EPERM, ENOSYS, KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
X32 = 0x40000000
CLONE = {"x86_64": 56, "aarch64": 220}

SENSITIVE = {
    "x86_64": {
        "socket": 41, "connect": 42, "bind": 49, "listen": 50, "accept": 43, "accept4": 288,
        "socketpair": 53, "setsockopt": 54, "fork": 57, "vfork": 58, "clone3": 435, "execve": 59,
        "execveat": 322, "kill": 62, "tkill": 200, "tgkill": 234, "rt_sigqueueinfo": 129,
        "rt_tgsigqueueinfo": 297, "pidfd_open": 434, "pidfd_getfd": 438, "pidfd_send_signal": 424,
        "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "process_madvise": 440,
        "kcmp": 312, "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427,
        "memfd_create": 319, "memfd_secret": 447, "userfaultfd": 323, "bpf": 321,
        "perf_event_open": 298, "unshare": 272, "setns": 308, "mount": 165, "umount2": 166,
        "pivot_root": 155, "chroot": 161, "move_mount": 429, "open_tree": 428, "fsopen": 430,
        "fsconfig": 431, "fsmount": 432, "fspick": 433, "mount_setattr": 442,
        "open_by_handle_at": 304, "name_to_handle_at": 303, "keyctl": 250, "add_key": 248,
        "request_key": 249, "shmget": 29, "shmat": 30, "shmctl": 31, "semget": 64, "semop": 65,
        "semctl": 66, "msgget": 68, "msgsnd": 69, "msgrcv": 70, "msgctl": 71, "mq_open": 240,
        "mq_unlink": 241, "chmod": 90, "fchmod": 91, "fchmodat": 268, "fchmodat2": 452,
        "chown": 92, "fchown": 93, "lchown": 94, "fchownat": 260, "utime": 132, "utimes": 235,
        "futimesat": 261, "utimensat": 280, "setxattr": 188, "lsetxattr": 189, "fsetxattr": 190,
        "removexattr": 197, "truncate": 76, "ftruncate": 77, "setrlimit": 160, "prlimit64": 302,
        "sched_setscheduler": 144, "sched_setparam": 142, "sched_setattr": 314,
        "sched_setaffinity": 203, "setpriority": 141, "ioprio_set": 251, "migrate_pages": 256,
        "move_pages": 279, "capset": 126, "setuid": 105, "setgid": 106, "setreuid": 113,
        "setresuid": 117, "setfsuid": 122, "setgroups": 116, "prctl": 157, "seccomp": 317,
        "landlock_create_ruleset": 444, "landlock_add_rule": 445, "landlock_restrict_self": 446,
        "personality": 135, "syslog": 103, "sethostname": 170, "settimeofday": 164,
        "clock_settime": 227, "clock_adjtime": 305, "iopl": 172, "ioperm": 173, "modify_ldt": 154,
        "init_module": 175, "finit_module": 313, "kexec_load": 246, "kexec_file_load": 320,
        "reboot": 169, "swapon": 167, "acct": 163, "quotactl": 179, "inotify_init": 253,
        "inotify_init1": 294, "fanotify_init": 300, "sync": 162, "syncfs": 306, "vhangup": 153,
        "mknod": 133, "link": 86, "symlink": 88, "rename": 82, "unlink": 87, "mkdir": 83,
        "flock": 73, "sendmmsg": 307, "setpgid": 109, "setsid": 112,
    },
    "aarch64": {
        "socket": 198, "connect": 203, "bind": 200, "listen": 201, "accept": 202, "accept4": 242,
        "socketpair": 199, "setsockopt": 208, "clone3": 435, "execve": 221, "execveat": 281,
        "kill": 129, "tkill": 130, "tgkill": 131, "rt_sigqueueinfo": 138,
        "rt_tgsigqueueinfo": 240, "pidfd_open": 434, "pidfd_getfd": 438, "pidfd_send_signal": 424,
        "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271, "kcmp": 272,
        "io_uring_setup": 425, "memfd_create": 279, "memfd_secret": 447, "userfaultfd": 282,
        "bpf": 280, "perf_event_open": 241, "unshare": 97, "setns": 268, "mount": 40,
        "umount2": 39, "pivot_root": 41, "chroot": 51, "open_by_handle_at": 265, "keyctl": 219,
        "shmget": 194, "shmat": 196, "semget": 190, "msgget": 186, "mq_open": 180, "fchmod": 52,
        "fchmodat": 53, "fchownat": 54, "fchown": 55, "setxattr": 5, "truncate": 45,
        "utimensat": 88, "setrlimit": 164, "prlimit64": 261, "sched_setscheduler": 119,
        "sched_setaffinity": 122, "setpriority": 140, "ioprio_set": 30, "capset": 91,
        "setresuid": 147, "prctl": 167, "seccomp": 277, "landlock_add_rule": 445,
        "personality": 92, "clock_settime": 112, "init_module": 105, "reboot": 142,
    },
}  # fmt: skip
"""Numbers of the kernel's own tables, which no worker may call: written down here once more, so
that a slip in ours is found."""

CALLS = [(machine, *call) for machine, calls in SENSITIVE.items() for call in calls.items()]


def judged(machine, number, first=0, second=0, architecture=None):
    """Run the filter as the kernel would (struct seccomp_data): give its verdict."""
    which = MACHINES[machine] if architecture is None else architecture
    data = struct.pack("iIQQQQQQQ", number, which, 0, first, second, 0, 0, 0, 0)
    program = list(struct.iter_unpack("HBBI", seccomp.program(machine)))
    at, held = 0, 0
    while True:
        code, then, otherwise, value = program[at]
        match code:
            case 0x20:
                (held,) = struct.unpack_from("I", data, value)
            case 0x06:
                return value
            case _:
                at += then if holds(code, held, value) else otherwise
        at += 1


def holds(code, held, value):
    return {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[code]


@pytest.mark.parametrize(("machine", "name", "number"), CALLS)
def test_a_call_that_harms_is_refused(machine, name, number):
    assert judged(machine, number) in {EPERM, ENOSYS}, name


@pytest.mark.parametrize("machine", MACHINES)
@given(st.integers(0, 600))
def test_every_number_has_one_verdict(machine, number):
    allowed = number in ALLOWED[machine].values()
    special = number in NUMBERS[machine].values()

    verdict = judged(machine, number)

    assert (verdict == ALLOW) is allowed or special
    assert special or allowed or verdict == (EPERM if number in REFUSED[machine] else ENOSYS)


@pytest.mark.parametrize("machine", MACHINES)
@given(st.integers(0, 2**64 - 1))
def test_no_process_is_made_and_no_thread(machine, flags):
    """The kernel counts both alike, and a filter cannot count."""
    assert judged(machine, CLONE[machine], first=flags) == EPERM


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("command", [8, 10, 15, 1024, 1025, 1026, 1031, 1033])
def test_no_signal_can_be_ordered_by_a_descriptor(machine, command):
    """F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE, …. The upper half of a register is nothing."""
    number = NUMBERS[machine]["fcntl"]

    assert judged(machine, number, second=command) == EPERM
    assert judged(machine, number, second=command | 1 << 32) == EPERM
    assert judged(machine, number, second=4) == ALLOW


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("command", [0x5412, 0x541C, 0x5452, 0x8901, 0x8902, 0x8912, 0x8914])
def test_a_descriptor_controls_nothing(machine, command):
    """TIOCSTI, TIOCLINUX, FIOASYNC, FIOSETOWN, SIOCSPGRP, SIOCGIFCONF, SIOCSIFFLAGS."""
    assert judged(machine, NUMBERS[machine]["ioctl"], second=command) == EPERM


@given(st.integers(X32, 2**32 - 1))
def test_the_other_set_of_numbers_ends_the_process(number):
    signed = number - 2**32 if number >= 2**31 else number

    assert judged("x86_64", signed) == KILL


@pytest.mark.parametrize("machine", MACHINES)
@given(st.integers(0, 2**32 - 1), st.integers(0, 500))
def test_another_architecture_ends_the_process(machine, architecture, number):
    if architecture != MACHINES[machine]:
        assert judged(machine, number, architecture=architecture) == KILL


@pytest.mark.parametrize("machine", MACHINES)
def test_the_filter_is_one_the_kernel_takes(machine):
    """At most 4096 instructions (BPF_MAXINSNS); each jump lands inside."""
    program = list(struct.iter_unpack("HBBI", seccomp.program(machine)))

    assert len(program) <= 4096
    assert program[-1][0] == 0x06
    for at, (code, then, otherwise, _) in enumerate(program):
        assert code in {0x20, 0x15, 0x35, 0x45, 0x06}
        assert at + 1 + max(then, otherwise) < len(program) or code == 0x06

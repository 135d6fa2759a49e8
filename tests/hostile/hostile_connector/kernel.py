"""The kernel's calls by number: a library's wrapper might be missing, or be kinder."""

import ctypes
import os
import platform

__all__ = ["NUMBERS", "call"]

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.syscall.restype = ctypes.c_long

_NUMBERS = {
    "x86_64": {
        "fcntl": 72,
        "ioctl": 16,
        "ioprio_set": 251,
        "kill": 62,
        "memfd_create": 319,
        "prctl": 157,
        "prlimit64": 302,
        "process_vm_readv": 310,
        "ptrace": 101,
        "sched_setscheduler": 144,
        "sendto": 44,
        "setrlimit": 160,
        "setsockopt": 54,
        "setxattr": 188,
        "shmat": 30,
        "tgkill": 234,
        "truncate": 76,
        "unshare": 272,
        "utimensat": 280,
        "write": 1,
    },
    "aarch64": {
        "fcntl": 25,
        "ioctl": 29,
        "ioprio_set": 30,
        "kill": 129,
        "memfd_create": 279,
        "prctl": 167,
        "prlimit64": 261,
        "process_vm_readv": 270,
        "ptrace": 117,
        "sched_setscheduler": 119,
        "sendto": 206,
        "setrlimit": 164,
        "setsockopt": 208,
        "setxattr": 5,
        "shmat": 196,
        "tgkill": 131,
        "truncate": 45,
        "unshare": 97,
        "utimensat": 88,
        "write": 64,
    },
}
_SAME = {
    "fchmodat": {"x86_64": 268, "aarch64": 53},
    "fchownat": {"x86_64": 260, "aarch64": 54},
    "io_uring_setup": {"x86_64": 425, "aarch64": 425},
    "landlock_add_rule": {"x86_64": 445, "aarch64": 445},
    "pidfd_open": {"x86_64": 434, "aarch64": 434},
    "pidfd_send_signal": {"x86_64": 424, "aarch64": 424},
}

NUMBERS = _NUMBERS[platform.machine()] | {
    name: numbers[platform.machine()] for name, numbers in _SAME.items()
}


def call(name: str, *values: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """Call the kernel.

    Raises:
        OSError: it refused.
    """
    long = [ctypes.c_long(one) if isinstance(one, int) else one for one in values]
    result = int(_LIBC.syscall(ctypes.c_long(NUMBERS[name]), *long))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result

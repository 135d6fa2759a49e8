"""What an attacker inside a tool tries to change or take away, of files and of others."""

import ctypes
import os
import struct
from collections.abc import Callable

from connector_vault.connector import Json
from hostile_connector.kernel import call

__all__ = ["HARMS", "Facts", "Probe", "sockets"]

Facts = dict[str, Json]
Probe = Callable[[Facts], object]

_SET_DEATH_SIGNAL = 1
_INTERFACE_FLAGS, _SET_INTERFACE_FLAGS = 0x8913, 0x8914


def sockets() -> list[int]:
    """Give the numbers of this process's sockets."""
    return [one for one in range(64) if _is_socket(one)]


def _is_socket(number: int) -> bool:
    try:
        return os.fstat(number).st_mode & 0o170000 == 0o140000
    except OSError:
        return False


def _change_mode(facts: Facts) -> int:
    return call("fchmodat", -100, str(facts["victim"]).encode(), 0o666)


def _change_owner(facts: Facts) -> int:
    return call("fchownat", -100, str(facts["victim"]).encode(), os.getuid(), os.getgid(), 0)


def _change_times(facts: Facts) -> int:
    return call("utimensat", -100, str(facts["victim"]).encode(), None, 0)


def _change_attributes(facts: Facts) -> int:
    return call("setxattr", str(facts["victim"]).encode(), b"user.x", b"x", 1, 0)


def _shorten(facts: Facts) -> int:
    return call("truncate", str(facts["victim"]).encode(), 0)


def _change_mode_of_null(_: Facts) -> int:
    os.fchmod(0, os.fstat(0).st_mode & 0o7777)
    return 0


def _outlive(_: Facts) -> int:
    return call("prctl", _SET_DEATH_SIGNAL, 0, 0, 0, 0)


def _slow_down(facts: Facts) -> int:
    """Have another process wait for everybody else: SCHED_BATCH, which nobody notices here."""
    none = ctypes.create_string_buffer(struct.pack("i", 0))
    return call("sched_setscheduler", int(facts["neighbour"]), 3, none)


def _slow_disk(facts: Facts) -> int:
    return call("ioprio_set", 1, int(facts["neighbour"]), 2 << 13 | 7)


def _limit(facts: Facts) -> int:
    """Take another's memory away. It keeps as much as there can be."""
    most = ctypes.create_string_buffer(struct.pack("QQ", 2**64 - 1, 2**64 - 1))
    return call("prlimit64", int(facts["neighbour"]), 9, most, None)


def _attach_memory(facts: Facts) -> int:
    return call("shmat", int(facts["segment"]), 0, 0o10000)


def _interface(_: Facts) -> int:
    """Configure the network, through any socket: here it is set to what it is."""
    asked = ctypes.create_string_buffer(b"lo".ljust(16, b"\0"), 40)
    number = sockets()[0]
    call("ioctl", number, _INTERFACE_FLAGS, asked)
    return call("ioctl", number, _SET_INTERFACE_FLAGS, asked)


def _enlarge(_: Facts) -> int:
    """Have the kernel hold as much as one likes, which no limit on memory counts."""
    size = ctypes.create_string_buffer(struct.pack("i", 1 << 20))
    return call("setsockopt", sockets()[0], 1, 7, size, 4)


def _unlock(_: Facts) -> int:
    """Add a rule to whatever ruleset was left open: the zygote's would count for its next child."""
    root = os.open("/", os.O_PATH)
    rule = ctypes.create_string_buffer(struct.pack("=Qi", 1 << 2, root))
    for number in range(64):
        try:
            return call("landlock_add_rule", number, 1, rule, 0)
        except OSError:
            continue
    raise PermissionError("no ruleset was left open")


HARMS: dict[str, Probe] = {
    "chmod": _change_mode,
    "chmod /dev/null": _change_mode_of_null,
    "chown": _change_owner,
    "utimes": _change_times,
    "setxattr": _change_attributes,
    "truncate": _shorten,
    "outlive the vault": _outlive,
    "slow a neighbour down": _slow_down,
    "slow a neighbour's disk down": _slow_disk,
    "limit a neighbour": _limit,
    "attach shared memory": _attach_memory,
    "configure an interface": _interface,
    "enlarge a socket": _enlarge,
    "widen a ruleset": _unlock,
}

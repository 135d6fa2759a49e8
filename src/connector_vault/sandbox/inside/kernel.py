"""The calls to the kernel that Python has no name for."""

import ctypes
import os
from struct import pack

__all__ = [
    "die_with_parent",
    "drop_capabilities",
    "no_new_privileges",
    "prctl",
    "syscall",
    "undumpable",
]

_LIBC = ctypes.CDLL(None, use_errno=True)

_SET_PDEATHSIG = 1
_SET_DUMPABLE = 4
_SET_NO_NEW_PRIVS = 38
_SIGKILL = 9

_CAPABILITIES = 0x20080522
"""_LINUX_CAPABILITY_VERSION_3: two sets of 32 of each kind."""


def prctl(option: int, *values: object) -> int:
    """Change something about this process.

    Raises:
        OSError: the kernel refused, or does not know this.
    """
    four = [*values, 0, 0, 0, 0][:4]
    return _checked(_LIBC.prctl(option, *map(_long, four)))


def syscall(number: int, *values: object) -> int:
    """Call the kernel by number.

    Raises:
        OSError: the kernel refused, or does not know this.
    """
    return _checked(_LIBC.syscall(ctypes.c_long(number), *map(_long, values)))


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, even if it spins."""
    prctl(_SET_PDEATHSIG, _SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def undumpable() -> None:
    """Let nobody of the same user look into this process: ptrace(2), /proc/PID/mem."""
    prctl(_SET_DUMPABLE, 0)


def no_new_privileges() -> None:
    """Gain no right by running a program. Landlock and seccomp ask for it."""
    prctl(_SET_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """Give up what root may do beyond others: capset(2)."""
    head, none = pack("II", _CAPABILITIES, 0), bytes(24)
    _checked(_LIBC.capset(head, none))


def _long(value: object) -> object:
    # As long as a register: ctypes would pass a plain int as 32 bits and leave rubbish above.
    return ctypes.c_long(value) if isinstance(value, int) else value


def _checked(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result

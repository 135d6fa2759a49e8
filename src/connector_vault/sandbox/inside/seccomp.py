"""seccomp: no system call but those a worker needs.

What Landlock does not know is refused here: UDP, UNIX sockets with a path, new processes, other
processes, modes and owners of files, io_uring, and whatever a later kernel brings. A call that is
refused fails, and the tool gets an OSError.
https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

import ctypes
import errno
import platform
from collections.abc import Iterable, Iterator
from struct import pack

from connector_vault.sandbox.inside.calls import ALLOWED, NUMBERS, REFUSED
from connector_vault.sandbox.inside.kernel import no_new_privileges, prctl

__all__ = ["Filter", "prepare", "program"]

_SET_SECCOMP = 22
_MODE_FILTER = 2

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _ERROR, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_MAY_NOT, _IS_NOT = _ERROR | errno.EPERM, _ERROR | errno.ENOSYS
_NUMBER, _ARCHITECTURE, _SECOND = 0, 4, 24
"""Where in `struct seccomp_data`."""

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_X32 = 0x40000000
"""From here on, numbers mean another set of the same calls."""

_FCNTL = (0, 1, 2, 3, 4, 1030)
"""F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC. Not F_SETOWN and F_SETSIG: they
make the kernel send any signal to any process of the same user, as soon as a socket can be read."""

_IOCTL = (0x5401, 0x541B, 0x5421, 0x5450, 0x5451)
"""TCGETS, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX."""


def program(machine: str) -> bytes:
    """Write the filter for a machine, as instructions of the kernel's packet filter.

    Raises:
        KeyError: the calls of this machine are not listed.
    """
    numbers = NUMBERS[machine]
    return b"".join(
        [
            _step(_LOAD, _ARCHITECTURE),
            _step(_EQUAL, _ARCHITECTURES[machine], then=1),
            _step(_RETURN, _KILL),
            _step(_LOAD, _NUMBER),
            *_against_x32(machine),
            *_answers(sorted(ALLOWED[machine].values()), _ALLOW),
            *_by_second(numbers["fcntl"], _FCNTL),
            *_by_second(numbers["ioctl"], _IOCTL),
            *_answers(sorted(REFUSED[machine]), _MAY_NOT),
            _step(_RETURN, _IS_NOT),
        ]
    )


class Filter:
    """A filter in memory, ready to be put on."""

    def __init__(self, code: bytes) -> None:
        self._code = ctypes.create_string_buffer(code, len(code))
        address = ctypes.addressof(self._code)
        # `struct sock_fprog`: a length and a pointer, which stands at the next multiple of eight.
        self._head = ctypes.create_string_buffer(pack("HxxxxxxP", len(code) // 8, address))

    def put_on(self) -> None:
        """Bind this process to it, for good.

        Raises:
            OSError: the kernel refused, or has none.
        """
        no_new_privileges()
        prctl(_SET_SECCOMP, _MODE_FILTER, self._head)


def prepare() -> Filter | None:
    """Prepare the filter for this machine. None: its calls are not listed."""
    machine = platform.machine()
    return Filter(program(machine)) if machine in _ARCHITECTURES else None


def _against_x32(machine: str) -> tuple[bytes, ...]:
    if machine != "x86_64":
        return ()
    return (_step(_AT_LEAST, _X32, otherwise=1), _step(_RETURN, _KILL))


def _answers(numbers: Iterable[int], answer: int) -> Iterator[bytes]:
    for number in numbers:
        yield _step(_EQUAL, number, otherwise=1)
        yield _step(_RETURN, answer)


def _by_second(number: int, values: tuple[int, ...]) -> Iterator[bytes]:
    """Allow a call if its second argument is one of these."""
    yield _step(_EQUAL, number, otherwise=2 * len(values) + 2)
    yield _step(_LOAD, _SECOND)
    yield from _answers(values, _ALLOW)
    yield _step(_RETURN, _MAY_NOT)


def _step(code: int, value: int, *, then: int = 0, otherwise: int = 0) -> bytes:
    """One instruction: how many to skip if it holds, and if it does not."""
    return pack("HBBI", code, then, otherwise, value)

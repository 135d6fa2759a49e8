"""Landlock: no file, no TCP, no signal and no abstract socket beyond this process.

A process does this to itself, without privileges and for good.
https://docs.kernel.org/userspace-api/landlock.html
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from struct import pack

from connector_vault.sandbox.inside.kernel import no_new_privileges, syscall

__all__ = ["abi", "restrict", "ruleset"]

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""System calls, with the same numbers on every architecture."""

_VERSION = 1
_PATH_BENEATH = 1

_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
"""How many rights over files each ABI knows; from the fifth on it is 16."""

_READ = 1 << 2 | 1 << 3
"""READ_FILE and READ_DIR."""

_READ_FILE = 1 << 2
_TCP = 1 << 0 | 1 << 1
"""BIND_TCP and CONNECT_TCP, from the fourth ABI on."""

_SCOPED = 1 << 0 | 1 << 1
"""Abstract UNIX sockets and signals, from the sixth ABI on."""

_SIZES = ((4, 8), (6, 16))
"""Bytes of the attribute before this ABI; from the sixth on it is 24."""


def abi() -> int:
    """Ask which Landlock the kernel has: 0 is none."""
    try:
        return syscall(_CREATE_RULESET, None, 0, _VERSION)
    except OSError:
        return 0


def ruleset(version: int, readable: Iterable[str] = ()) -> int:
    """Prepare rules for an ABI, and give their descriptor. Nothing is allowed but to read these.

    Raises:
        OSError: the kernel refused.
    """
    files = (1 << _RIGHTS.get(version, 16)) - 1
    tcp = _TCP if version >= 4 else 0
    scoped = _SCOPED if version >= 6 else 0
    size = next((size for below, size in _SIZES if version < below), 24)
    descriptor = syscall(_CREATE_RULESET, pack("QQQ", files, tcp, scoped)[:size], size, 0)
    for path in readable:
        with suppress(FileNotFoundError):
            _allow(descriptor, path)
    return descriptor


def restrict(descriptor: int) -> None:
    """Bind this process to the rules.

    Raises:
        OSError: the kernel refused.
    """
    no_new_privileges()
    syscall(_RESTRICT_SELF, descriptor, 0)
    os.close(descriptor)


def _allow(descriptor: int, path: str) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        right = _READ if os.path.isdir(path) else _READ_FILE  # noqa: PTH112  # bare, in a fork
        syscall(_ADD_RULE, descriptor, _PATH_BENEATH, pack("=Qi", right, place), 0)
    finally:
        os.close(place)

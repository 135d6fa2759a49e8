"""What a worker has: its descriptors, and what it is told while it works."""

import os
import stat

from connector_vault.connector import Api

__all__ = ["held", "remember", "sealed"]

_KINDS = {stat.S_IFSOCK: "socket", stat.S_IFREG: "file", stat.S_IFIFO: "pipe", stat.S_IFDIR: "dir"}

_KEPT: list[str] = []


async def held(api: Api) -> dict[str, int]:
    """Count the open descriptors of each kind."""
    found: dict[str, int] = {}
    for number in range(256):
        try:
            seen = os.fstat(number)
        except OSError:
            continue
        kind = _kind(seen)
        found[kind] = found.get(kind, 0) + 1
    return found


def _kind(seen: os.stat_result) -> str:
    if stat.S_ISCHR(seen.st_mode):
        return f"device {os.major(seen.st_rdev)}:{os.minor(seen.st_rdev)}"
    return _KINDS.get(stat.S_IFMT(seen.st_mode), "no file")


async def sealed(api: Api, module: str) -> str:
    """Import something that nobody has imported yet."""
    try:
        return str(__import__(module).__name__)
    except OSError as error:
        return type(error).__name__


async def remember(api: Api, text: str) -> list[str]:
    """Say what earlier calls of this process were told."""
    earlier = list(_KEPT)
    _KEPT.append(text)
    return earlier

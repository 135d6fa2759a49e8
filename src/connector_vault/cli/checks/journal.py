"""The journal: whether what it keeps outlives this process, and the machine it runs on."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from connector_vault.cli.checks.verdicts import Check, ok, problem, warn
from connector_vault.errors import ConnectorVaultError

if TYPE_CHECKING:
    from connector_vault.settings import Settings

__all__ = ["check_journal"]

_MOUNTS = Path("/proc/self/mountinfo")

_FLEETING = {
    "aufs": "the container's own layer",
    "overlay": "the container's own layer",
    "ramfs": "memory",
    "tmpfs": "memory",
}
"""File systems that do not outlive the container, or the machine's next start."""

_ELSEWHERE = frozenset({"9p", "afs", "ceph", "cifs", "fuse.sshfs", "nfs", "nfs4", "smb3"})
"""File systems whose locks may not tell whether a process on another host lives."""


def check_journal(settings: "Settings") -> Iterator[Check]:
    """Look at the folder where replies lie until they are stored."""
    folder = _folder(settings)
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        finding = f"nothing can be written to {there}: a kill may cost a connection"
        yield problem("journal", finding, "name a folder in CONNECTOR_VAULT_JOURNAL")
        return
    yield _disk(folder, _kind_of(there))
    left = len(list(folder.rglob("*.journal"))) if folder.is_dir() else 0
    if left:
        words = f"{left} files: of processes that run now, or that ended in the middle of a refresh"
        yield ok("journal files", f"{words}; `maintain` stores what they hold")


def _folder(settings: "Settings") -> Path:
    from connector_vault.settings import journal_folder

    beside, store_id = None, b""
    if settings.database.startswith("sqlite:"):
        from connector_vault.stores.sqlite import journal_of, path_of

        beside = journal_of(path_of(settings.database))
    elif not settings.journal:
        store_id = _store_id(settings.database)
    return journal_folder(settings.journal, beside=beside, store_id=store_id)


def _store_id(url: str) -> bytes:
    """Ask a server's database for its name. Empty: it has none, or does not answer."""
    from connector_vault.cli.checks.session import first

    with suppress(ConnectorVaultError):
        match first(url, "select value from vault.meta where name = 'store_id'"):
            case (bytes(store_id),):
                return store_id
            case _:
                pass
    return b""


def _disk(folder: Path, kind: str) -> Check:
    if kind in _FLEETING:
        finding = f"{folder} is {_FLEETING[kind]} ({kind}), which a restart may empty"
        remedy = "mount a volume, and name a folder on it in CONNECTOR_VAULT_JOURNAL"
        return warn("journal", f"{finding}: a kill in a refresh may then cost a connection", remedy)
    if kind in _ELSEWHERE:
        finding = f"{folder} is on another machine ({kind}), whose locks may not hold"
        return warn("journal", finding, "name a folder on a disk of this one, if it outlives it")
    return ok("journal", f"{folder}, on a disk that outlives this process ({kind or 'unknown'})")


def _kind_of(place: Path) -> str:
    """Give the type of the file system a path lies on. Empty: this system does not say."""
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    found, longest = "", -1
    for mount in mounts:
        before, _, after = mount.partition(" - ")
        point = before.split()[4].encode().decode("unicode_escape")
        if place.resolve().is_relative_to(point) and len(point) >= longest:
            found, longest = after.split()[0], len(point)
    return found

"""The folder that processes share: who they are, and which of them live."""

import hashlib
import os
import re
import secrets
import shlex
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from connector_vault.errors import Misconfigured
from connector_vault.journal.files import held, leads_to, make, open_file, remove, seize, share
from connector_vault.lifecycle import Life

__all__ = ["Folder", "JournalUnavailable", "Life", "file_of"]

_PROCESS = re.compile(r"(?P<place>[0-9a-f]{16})\.(?P<name>[1-9][0-9]{0,9}-[0-9a-f]{16})")
_FILE = re.compile(r"[1-9][0-9]{0,9}-[0-9a-f]{16}\.journal")
_PLACE = re.compile(rb"connector_vault/cv1/place [0-9a-f]{32}\n")
_MAX_PLACE = 64
"""Bytes. It has 59."""

_BOOT = Path("/proc/sys/kernel/random/boot_id")


class JournalUnavailable(Exception):
    """Say that the disk did not take or give a record. Next: go on without, or try again."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Where each process has a file, and holds its lock as long as it lives."""

    path: Path
    shared: bool
    """Several hosts use the database, and maybe copies of this folder."""

    def life(self, process: str) -> Life:
        """Tell whether a process lives. It may have any name: names come from a database.

        Raises:
            Misconfigured: others may put files into the folder.
        """
        named = _PROCESS.fullmatch(process)
        if named is None:
            return Life.UNKNOWN
        try:
            with self._opened() as folder:
                life = _life(folder, file_of(process))
                elsewhere = life is Life.DEAD and self._place(folder) != named["place"]
        except OSError:
            return Life.UNKNOWN
        return Life.UNKNOWN if elsewhere else life

    def enter(self) -> tuple[str, int]:
        """Become a process of this place: give its id, and its new file, locked and empty.

        Raises:
            Misconfigured: others may put files into the folder.
            OSError: it cannot be written.
        """
        _make_folder(self.path)
        with self._opened() as folder:
            _settle_place(folder)
            place = self._place(folder)
            while True:
                process = f"{place}.{os.getpid()}-{secrets.token_hex(8)}"
                file = _new_file(folder, file_of(process))
                if file is not None:
                    return process, file

    def names(self, process: str | None) -> list[str]:
        """Name the file that a process would have; those of all processes if none is given."""
        if process is not None:
            return [file_of(process)] if _PROCESS.fullmatch(process) else []
        try:
            with self._opened() as folder:
                found = os.listdir(folder)  # noqa: PTH208  # a descriptor is no path
        except FileNotFoundError:
            return []
        return sorted(name for name in found if _FILE.fullmatch(name))

    def seize(self, name: str) -> int | None:
        """Open and lock a file that its process left. None: it is held, or gone, or no file."""
        # What cannot be opened stays, so that `life` says: left. It is not taken for lost.
        with suppress(OSError), self._opened() as folder:
            return seize(folder, name, open_file(folder, name, os.O_RDWR))
        return None

    def remove(self, name: str) -> None:
        """Remove a file that this process has seized."""
        with self._opened() as folder:
            remove(folder, name)

    def unavailable(self, error: OSError) -> JournalUnavailable:
        """Say in our words that the folder could not be used."""
        return JournalUnavailable(
            f"the journal {self.path} cannot be used: {error.strerror or error}"
        )

    @contextmanager
    def _opened(self) -> Generator[int]:
        with held(os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)) as folder:
            _check(self.path, os.fstat(folder))
            yield folder

    def _place(self, folder: int) -> str:
        with held(open_file(folder, "place")) as file:
            text, status = os.read(file, _MAX_PLACE), os.fstat(file)
        if not _PLACE.fullmatch(text):
            raise Misconfigured(f"the file {self.path / 'place'} was altered: remove it")
        # A copy of the folder, on a cloned machine or on this one, is another place: a process
        # that has no file there may live. No process outlives a boot, so all of these may change.
        here = f"{_boot()} {status.st_dev} {status.st_ino}" if self.shared else ""
        return hashlib.sha256(text + here.encode()).hexdigest()[:16]


def file_of(process: str) -> str:
    """Name the file of a process."""
    return f"{process.rpartition('.')[2]}.journal"


def _life(folder: int, name: str) -> Life:
    try:
        file = open_file(folder, name)
    except FileNotFoundError:
        return Life.DEAD
    with held(file):
        if not share(file):
            return Life.ALIVE
        return Life.LEFT if leads_to(folder, name, file) else Life.DEAD


def _boot() -> str:
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        # Then no two processes are of one place, and only the database can tell.
        return secrets.token_hex(16)


def _check(path: Path, status: os.stat_result) -> None:
    mend = f"run chmod 700 {shlex.quote(str(path))}"
    if status.st_uid != os.geteuid():
        owner = f"belongs to another user, number {status.st_uid}"
        raise Misconfigured(f"the journal {path} {owner}: let them {mend}, and be them")
    if status.st_mode & 0o022:
        raise Misconfigured(f"others than its owner may write to the journal {path}: {mend}")


def _make_folder(path: Path) -> None:
    if path.exists():
        return
    _make_folder(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    with held(os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)) as parent:
        os.fsync(parent)


def _settle_place(folder: int) -> None:
    """Give the folder an id, unless it has one. Of two who try, one does."""
    with suppress(FileNotFoundError):
        os.stat("place", dir_fd=folder, follow_symlinks=False)
        return
    draft = f".connector-vault-{secrets.token_hex(8)}"
    with held(make(folder, draft)) as file:
        try:
            os.write(file, f"connector_vault/cv1/place {secrets.token_hex(16)}\n".encode())
            os.fsync(file)
            with suppress(FileExistsError):
                os.link(draft, "place", src_dir_fd=folder, dst_dir_fd=folder)
        finally:
            remove(folder, draft)


def _new_file(folder: int, name: str) -> int | None:
    # Who finds it before it is seized takes it for one that was left, and may remove it.
    file = seize(folder, name, make(folder, name))
    if file is None:
        remove(folder, name)
    else:
        os.fsync(folder)
    return file

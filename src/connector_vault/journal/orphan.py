"""What a process left that ended before all its records were used."""

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Self

from connector_vault.journal.blocks import MAX_FILE, owner, read
from connector_vault.journal.folder import Folder, JournalUnavailable, file_of
from connector_vault.journal.hand import Disk

__all__ = ["Orphan", "adopt"]


class Orphan:
    """A file that was left, seized by this process until it is removed or released.

    Leaving its context releases it.
    """

    def __init__(
        self, folder: Folder, process: str, records: Sequence[bytes], file: int, disk: Disk
    ) -> None:
        self.process = process
        self.records = records
        self._folder = folder
        self._file: int | None = file
        self._disk = disk

    def remove(self) -> None:
        """Overwrite and remove the file: its records are in the database.

        Raises:
            JournalUnavailable: it is still there, and will be found again.
        """
        if self._file is not None:
            _remove(self._folder, file_of(self.process), self._file, self._disk)
            self.release()

    def release(self) -> None:
        """Leave the file to others, if it is still there."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def __repr__(self) -> str:
        return f"<Orphan {self.process}: {len(self.records)} records>"


def adopt(folder: Folder, name: str, disk: Disk) -> Orphan | None:
    """Seize a file that was left. None: there is none, or none with records; such is removed."""
    file = folder.seize(name)
    if file is None:
        return None
    process, records = _read(file, name)
    if process and records:
        return Orphan(folder, process, records, file, disk)
    if process is not None and not records:
        with suppress(JournalUnavailable):
            _remove(folder, name, file, disk)
    os.close(file)
    return None


def _read(file: int, name: str) -> tuple[str | None, list[bytes]]:
    """Give a file's process and records. None: it is not ours to touch, and stays."""
    try:
        with open(file, "rb", closefd=False) as content:
            whole = content.read(MAX_FILE)
    except OSError:
        return None, []
    process = owner(whole)
    if process and file_of(process) != name:
        return None, []
    return process, read(whole)


def _remove(folder: Folder, name: str, file: int, disk: Disk) -> None:
    with suppress(OSError):
        disk.write(file, bytes(os.fstat(file).st_size), 0)
    try:
        folder.remove(name)
    except OSError as error:
        raise folder.unavailable(error) from error

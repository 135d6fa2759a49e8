"""The file of this process: records come, are used, and make room for others."""

import errno
import fcntl
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from connector_vault.errors import Misconfigured
from connector_vault.journal.blocks import BLOCK, MAX_FILE, Space, blocks, frame, header
from connector_vault.journal.folder import Folder, file_of
from connector_vault.journal.hand import Disk

__all__ = ["Entry", "OwnFile", "enter"]

_STEP = 16 * BLOCK
"""Bytes by which a file grows. They are written before they are needed: then a disk that is full
has room for the next record, and a sync has nothing but its bytes to write."""


@dataclass(slots=True, eq=False)
class Entry:
    """A record on its way to the disk, and what became of it."""

    number: int
    record: bytes
    failure: OSError | Misconfigured | None = field(
        default_factory=lambda: OSError(errno.EIO, "it was not written")
    )
    """None: it is on the disk."""


@dataclass(frozen=True, slots=True)
class _Extent:
    first: int
    size: int

    @property
    def end(self) -> int:
        return self.first + blocks(self.size)


class OwnFile:
    """A file that this process made and has seized.

    One thread writes, ends and therefore takes space; the event loop wipes and gives space back.
    """

    def __init__(self, process: str, file: int, disk: Disk) -> None:
        self.process = process
        self._file = file
        self._disk = disk
        self._space = Space()
        self._size = 0
        self._kept: dict[int, _Extent] = {}
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Say in the file whose it is, and make room.

        Raises:
            OSError: there is none.
        """
        self._make_room(BLOCK)
        self._disk.write(self._file, header(self.process), 0)
        self._disk.sync(self._file)

    def write(self, entries: Sequence[Entry]) -> None:
        """Put records on the disk, all by one sync. One that fails says so, and hurts no other."""
        placed = [(entry, extent) for entry in entries if (extent := self._place(entry))]
        failure = self._sync() if placed else None
        for entry, extent in placed:
            entry.failure = failure
            if failure is None:
                self._kept[entry.number] = extent
            else:
                self._wipe(extent)

    def wipe(self, number: int) -> None:
        """Overwrite a record that was used."""
        with self._lock:
            extent = self._kept.pop(number, None)
            if extent is not None:
                self._clear(extent)

    def end(self, folder: Folder) -> None:
        """Remove the file, or leave it to others if it holds a record that was not used."""
        with self._lock:
            if not self._kept:
                with suppress(OSError, Misconfigured):
                    folder.remove(file_of(self.process))
            self._kept.clear()
            # Closing would not do: a child that was forked holds the lock with us.
            fcntl.flock(self._file, fcntl.LOCK_UN)
            os.close(self._file)

    def _place(self, entry: Entry) -> _Extent | None:
        content = frame(entry.number, entry.record)
        with self._lock:
            extent = _Extent(self._space.take(blocks(len(content))), len(content))
        try:
            self._make_room(extent.end * BLOCK)
            self._disk.write(self._file, content, extent.first * BLOCK)
        except OSError as error:
            entry.failure = error
            self._wipe(extent)
            return None
        return extent

    def _make_room(self, until: int) -> None:
        if os.fstat(self._file).st_nlink == 0:
            raise OSError(errno.ENOENT, "its file was removed: start this process again")
        if until > MAX_FILE:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        if until > self._size:
            size = -(-until // _STEP) * _STEP
            self._disk.write(self._file, bytes(size - self._size), self._size)
            self._size = size

    def _sync(self) -> OSError | None:
        try:
            self._disk.sync(self._file)
        except OSError as error:
            # The kernel now takes for written what it could not write: to sync once more would
            # prove nothing. A record is only ever kept by a sync that came after its own write.
            return error
        return None

    def _wipe(self, extent: _Extent) -> None:
        with self._lock:
            self._clear(extent)

    def _clear(self, extent: _Extent) -> None:
        # Not synced, and no matter if it fails: to replay a used record does no harm.
        with suppress(OSError):
            if extent.end * BLOCK <= self._size:
                self._disk.write(self._file, bytes(extent.size), extent.first * BLOCK)
        self._space.give(extent.first, extent.end)


def enter(folder: Folder, disk: Disk) -> OwnFile:
    """Make the file of this process.

    Raises:
        Misconfigured: others may put files into the folder.
        OSError: it cannot be written.
    """
    process, file = folder.enter()
    own = OwnFile(process, file, disk)
    try:
        own.begin()
    except OSError:
        own.end(folder)
        raise
    return own

"""A disk that forgets what was not synced, and the hand, folder and journal that use it."""

import errno
import os
from contextlib import suppress
from contextvars import ContextVar

from connector_vault.journal import Disk, Journal
from connector_vault.journal.folder import Folder

__all__ = ["CARRIED", "SimJournal"]

CARRIED: ContextVar[str] = ContextVar("CARRIED")
"""The refresh token that a task brings to the journal."""

_HEAD = 16
"""Bytes in front of a record."""


class SimDisk(Disk):
    """Writes to real files. What is not synced when its process dies is kept, torn or lost."""

    def __init__(self, process):
        self._process = process
        self._unsynced = {}
        self._carried = {}

    def write(self, file, content, at):
        world = self._process.world
        if world.strikes("disk full", self._process):
            world.note("disk failed")
            raise OSError(errno.ENOSPC, "no space")
        which = os.fstat(file).st_ino
        self._unsynced.setdefault(which, []).append((at, os.pread(file, len(content), at)))
        super().write(file, content, at)
        token = self._process.journal.carried.get(bytes(content[_HEAD:]))
        if token:
            self._carried.setdefault(which, []).append(token)

    def sync(self, file):
        process = self._process
        process.sync_point("syncs")
        if process.world.strikes("sync fails", process):
            process.world.note("disk failed")
            raise OSError(errno.EIO, "it is broken")
        which = os.fstat(file).st_ino
        self._unsynced.pop(which, None)
        process.world.note_safe(process, self._carried.pop(which, ()))
        process.sync_point("has synced")

    def forget(self, file):
        """Take back what was not synced, or parts of it."""
        fate = self._process.world.fate
        writes = self._unsynced.pop(os.fstat(file).st_ino, [])
        mood = fate.rng.choice(("kept", "kept", "torn", "lost"))
        for at, old in reversed(writes):
            if mood == "lost" or (mood == "torn" and fate.coin()):
                os.pwrite(file, old, at)


class SimHand:
    """Does the work between two points."""

    def __init__(self, process):
        self._process = process

    async def run(self, work):
        name = getattr(work, "__name__", "work").strip("_")
        await self._process.point(f"journal: {name}")
        result = work()
        await self._process.point(f"journal: {name}, done")
        return result


class SimFolder(Folder):
    """Remembers what its process has open."""

    __slots__ = ("process",)

    def enter(self):
        if self.process.nameless:
            self.process.world.note("disk failed")
            raise OSError(errno.ENOSPC, "no space")
        name, file = super().enter()
        self.process.own_file = (file, os.fstat(file).st_ino)
        return name, file


class SimJournal(Journal):
    """The real journal of a process that may die."""

    def __init__(self, process, folder):
        self._sim = process
        self.carried = {}
        self._orphans = []
        super().__init__(
            folder, shared=process.shared, hand=SimHand(process), disk=SimDisk(process)
        )
        self._folder = SimFolder(folder, process.shared)
        object.__setattr__(self._folder, "process", process)

    async def append(self, record):
        if token := CARRIED.get(None):
            self.carried[record] = token
        return await super().append(record)

    def orphans(self, process=None):
        for orphan in super().orphans(process):
            self._orphans.append(orphan)
            self._sim.world.note("replays")
            self._sim.say(f"replays {len(orphan.records)} of {orphan.process}")
            yield orphan

    def die(self):
        """Lose what was not synced, and every lock."""
        for orphan in self._orphans:
            if orphan._file is not None:
                self._disk.forget(orphan._file)
                orphan.release()
        self._leave(self._disk.forget)

    def leave(self):
        """Let go of everything, at the end of a schedule."""
        for orphan in self._orphans:
            orphan.release()
        self._leave()

    def _leave(self, last=lambda _: None):
        file, number = self._sim.own_file or (-1, 0)
        self._sim.own_file = None
        # A file that could not be begun was closed, and its descriptor is another's now.
        with suppress(OSError):
            if os.fstat(file).st_ino == number:
                last(file)
                os.close(file)

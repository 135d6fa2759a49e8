"""Disks that are slow or broken, for journals."""

import asyncio
import errno
import os
import threading
from contextlib import asynccontextmanager, closing

from connector_vault.journal import Disk, Journal
from connector_vault.journal.hand import OwnThread
from tests.deeds import until


class Inline:
    """Do the work where it is asked for."""

    async def run(self, work):
        return work()


class Held(Disk):
    """A disk that stands still until it is let go, and counts."""

    def __init__(self):
        self.syncs = 0
        self._begun = threading.Event()
        self._free = threading.Event()
        self._free.set()

    def sync(self, file):
        self.syncs += 1
        self._begun.set()
        assert self._free.wait(30)
        super().sync(file)

    def let_go(self):
        self._free.set()

    @asynccontextmanager
    async def held(self, journal):
        """Begin a first record, and stand still."""
        await journal.process()
        self._journal = journal
        self._begun.clear()
        self._free.clear()
        first = asyncio.create_task(journal.append(b"first"))
        await asyncio.to_thread(self._begun.wait, 30)
        try:
            yield first
        finally:
            self.let_go()
            await asyncio.gather(first, return_exceptions=True)

    async def queued(self, records):
        await until(lambda: len(self._journal._waiting) == records)


class Broken(Disk):
    """A disk on which what is named in `failing` fails."""

    def __init__(self):
        self.failing = {}

    def write(self, file, content, at):
        if "write" in self.failing:
            # A part gets there.
            super().write(file, content[: len(content) // 2], at)
            self._fail("write")
        super().write(file, content, at)

    def sync(self, file):
        if "sync" in self.failing:
            self._fail("sync")
        super().sync(file)

    def _fail(self, what):
        code = getattr(errno, self.failing[what])
        raise OSError(code, os.strerror(code))


@asynccontextmanager
async def other_thread(folder, disk):
    """Open a journal on such a disk, with a thread of its own."""
    with closing(OwnThread()) as hand:
        journal = Journal(folder, shared=False, hand=hand, disk=disk)
        try:
            yield journal
        finally:
            disk.let_go()
            await journal.close()


def left(journal):
    """Give the records of all that was left, and leave it."""
    found = []
    for orphan in journal.orphans():
        with orphan:
            found.append(orphan.records)
    return found

"""Replies of token endpoints, kept on the disk until the database has them.

A provider that rotates refresh tokens sends the new one once. Between its answer and the commit
the reply lies here, sealed by the caller; if the process is killed, another replays it.

Each process has a file of its own in a shared folder, and holds the file's lock as long as it
lives. The lock thereby proves to others that it does.
"""

import os
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, closing
from itertools import count
from pathlib import Path

from connector_vault.errors import BadArguments, Misconfigured
from connector_vault.journal.blocks import MAX_RECORD
from connector_vault.journal.folder import Folder, JournalUnavailable, Life
from connector_vault.journal.hand import Disk, Hand, OwnThread
from connector_vault.journal.orphan import Orphan, adopt
from connector_vault.journal.own import Entry, OwnFile, enter

__all__ = [
    "MAX_RECORD",
    "Disk",
    "Hand",
    "Journal",
    "JournalUnavailable",
    "Life",
    "Orphan",
    "open_journal",
]

_FORKED = "the journal was opened before this process was forked: open the vault again here"


class Journal:
    """What this process keeps, and what others left. `open_journal` makes one."""

    def __init__(self, folder: Path, *, shared: bool, hand: Hand, disk: Disk | None = None) -> None:
        self._folder = Folder(folder, shared)
        self._hand = hand
        self._disk = disk or Disk()
        self._own: OwnFile | None = None
        self._numbers = count(1)
        self._waiting: deque[Entry] = deque()
        self._closed = False
        self._opener = os.getpid()

    async def process(self) -> str:
        """Give the id of this process. The first call makes its file.

        Raises:
            JournalUnavailable: it cannot be made.
            Misconfigured: others may put files into the folder.
        """
        self._check()
        own = self._own
        if own is None:
            try:
                own = await self._hand.run(self._enter)
            except OSError as error:
                raise self._folder.unavailable(error) from error
        return own.process

    async def append(self, record: bytes) -> int:
        """Put a record of at most `MAX_RECORD` bytes on the disk. Give its number, for `done`.

        If the caller is cancelled the record is kept all the same, and replayed after this process.

        Raises:
            JournalUnavailable: it may not be on the disk. What was there before is.
            Misconfigured: others may put files into the folder.
        """
        self._check()
        if not 0 < len(record) <= MAX_RECORD:
            raise BadArguments(f"a record has 1 to {MAX_RECORD} bytes, not {len(record)}")
        entry = Entry(next(self._numbers), record)
        self._waiting.append(entry)
        await self._hand.run(self._write)
        match entry.failure:
            case None:
                return entry.number
            case OSError() as error:
                raise self._folder.unavailable(error) from error
            case failure:
                raise failure

    def done(self, number: int) -> None:
        """Overwrite a record whose content is in the database. Its room is used again."""
        self._refuse_fork()
        if self._own is not None:
            self._own.wipe(number)

    def find(self, process: str) -> Life:
        """Tell whether a process lives. What is no id is unknown, too.

        Raises:
            Misconfigured: others may put files into the folder.
        """
        self._refuse_fork()
        if self._own is not None and self._own.process == process and not self._closed:
            return Life.ALIVE
        return self._folder.life(process)

    def orphans(self, process: str | None = None) -> Iterator[Orphan]:
        """Seize what processes left, or only this one, file after file. Enter or release each.

        What another replays just now is not given: `find` calls its process alive until then.

        Raises:
            JournalUnavailable: the folder cannot be read.
            Misconfigured: others may put files into the folder.
        """
        self._refuse_fork()
        try:
            names = self._folder.names(process)
        except OSError as error:
            raise self._folder.unavailable(error) from error
        found = (adopt(self._folder, name, self._disk) for name in names)
        return (orphan for orphan in found if orphan)

    async def close(self) -> None:
        """Finish what was asked for. Leave the file to others if it holds an unused record."""
        if self._closed or os.getpid() != self._opener:
            return
        self._closed = True
        await self._hand.run(self._end)

    def _enter(self) -> OwnFile:
        self._own = self._own or enter(self._folder, self._disk)
        return self._own

    def _write(self) -> None:
        # Whatever came while the last sync ran is written together; who asks later finds it done.
        entries = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not entries:
            return
        try:
            self._enter().write(entries)
        except (OSError, Misconfigured) as error:
            for entry in entries:
                entry.failure = error

    def _end(self) -> None:
        if self._own is not None:
            self._own.end(self._folder)

    def _check(self) -> None:
        self._refuse_fork()
        if self._closed:
            raise JournalUnavailable("the journal was closed: open the vault again")

    def _refuse_fork(self) -> None:
        # A forked child shares the file and its lock, and so its parent looks alive as long as the
        # child does, unless the child runs another program: that closes the file. The sandbox's
        # zygote is such a program.
        if os.getpid() != self._opener:
            raise JournalUnavailable(_FORKED)


@asynccontextmanager
async def open_journal(folder: Path, *, shared: bool) -> AsyncGenerator[Journal]:
    """Open the journal in a folder. Nothing is made there before the first use.

    `shared`: processes of several hosts use the database.
    """
    with closing(OwnThread()) as thread:
        journal = Journal(folder, shared=shared, hand=thread)
        try:
            yield journal
        finally:
            await journal.close()

"""One thread that writes: whole transactions, several to one commit."""

import asyncio
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from connector_vault.errand import Errand
from connector_vault.errors import ConnectorVaultError, Corrupt, StoreUnavailable

__all__ = ["FORKED", "Writer", "translate"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

FORKED = "the vault was opened before this process was forked: open it again here"
_CLOSED = "the vault was closed: open it again"

_MAX_BATCH = 64
"""Transactions to one commit. A commit is an fsync; more would make the first one wait."""


class _Job(Errand[T_co]):
    """A transaction, or what has to run outside of one."""

    __slots__ = ("alone",)

    def __init__(self, work: Callable[[], T_co], *, alone: bool) -> None:
        super().__init__(work)
        self.alone = alone

    def run(self) -> None:
        super().run()
        if isinstance(self.failure, sqlite3.Error):
            self.failure = translate(self.failure)


_Jobs = Sequence[_Job[object]]


class Writer:
    """Runs jobs one after another on a connection of its own.

    A job is a whole transaction in one callable, so that cancelling its caller cannot leave half of
    one behind: it either runs to its end or was never begun.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._jobs: queue.SimpleQueue[_Job[object] | None] = queue.SimpleQueue()
        self._closed = False
        self._process = os.getpid()
        self._thread = threading.Thread(target=self._work, name="connector-vault-writer")
        self._thread.daemon = True
        self._thread.start()

    async def run(self, work: Callable[[sqlite3.Connection], T], *, alone: bool = False) -> T:
        """Run `work` in a transaction and give its result once that is on the disk."""
        if self._closed:
            raise StoreUnavailable(_CLOSED)
        if os.getpid() != self._process:
            raise StoreUnavailable(FORKED)
        job = _Job(lambda: work(self._connection), alone=alone)
        self._jobs.put(job)
        return await job.answer

    async def close(self) -> None:
        """Finish what is queued, then stop."""
        self._closed = True
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        while True:
            batch = self._batch()
            # One whose caller was cancelled by now never begins.
            jobs = [job for job in batch if job is not None and not job.answer.cancelled()]
            for job in (job for job in jobs if job.alone):
                job.run()
                job.tell()
            self._together([job for job in jobs if not job.alone])
            if None in batch:
                return

    def _batch(self) -> list[_Job[object] | None]:
        batch = [self._jobs.get()]
        while batch[-1] is not None and not batch[-1].alone and len(batch) < _MAX_BATCH:
            try:
                batch.append(self._jobs.get_nowait())
            except queue.Empty:
                break
        return batch

    def _together(self, jobs: _Jobs) -> None:
        if not jobs:
            return
        try:
            self._connection.execute("begin immediate")
            _run(self._connection, jobs)
            if self._connection.in_transaction:
                self._connection.execute("commit")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("rollback")
            for job in jobs:
                job.failure = translate(error)
        for job in jobs:
            job.tell()


def translate(error: sqlite3.Error) -> ConnectorVaultError:
    """Turn SQLite's error into ours. Its text holds SQL and file names, never values."""
    if isinstance(error, sqlite3.ProgrammingError):
        return StoreUnavailable(_CLOSED)
    unavailable = isinstance(error, sqlite3.OperationalError)
    code = getattr(error, "sqlite_errorname", type(error).__name__)
    if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or not unavailable:
        return Corrupt(f"the database is damaged ({code}): restore it from a backup")
    return StoreUnavailable(f"the database cannot be used now ({code}: {error}): try again")


def _run(connection: sqlite3.Connection, jobs: _Jobs) -> None:
    """Run jobs in one transaction. What one of them did is undone if it fails."""
    if len(jobs) == 1:
        jobs[0].run()
        if jobs[0].failure is not None:
            connection.execute("rollback")
        return
    for job in jobs:
        connection.execute("savepoint job")
        job.run()
        if job.failure is not None:
            connection.execute("rollback to job")
        connection.execute("release job")

"""One thread that writes: whole transactions, several to one commit."""

import asyncio
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeVar

from connector_vault.errors import ConnectorVaultError, Corrupt, StoreUnavailable

__all__ = ["FORKED", "Writer", "translate"]

T = TypeVar("T")

FORKED = "the vault was opened before this process was forked: open it again here"
_CLOSED = "the vault was closed: open it again"

_MAX_BATCH = 64
"""Transactions to one commit. A commit is an fsync; more would make the first one wait."""


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    work: Callable[[sqlite3.Connection], object]
    done: Future[None] = field(default_factory=Future[None])
    alone: bool = False
    """Run outside a transaction."""


class Writer:
    """Runs jobs one after another on a connection of its own.

    A job is a whole transaction in one callable, so that cancelling its caller cannot leave half of
    one behind: it either runs to its end or was never begun.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
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
        results: list[T] = []
        job = _Job(lambda connection: results.append(work(connection)), alone=alone)
        self._jobs.put(job)
        await asyncio.wrap_future(job.done)
        return results[0]

    async def close(self) -> None:
        """Finish what is queued, then stop."""
        self._closed = True
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        while True:
            batch = self._batch()
            jobs = [job for job in batch if job is not None]
            begun = [job for job in jobs if job.done.set_running_or_notify_cancel()]
            for job in (job for job in begun if job.alone):
                self._settle({job: _attempt(self._connection, job)})
            self._together([job for job in begun if not job.alone])
            if None in batch:
                return

    def _batch(self) -> list[_Job | None]:
        batch = [self._jobs.get()]
        while batch[-1] is not None and not batch[-1].alone and len(batch) < _MAX_BATCH:
            try:
                batch.append(self._jobs.get_nowait())
            except queue.Empty:
                break
        return batch

    def _together(self, jobs: list[_Job]) -> None:
        if not jobs:
            return
        outcomes: Mapping[_Job, Exception | None]
        try:
            self._connection.execute("begin immediate")
            outcomes = {job: _in_savepoint(self._connection, job) for job in jobs}
            self._connection.execute("commit")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("rollback")
            outcomes = dict.fromkeys(jobs, translate(error))
        self._settle(outcomes)

    @staticmethod
    def _settle(outcomes: Mapping[_Job, Exception | None]) -> None:
        for job, failure in outcomes.items():
            if failure is None:
                job.done.set_result(None)
            else:
                job.done.set_exception(failure)


def translate(error: sqlite3.Error) -> ConnectorVaultError:
    """Turn SQLite's error into ours. Its text holds SQL and file names, never values."""
    if isinstance(error, sqlite3.ProgrammingError):
        return StoreUnavailable(_CLOSED)
    unavailable = isinstance(error, sqlite3.OperationalError)
    code = getattr(error, "sqlite_errorname", type(error).__name__)
    if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or not unavailable:
        return Corrupt(f"the database is damaged ({code}): restore it from a backup")
    return StoreUnavailable(f"the database cannot be used now ({code}: {error}): try again")


def _in_savepoint(connection: sqlite3.Connection, job: _Job) -> Exception | None:
    connection.execute("savepoint job")
    failure = _attempt(connection, job)
    if failure is not None:
        connection.execute("rollback to job")
    connection.execute("release job")
    return failure


def _attempt(connection: sqlite3.Connection, job: _Job) -> Exception | None:
    try:
        job.work(connection)
    except sqlite3.Error as error:
        return translate(error)
    except Exception as error:  # noqa: BLE001  # it belongs to the caller, who waits in another thread
        return error
    return None

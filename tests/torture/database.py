"""The real SQL on one database that all processes share, with points around every call."""

import sqlite3
from contextvars import ContextVar
from pathlib import Path

from connector_vault.errors import StoreUnavailable
from connector_vault.stores import Undecided, Update
from connector_vault.stores.sqlite import SqliteStore, _checkpoint
from connector_vault.stores.sqlite.schema import migrate
from connector_vault.stores.sqlite.writer import translate
from tests.torture.fate import COLD, WARM

__all__ = ["ATTEMPT", "CHECKED", "LOOKED", "STORE_ID", "SimStore", "new_database"]

STORE_ID = b"torture-torture!"
ATTEMPT: ContextVar[str] = ContextVar("ATTEMPT", default="")
"""The attempt that a task makes."""

CHECKED: ContextVar[int] = ContextVar("CHECKED", default=-1)
"""The step at which an attempt made sure that it may send. -1: it has not."""

LOOKED: ContextVar[int] = ContextVar("LOOKED", default=0)
"""The step at which a task last looked at the database."""


def new_database():
    """Make an empty database in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None, cached_statements=512)
    connection.execute("pragma synchronous = off")
    connection.execute("pragma temp_store = memory")
    migrate(connection)
    return connection


class SimWriter:
    """Does each transaction at once, or fails before it, or loses its answer."""

    def __init__(self, process, connection):
        self._process = process
        self._connection = connection
        self.what = "work"
        self.overtakes = None
        """The attempt that a lease is taken from, and when that ran out."""

    async def run(self, work, *, alone=False):
        process, what = self._process, self.what
        if alone:
            what = "checkpoint" if work is _checkpoint else "counts keys"
        world, overtakes, self.overtakes = process.world, self.overtakes, ""
        await process.point(what)
        world.check_database(process)
        if world.strikes("commit fails", process):
            raise world.fate.rng.choice((StoreUnavailable, Undecided))("it failed")
        # A checkpoint cannot be made within the transaction that a schedule is.
        result = None if work is _checkpoint else _in_transaction(self._connection, work)
        if result and overtakes:
            world.note_overtaken(*overtakes)
        if what.startswith("takes the lease") and result:
            process.heat = WARM
        if what.startswith("commits Update"):
            world.note_committed()
        unheard = world.strikes("commit unheard", process)
        await process.point(f"{what}, done{', unheard' * unheard}")
        if unheard:
            raise Undecided("its answer was lost")
        return result


def _in_transaction(connection, work):
    connection.execute("savepoint work")
    try:
        result = work(connection)
    except BaseException as error:
        connection.execute("rollback to work")
        connection.execute("release work")
        if isinstance(error, sqlite3.Error):
            raise translate(error) from error
        raise
    connection.execute("release work")
    return result


class SimStore(SqliteStore):
    """The real store of a process that may die."""

    def __init__(self, process, connection, clock):
        writer = SimWriter(process, connection)
        path = Path("/nowhere/vault.db")
        super().__init__(connection, writer, path=path, store_id=STORE_ID, clock=clock)
        self._sim = process

    async def get(self, connection, owner):
        await self._begin_reading()
        found = await super().get(connection, owner)
        await self._end_reading()
        return found

    async def _read(self, statement, values):
        await self._begin_reading()
        found = await super()._read(statement, values)
        await self._end_reading()
        return found

    async def commit(self, *changes):
        told = dict.fromkeys(map(_told, changes))
        self._writer.what = f"commits {', '.join(told)}"
        await super().commit(*changes)
        if any(isinstance(change, Update) for change in changes):
            self._sim.heat = COLD

    async def lease(self, row, *, attempt, seconds, spend):
        self._writer.what = f"takes the lease at generation {row.generation}"
        ATTEMPT.set(attempt)
        CHECKED.set(-1)
        self._sim.world.note_begun(row, spend=spend)
        self._writer.overtakes = (row.intent, row.lease_until) if row.intent else None
        return await super().lease(row, attempt=attempt, seconds=seconds, spend=spend)

    async def take(self, query):
        self._writer.what = f"takes what is {type(query).__name__}"
        return await super().take(query)

    async def _begin_reading(self):
        await self._sim.point("reads")
        self._sim.world.check_database(self._sim)
        LOOKED.set(self._sim.world.step)

    async def _end_reading(self):
        await self._sim.point("has read")


def _told(change):
    if not isinstance(change, Update):
        return type(change).__name__
    shown = ("state", "generation", "attempt", "intent", "doubt", "lease_until")
    said = (f"{name}={_short(change.set[name])}" for name in shown if name in change.set)
    return f"Update({', '.join(said)} where {', '.join(change.where)})"


def _short(value):
    return value[-6:] if isinstance(value, str) else value

"""Rows in one SQLite file: reads in the event loop, writes in a thread."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from secrets import token_bytes
from typing import TypeVar

from connector_vault.errors import Misconfigured, StoreUnavailable
from connector_vault.model import Owner
from connector_vault.stores import (
    LEASE_LIFE,
    Access,
    Change,
    Consent,
    Credential,
    DropKey,
    Event,
    Follower,
    Presence,
    Query,
    Row,
    Shred,
    Take,
    Tally,
    Value,
    World,
    WrappedKey,
)
from connector_vault.stores.selection import place_of, selection, start_of
from connector_vault.stores.sqlite.changes import apply
from connector_vault.stores.sqlite.file import (
    SETTINGS,
    connect,
    is_unmade,
    journal_of,
    path_of,
    touch,
    translate_opening,
)
from connector_vault.stores.sqlite.presence import Alone
from connector_vault.stores.sqlite.schema import migrate
from connector_vault.stores.sqlite.taking import taking
from connector_vault.stores.sqlite.writer import FORKED, Writer, translate

__all__ = ["SqliteStore", "is_unmade", "journal_of", "open_sqlite", "path_of"]

T = TypeVar("T", Row, Access, Event, WrappedKey, Tally)
Taken = TypeVar("Taken", Row, Consent, Follower)

_READER_SETTINGS = ("busy_timeout = 0", "query_only = on", "cache_size = -16384")
"""The loop waits for nobody, writes nothing, and keeps 16 MiB of pages."""

_PAGE = 200
"""Rows read at a time."""

_COLUMNS = ", ".join(Row._fields)
_GET = f"""
    select {", ".join(Credential._fields[3:])} from connection
    where id = ? and tenant = ? and user = ?
"""  # noqa: S608
"""The first three fields are what is asked by."""
_KEY = f"select {', '.join(WrappedKey._fields)} from dek where dek_id = ?"  # noqa: S608
_NOTED = "select value from meta where name = ?"
_NOTE = "insert or ignore into meta values (?, ?)"
_LEASE = f"""
    update connection set
        attempt = :attempt, lease_until = :until, revision = revision + 1,
        doubt = case when intent <> '' then intent else doubt end,
        intent = case when :spend then :attempt else '' end,
        due_at = case when :spend and (due_at = 0 or due_at > :until) then :until
            else due_at end
    where id = :id and generation = :generation and state = :state and intent = :intent
        and (lease_until <= :now or lease_until > :never)
    returning {_COLUMNS}
"""  # noqa: S608
"""Every name on the right of an assignment means the value before the statement."""


class SqliteStore:
    """A store in one file. Made by `open_sqlite`."""

    def __init__(
        self,
        reader: sqlite3.Connection,
        writer: Writer,
        *,
        path: Path,
        store_id: bytes,
        clock: Callable[[], int],
    ) -> None:
        self.id = store_id
        self.shared = False
        self.home: Path | None = journal_of(path)
        self.clock = clock
        self.presence: Presence = Alone()
        self._reader = reader
        self._writer = writer
        self._process = os.getpid()

    async def get(self, connection: str, owner: Owner) -> Credential | None:
        place = (connection, owner.tenant, owner.user or "")
        if os.getpid() != self._process:
            raise StoreUnavailable(FORKED)
        try:
            found = self._reader.execute(_GET, place).fetchall()
        except sqlite3.Error as error:
            found = await self._again(error, _GET, place)
        return Credential._make((*place, *found[0])) if found else None

    async def key(self, dek_id: bytes) -> WrappedKey | None:
        found = await self._read(_KEY, (dek_id,))
        return WrappedKey._make(found[0]) if found else None

    async def rows(self, query: Query[T]) -> AsyncIterator[T]:
        kind = query.gives
        after = start_of(query)
        read = self._count if kind is Tally else self._read
        while True:
            page = await read(*selection(query, after, _PAGE))
            for found in page:
                yield kind._make(found)
            if len(page) < _PAGE:
                return
            after = place_of(kind._make(page[-1]), query)
            # A long list lets others have their turn.
            await asyncio.sleep(0)

    async def commit(self, *changes: Change) -> None:
        now = self.clock()
        await self._writer.run(lambda connection: apply(connection, changes, now))
        if any(isinstance(change, (DropKey, Shred)) for change in changes):
            await self._writer.run(_checkpoint, alone=True)

    async def lease(self, row: Row, *, attempt: str, seconds: float, spend: bool) -> Row | None:
        now = self.clock()
        values = {
            "id": row.id,
            "attempt": attempt,
            "generation": row.generation,
            "state": row.state,
            "intent": row.intent,
            "now": now,
            "never": now + int(LEASE_LIFE * 1000),
            "until": now + int(seconds * 1000),
            "spend": spend,
        }
        found = await self._writer.run(lambda writer: writer.execute(_LEASE, values).fetchall())
        return Row._make(found[0]) if found else None

    async def take(self, query: Take[Taken]) -> list[Taken]:
        statements = taking(query)

        def work(writer: sqlite3.Connection) -> list[Sequence[Value]]:
            found: list[Sequence[Value]] = []
            for statement, values in statements:
                found = writer.execute(statement, values).fetchall()
            return found

        return [query.gives._make(found) for found in await self._writer.run(work)]

    async def noted(self, name: str) -> bytes | None:
        found = [value for (value,) in await self._read(_NOTED, (name,))]
        return found[0] if found and isinstance(found[0], bytes) else None

    async def note(self, name: str, value: bytes) -> bytes:
        noted = await self.noted(name)
        if noted is not None:
            return noted
        await self._writer.run(lambda writer: writer.execute(_NOTE, (name, value)))
        return await self.noted(name) or value

    async def _read(self, statement: str, values: tuple[Value, ...]) -> list[Sequence[Value]]:
        try:
            return self._reader.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            return await self._again(error, statement, values)

    async def _count(self, statement: str, values: tuple[Value, ...]) -> list[Sequence[Value]]:
        # It looks at every key: a million take a fifth of a second.
        return await self._writer.run(
            lambda writer: writer.execute(statement, values).fetchall(), alone=True
        )

    async def _again(
        self, error: sqlite3.Error, statement: str, values: tuple[Value, ...]
    ) -> list[Sequence[Value]]:
        # The loop never waits for a lock: the writer's thread does.
        if getattr(error, "sqlite_errorname", "") not in ("SQLITE_BUSY", "SQLITE_LOCKED"):
            raise translate(error) from error
        return await self._writer.run(lambda writer: writer.execute(statement, values).fetchall())


@asynccontextmanager
async def open_sqlite(
    url: str, *, world: World, clock: Callable[[], int]
) -> AsyncGenerator[SqliteStore]:
    """Open the file of a `sqlite:///PATH` URL, and make it if it does not exist.

    Raises:
        Misconfigured: the path cannot be used, or the file belongs to another world or version.
        Corrupt: the file is damaged.
        StoreUnavailable: another process holds it.
    """
    path = path_of(url)
    touch(path)
    async with AsyncExitStack() as stack:
        try:
            connection = stack.enter_context(closing(connect(path, SETTINGS)))
            migrate(connection)
            store_id = _settle_meta(connection, world)
            reader = stack.enter_context(closing(connect(path, _READER_SETTINGS)))
        except sqlite3.Error as error:
            raise translate_opening(error, path) from error
        writer = Writer(connection)
        stack.push_async_callback(writer.close)
        yield SqliteStore(reader, writer, path=path, store_id=store_id, clock=clock)


def _settle_meta(connection: sqlite3.Connection, world: World) -> bytes:
    connection.execute(_NOTE, ("store_id", token_bytes(16)))
    connection.execute(_NOTE, ("world", world.encode()))
    meta = dict(connection.execute("select name, value from meta").fetchall())
    if meta["world"] != world.encode():
        other = "the emulator" if world == "real" else "real providers"
        msg = f"this vault was made for {other}: mend CONNECTOR_VAULT_EMULATOR, or use another"
        raise Misconfigured(msg)
    return bytes(meta["store_id"])


def _checkpoint(connection: sqlite3.Connection) -> None:
    # A shredded key must not live on in the write-ahead log. A reader elsewhere may hold it up;
    # the next checkpoint then takes it.
    connection.execute("pragma wal_checkpoint(truncate)")

"""Rows in one SQLite file: reads in the event loop, writes in a thread."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from pathlib import Path
from secrets import token_bytes
from typing import TypeVar

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from connector_vault.errors import ConnectorVaultError, Misconfigured, StoreUnavailable
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
    Value,
    World,
    WrappedKey,
)
from connector_vault.stores.selection import place_of, selection, start_of
from connector_vault.stores.sqlite.changes import apply
from connector_vault.stores.sqlite.presence import Alone
from connector_vault.stores.sqlite.schema import migrate
from connector_vault.stores.sqlite.taking import taking
from connector_vault.stores.sqlite.writer import FORKED, Writer, translate

__all__ = ["SqliteStore", "is_unmade", "open_sqlite", "path_of"]

T = TypeVar("T", Row, Access, Event)
Taken = TypeVar("Taken", Row, Consent, Follower)

_SETTINGS = (
    "busy_timeout = 5000",
    "journal_mode = wal",
    "synchronous = full",
    "secure_delete = on",
    "foreign_keys = on",
    "trusted_schema = off",
)
"""`synchronous = full`: a power cut that takes back a rotated refresh token loses a connection."""

_READER_SETTINGS = ("busy_timeout = 0", "query_only = on", "cache_size = -16384")
"""The loop waits for nobody, writes nothing, and keeps 16 MiB of pages."""

_OLDEST = (3, 37, 0)
"""The first SQLite with strict tables."""

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
        intent = case when :spend then :attempt else '' end
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
        while True:
            page = await self._read(*selection(query, after, _PAGE))
            for found in page:
                row = kind._make(found)
                after = place_of(row)
                yield row
            if len(page) < _PAGE:
                return
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
        found = await self._read(_NOTED, (name,))
        return bytes(found[0][0]) if found else None

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
    _touch(path)
    async with AsyncExitStack() as stack:
        try:
            connection = stack.enter_context(closing(_connect(path, _SETTINGS)))
            migrate(connection)
            store_id = _settle_meta(connection, world)
            reader = stack.enter_context(closing(_connect(path, _READER_SETTINGS)))
        except sqlite3.Error as error:
            raise _translate_opening(error, path) from error
        writer = Writer(connection)
        stack.push_async_callback(writer.close)
        yield SqliteStore(reader, writer, path=path, store_id=store_id, clock=clock)


def path_of(url: str) -> Path:
    """Give the absolute path that a `sqlite:///PATH` URL names.

    Raises:
        Misconfigured: it names none.
    """
    scheme, _, path = url.partition(":///")
    if scheme != "sqlite" or not path or "?" in path:
        raise Misconfigured("a SQLite database is named sqlite:///PATH, with three slashes")
    return Path(path).expanduser().absolute()


def is_unmade(url: str) -> bool:
    """Tell whether a database is a file that is still to be made.

    Raises:
        Misconfigured: the URL names none.
    """
    path = path_of(url)
    try:
        return not path.exists() or path.stat().st_size == 0
    except (OSError, ValueError) as error:
        msg = f"the database {path} cannot be used ({type(error).__name__}): name another place"
        raise Misconfigured(msg) from error


def journal_of(path: Path) -> Path:
    """Give the folder, beside a database, for replies that are not stored yet."""
    return path.with_name(f"{path.name}.journal")


def _touch(path: Path) -> None:
    # Made here, because SQLite would make it readable to others; its -wal and -shm take after it.
    if sqlite3.sqlite_version_info < _OLDEST:
        msg = f"SQLite {sqlite3.sqlite_version} is too old: 3.37 is needed"
        raise Misconfigured(msg)
    try:
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        msg = f"the database {path} cannot be made ({error.strerror}): name another place"
        raise Misconfigured(msg) from error


def _translate_opening(error: sqlite3.Error, path: Path) -> ConnectorVaultError:
    code = getattr(error, "sqlite_errorname", "")
    if code.startswith(("SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_READONLY")):
        return Misconfigured(f"the database {path} cannot be used ({code}): name another place")
    return translate(error)


_patiently = Retrying(
    retry=retry_if_exception(lambda error: "SQLITE_BUSY" in getattr(error, "sqlite_errorname", "")),
    stop=stop_after_delay(5),
    wait=wait_random(0.005, 0.05),
    reraise=True,
)


def _connect(path: Path, settings: Iterable[str]) -> sqlite3.Connection:
    place = f"{path.as_uri()}?mode=rw"
    connection = sqlite3.connect(place, uri=True, isolation_level=None, check_same_thread=False)
    try:
        for setting in settings:
            # Turning on the write-ahead log fails at once while another process does just that:
            # SQLite's own timeout does not cover it.
            _patiently(connection.execute, f"pragma {setting}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


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

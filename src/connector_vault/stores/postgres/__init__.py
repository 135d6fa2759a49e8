"""Rows in PostgreSQL: any number of processes, on any number of hosts."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from secrets import token_bytes
from typing import TYPE_CHECKING, TypeVar

from connector_vault.errors import BadArguments, Misconfigured
from connector_vault.model import Owner
from connector_vault.stores import (
    LEASE_LIFE,
    Access,
    Change,
    Consent,
    Credential,
    Event,
    Follower,
    Presence,
    Query,
    Row,
    Take,
    Tally,
    World,
    WrappedKey,
)
from connector_vault.stores.postgres.address import Address, address_of
from connector_vault.stores.postgres.clock import NOW, Clock
from connector_vault.stores.postgres.connecting import Server
from connector_vault.stores.postgres.failures import translating
from connector_vault.stores.postgres.numbering import NUMBER, UNNUMBERED
from connector_vault.stores.postgres.presence import Present
from connector_vault.stores.postgres.schema import look, require
from connector_vault.stores.postgres.sessions import Sessions
from connector_vault.stores.postgres.statements import statements
from connector_vault.stores.postgres.taking import follow, follower_of, known, taking
from connector_vault.stores.postgres.wording import (
    Statement,
    columns,
    in_schema,
    numbered,
)
from connector_vault.stores.postgres.writer import Writer
from connector_vault.stores.selection import place_of, selection, start_of

if TYPE_CHECKING:
    from pathlib import Path

    from asyncpg import Record

__all__ = ["PostgresStore", "open_postgres"]

T = TypeVar("T", Row, Access, Event, WrappedKey, Tally)
Taken = TypeVar("Taken", Row, Consent, Follower)

_PAGE = 200
"""Rows read at a time."""

_GET = f"""
    select {columns(Credential._fields[3:])} from vault.connection
    where id = $1 and tenant = $2 and "user" = $3
"""  # noqa: S608  # our own names, here and below
"""The first three fields are what is asked by."""
_KEY = f"select {columns(WrappedKey._fields)} from vault.dek where dek_id = $1"  # noqa: S608
_LEASE = f"""
    update vault.connection set
        attempt = $5, lease_until = {NOW} + $6, revision = revision + 1,
        doubt = case when intent <> '' then intent else doubt end,
        intent = case when $7 then $5 else '' end,
        due_at = case when $7 and (due_at = 0 or due_at > {NOW} + $6) then {NOW} + $6
            else due_at end
    where id = $1 and generation = $2 and state = $3 and intent = $4
        and (lease_until <= {NOW} or lease_until > {NOW} + {int(LEASE_LIFE * 1000)})
    returning {columns(Row._fields)}, {NOW}
"""  # noqa: S608
"""Every name on the right of an assignment means the value before the statement. The times are the
server's own: should its clock be set back, no lease holds anybody up for longer than LEASE_LIFE."""

_META = "select name, value from vault.meta"
_NOTE = "insert into vault.meta (name, value) values ($1, $2) on conflict do nothing"


class PostgresStore:
    """A store in one schema of a database. Made by `open_postgres`."""

    def __init__(
        self, sessions: Sessions, writer: Writer, clock: Clock, *, schema: str, presence: Presence
    ) -> None:
        self.id = b""
        self.shared = True
        self.home: Path | None = None
        self.clock: Callable[[], int] = clock
        self.presence = presence
        self._sessions = sessions
        self._writer = writer
        self._clock = clock
        self._schema = schema
        self._get = in_schema(_GET, schema)

    async def get(self, connection: str, owner: Owner) -> Credential | None:
        place = (connection, owner.tenant, owner.user or "")
        try:
            found = await self._sessions.fetch(self._get, place)
        except BadArguments:
            # What the database cannot hold is not in it.
            return None
        return Credential._make((*place, *found[0])) if found else None

    async def key(self, dek_id: bytes) -> WrappedKey | None:
        found = await self._read(Statement(_KEY, (dek_id,)))
        return WrappedKey._make(found[0]) if found else None

    async def rows(self, query: Query[T]) -> AsyncIterator[T]:
        if query.gives is Event:
            await self._number()
        kind = query.gives
        after = start_of(query)
        while True:
            text, values = selection(query, after, _PAGE, tables="vault.")
            page = await self._read(Statement(numbered(text), values))
            for found in page:
                yield kind._make(found)
            if len(page) < _PAGE:
                return
            after = place_of(kind._make(page[-1]), query)

    async def commit(self, *changes: Change) -> None:
        if found := statements(changes, self.clock()):
            await self._write(*found)

    async def lease(self, row: Row, *, attempt: str, seconds: float, spend: bool) -> Row | None:
        required = (row.id, row.generation, row.state, row.intent)
        wanted = (attempt, int(seconds * 1000), spend)
        before = self._clock.host()
        found = await self._write(Statement(_LEASE, (*required, *wanted)))
        if not found:
            return None
        *fields, now = found[0]
        self._clock.learn(before, int(now or 0), self._clock.host())
        return Row._make(fields)

    async def take(self, query: Take[Taken]) -> list[Taken]:
        found = await self._write(taking(query))
        name = follower_of(query)
        if name is not None and not found and not await self._read(known(name)):
            # It begins after every event that happened, so those have to have their numbers.
            await self._number()
            found = await self._write(follow(name), taking(query))
        return [query.gives._make(one) for one in found]

    async def noted(self, name: str) -> bytes | None:
        return (await self._meta()).get(name)

    async def note(self, name: str, value: bytes) -> bytes:
        noted = await self.noted(name)
        if noted is not None:
            return noted
        await self._write(Statement(_NOTE, (name, value)))
        return await self.noted(name) or value

    async def settle(self, world: World) -> None:
        """Read what this store is called, and name it if nobody has.

        Raises:
            Misconfigured: it was made for the other world.
        """
        meta = await self._meta()
        if "store_id" not in meta or "world" not in meta:
            fresh = {"store_id": token_bytes(16), "world": world.encode()}
            await self._write(*(Statement(_NOTE, said) for said in fresh.items()))
            meta = await self._meta()
        if meta["world"] != world.encode():
            other = "the emulator" if world == "real" else "real providers"
            msg = f"this vault was made for {other}: mend CONNECTOR_VAULT_EMULATOR, or use another"
            raise Misconfigured(msg)
        self.id = meta["store_id"]

    async def _meta(self) -> dict[str, bytes]:
        found = await self._read(Statement(_META))
        return {str(name): bytes(value) for name, value in found if isinstance(value, bytes)}

    async def _number(self) -> None:
        if await self._read(UNNUMBERED):
            await self._write(*NUMBER)

    async def _read(self, statement: Statement) -> "list[Record]":
        try:
            return await self._sessions.fetch(self._placed(statement.text), statement.values)
        except BadArguments:
            return []

    async def _write(self, *wanted: Statement) -> "list[Record]":
        return await self._writer.run(
            *(one._replace(text=self._placed(one.text)) for one in wanted)
        )

    def _placed(self, text: str) -> str:
        return in_schema(text, self._schema)


@asynccontextmanager
async def open_postgres(
    url: str, *, world: World, clock: Callable[[], int]
) -> AsyncGenerator[PostgresStore]:
    """Open the database of a `postgresql://` URL.

    Three of its parameters are ours: `schema`, `connections` (how many are held at most, 8) and
    `pooling=transaction`, for a proxy that gives each transaction another session.

    Raises:
        Misconfigured: the address, the schema or the world is another than it should be.
        StoreUnavailable: the server does not answer.
    """
    address = address_of(url)
    time = Clock(clock)
    server = Server(address, time)
    async with AsyncExitStack() as stack:
        sessions = Sessions(server.open, address.sessions)
        stack.push_async_callback(sessions.close)
        schema = await _schema(sessions, address)
        writer = Writer(sessions, pooled=address.pooled)
        stack.push_async_callback(writer.close)
        presence = Present(sessions, schema, None if address.pooled else server)
        stack.push_async_callback(presence.close)
        store = PostgresStore(sessions, writer, time, schema=schema, presence=presence)
        await store.settle(world)
        yield store


async def _schema(sessions: Sessions, address: Address) -> str:
    session = await sessions.borrow()
    try:
        with translating():
            found = await look(session, address.schema)
    finally:
        sessions.give_back(session)
    require(found)
    return found.schema

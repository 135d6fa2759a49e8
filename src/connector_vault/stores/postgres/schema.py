"""Numbered migrations, and which of them a database has had."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from connector_vault.errors import Misconfigured
from connector_vault.stores.postgres.address import Address
from connector_vault.stores.postgres.connecting import connect
from connector_vault.stores.postgres.failures import code_of, translating
from connector_vault.stores.postgres.locks import lock_of
from connector_vault.stores.postgres.wording import in_schema, quoted

if TYPE_CHECKING:
    from asyncpg import Connection

__all__ = ["NEWEST", "Found", "is_unused", "look", "require", "survey", "upgrade"]

_SCRIPTS = sorted(
    (
        script
        for script in (files("connector_vault.stores.postgres") / "migrations").iterdir()
        if script.name.endswith(".sql")
    ),
    key=lambda script: script.name,
)
NEWEST = len(_SCRIPTS)
"""The schema this version of the package works with."""

_DEADLINE = 600.0
"""Seconds of an upgrade, with the wait for another process's."""

_UPGRADE = "run connector-vault db upgrade"

_PLACE = "select coalesce($1, current_schema())"
_THERE = "select to_regclass($1) is not null"
_VERSION = "select convert_from(value, 'utf8') from vault.meta where name = 'schema_version'"
_USED = "select 1 where exists (table vault.dek) or exists (table vault.connection)"
_NOTE = """
    insert into vault.meta (name, value) values ('schema_version', $1)
    on conflict (name) do update set value = excluded.value
"""


class Found(NamedTuple):
    """What a database has of ours."""

    schema: str
    version: int
    """0: nothing yet."""


async def look(session: "Connection", schema: str | None) -> Found:
    """See which migrations a schema has had. None: the first one of the search path.

    Raises:
        Misconfigured: there is no such path, or another program's tables are there.
    """
    ((name,),) = await session.fetch(_PLACE, schema)
    if name is None:
        msg = "the database has no schema to work in: name one with schema= in its address"
        raise Misconfigured(msg)
    place = str(name)
    ((there,),) = await session.fetch(_THERE, f"{quoted(place)}.meta")
    return Found(place, await _version(session, place) if there else 0)


def require(found: Found) -> None:
    """Check that this version of the package can work with what was found.

    Raises:
        Misconfigured: it is older or newer.
    """
    if found.version == 0:
        raise Misconfigured(f"the database has no schema: {_UPGRADE}")
    if found.version < NEWEST:
        msg = f"the database has schema {found.version}, this version needs {NEWEST}: {_UPGRADE}"
        raise Misconfigured(msg)
    if found.version > NEWEST:
        words = f"the database has schema {found.version}, this version knows {NEWEST}"
        raise Misconfigured(f"{words}: install a newer one")


async def is_unused(address: Address) -> bool:
    """Tell whether a database has no schema of ours, or no key and no connection in it.

    Raises:
        Misconfigured: the server does not let us in, or another program's tables are there.
        StoreUnavailable: it does not answer.
    """
    async with _looking(address) as session:
        found = await look(session, address.schema)
        return not found.version or not await session.fetch(in_schema(_USED, found.schema))


async def survey(address: Address) -> Found:
    """See which migrations a database has had.

    Raises:
        Misconfigured: the server does not let us in, or another program's tables are there.
        StoreUnavailable: it does not answer.
    """
    async with _looking(address) as session:
        return await look(session, address.schema)


async def upgrade(address: Address) -> Found:
    """Bring a database up to date, and give what it had. Only one process at a time does it.

    Raises:
        Misconfigured: it is newer than this version, or we may not make tables in it.
        StoreUnavailable: the server does not answer.
    """
    async with _looking(address, _DEADLINE) as session:
        await session.execute("begin")
        before = await _upgraded(session, address.schema)
        await session.execute("commit")
        return before


@asynccontextmanager
async def _looking(address: Address, seconds: float = 5) -> AsyncGenerator["Connection"]:
    session = await connect(address)
    try:
        with translating():
            async with asyncio.timeout(seconds):
                yield session
    finally:
        # A transaction that was not made ends with its session.
        session.terminate()


async def _upgraded(session: "Connection", schema: str | None) -> Found:
    ((name,),) = await session.fetch(_PLACE, schema)
    await session.fetch("select pg_advisory_xact_lock($1)", lock_of(str(name), "upgrade"))
    before = await look(session, schema)
    if before.version > NEWEST:
        require(before)
    ((there,),) = await session.fetch("select to_regnamespace($1) is not null", quoted(str(name)))
    if not there:
        await session.execute(f"create schema {quoted(before.schema)}")
    for script in _SCRIPTS[before.version :]:
        await session.execute(in_schema(script.read_text(encoding="utf-8"), before.schema))
    if before.version < NEWEST:
        await session.fetch(in_schema(_NOTE, before.schema), str(NEWEST).encode())
    return before


async def _version(session: "Connection", schema: str) -> int:
    try:
        found = await session.fetch(in_schema(_VERSION, schema))
    except Exception as error:
        if not code_of(error).startswith("42"):
            raise
        found = []
    if not found:
        words = f"the schema {quoted(schema)} holds another program's tables"
        raise Misconfigured(f"{words}: name another one with schema= in the database's address")
    return int(found[0][0] or 0)

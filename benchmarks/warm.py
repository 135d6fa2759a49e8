"""`vault.token`, warm: against reading the row, opening it and decoding it, and nothing else."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from itertools import cycle

from benchmarks.ground import OWNER, Ground, ground
from benchmarks.measure import in_turns, table
from benchmarks.postgres import MISSING, serving
from connector_vault import Secret
from connector_vault.envelope import DataKey
from connector_vault.keyring import binding_of
from connector_vault.stores import Credential, Value

_CONNECTIONS = 500
_FLOOR = "floor: point read, AES-GCM open with AAD, decode"

Read = Callable[[str], Awaitable[Sequence[Value]]]
"""Reads the columns of a `Credential`."""


async def measure() -> str:
    """Measure on connections in turn, so that no cache but the vault's own helps."""
    async with ground() as here, _sqlite(here) as read:
        parts = [await _measured("SQLite", "≤ 25 µs", here, read)]
    with serving() as server:
        if server is None:
            return "\n".join([*parts, f"  {MISSING}"])
        async with ground(server) as here, _postgres(here) as read:
            parts.append(await _measured("PostgreSQL", "≤ 130 µs", here, read))
    return "\n".join(parts)


async def _measured(name: str, owed: str, here: Ground, read: Read) -> str:
    vault, room = here.vault, here.vault.room
    secrets = [Secret(f"sk-{number:040}") for number in range(_CONNECTIONS)]
    ids = [(await vault.add("openrouter", OWNER, secret=secret)).id for secret in secrets]
    keys: dict[str, DataKey] = {}
    for one in ids:
        row = await room.credential(one, OWNER)
        keys[one] = await room.keyring.get(row.dek_id, row.tenant, row.id)
    floor = _floor(read, keys)
    chosen, again = cycle(ids), cycle(ids)
    times = await in_turns(
        {
            _FLOOR: lambda: floor(next(again)),
            "vault.token": lambda: vault.token(next(chosen), owner=OWNER, purpose="nightly"),
        },
        turns=20,
        each=_CONNECTIONS,
        between=lambda: asyncio.sleep(0.05),
    )
    return table(f"vault.token, warm, {name}", times, floor=_FLOOR, target=owed)


def _floor(read: Read, keys: Mapping[str, DataKey]) -> Callable[[str], Awaitable[object]]:
    async def opened(connection: str) -> object:
        row = Credential._make(await read(connection))
        return json.loads(keys[connection].open(binding_of(row), row.sealed))

    return opened


@asynccontextmanager
async def _sqlite(here: Ground) -> AsyncGenerator[Read]:
    columns = ", ".join(Credential._fields)
    select = f"select {columns} from connection where id = ? and tenant = ? and user = ?"
    with closing(sqlite3.connect(here.folder / "vault.db", isolation_level=None)) as database:

        async def read(connection: str) -> Sequence[Value]:
            (found,) = database.execute(select, (connection, "acme", "ada")).fetchall()
            row: Sequence[Value] = found
            return row

        yield read


@asynccontextmanager
async def _postgres(here: Ground) -> AsyncGenerator[Read]:
    """Read by one session that is held, which prepares a statement at its first use."""
    from connector_vault.stores.postgres.address import address_of
    from connector_vault.stores.postgres.connecting import connect
    from connector_vault.stores.postgres.wording import columns, quoted

    address = address_of(here.place.database)
    table_of = f"{quoted(address.schema or 'public')}.connection"
    wanted = columns(Credential._fields)
    select = f'select {wanted} from {table_of} where id = $1 and tenant = $2 and "user" = $3'
    session = await connect(address)

    async def read(connection: str) -> Sequence[Value]:
        (found,) = await session.fetch(select, connection, "acme", "ada")
        return tuple(found)

    yield read
    await session.close()

"""`vault.token`, warm: against reading the row, opening it and decoding it, and nothing else."""

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from itertools import cycle

from benchmarks.ground import OWNER, ground
from benchmarks.measure import in_turns, table
from connector_vault import Secret
from connector_vault.envelope import DataKey
from connector_vault.keyring import binding_of
from connector_vault.stores import Credential

_CONNECTIONS = 500


async def measure() -> str:
    """Measure on connections in turn, so that no cache but the vault's own helps."""
    async with ground() as here:
        vault, room = here.vault, here.vault.room
        ids: list[str] = []
        for number in range(_CONNECTIONS):
            secret = Secret(f"sk-{number:040}")
            ids.append((await vault.add("openrouter", OWNER, secret=secret)).id)
        keys: dict[str, DataKey] = {}
        for one in ids:
            row = await room.credential(one, OWNER)
            keys[one] = await room.keyring.get(row.dek_id, row.tenant, row.id)
        floor = _floor(here.database, keys)
        chosen, again = cycle(ids), cycle(ids)
        times = await in_turns(
            {
                "floor: point read, AES-GCM open with AAD, decode": lambda: floor(next(again)),
                "vault.token": lambda: vault.token(next(chosen), owner=OWNER, purpose="nightly"),
            },
            turns=20,
            each=_CONNECTIONS,
            between=lambda: asyncio.sleep(0.05),
        )
        return table("vault.token, warm, SQLite", times, floor=next(iter(times)), target="≤ 25 µs")


def _floor(
    database: sqlite3.Connection, keys: Mapping[str, DataKey]
) -> Callable[[str], Awaitable[object]]:
    columns = ", ".join(Credential._fields)
    select = f"select {columns} from connection where id = ? and tenant = ? and user = ?"

    async def read(connection: str) -> object:
        (found,) = database.execute(select, (connection, "acme", "ada")).fetchall()
        row = Credential._make(found)
        return json.loads(keys[connection].open(binding_of(row), row.sealed))

    return read

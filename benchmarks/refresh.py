"""A refresh beyond its provider's time: what the lease, the journal and the commit cost."""

import os
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

from benchmarks.connect import connect
from benchmarks.ground import OWNER, Ground, ground
from benchmarks.measure import in_turns, table
from connector_vault import Connection, Vault
from connector_vault.connector import Reply, Request
from connector_vault.http import Http
from connector_vault.refresh import Refresher

_FLOOR = "floor: two UPDATEs and a synced 4 KiB, in the loop"


class Instant(Http):
    """A provider that answers at once, so that nothing of its time is measured."""

    def __init__(self) -> None:
        self._count = count()

    async def send(self, request: Request, **_: object) -> Reply:  # noqa: ARG002  # all are answered alike
        """Give a token set."""
        number = f"{next(self._count):036d}"
        body = (
            f'{{"access_token":"gho_{number}","refresh_token":"ghr_{number}","expires_in":28800,'
            f'"refresh_token_expires_in":15897600,"scope":"repo","token_type":"bearer"}}'
        )
        return Reply(200, body.encode(), {})


async def measure() -> str:
    """Measure one refresh after another of one connection."""
    async with ground() as here:
        connection = await connect(here, OWNER)
        times = await in_turns(
            {
                _FLOOR: _bare(here.folder),
                "vault.token(newer_than=…), SQLite": refreshing(here, connection),
            },
            turns=10,
            each=30,
        )
        owed = "<= 1 ms SQLite, <= 2.5 ms PostgreSQL"
        return table("refresh, beyond the provider's time", times, floor=_FLOOR, target=owed)


def refreshing(here: Ground, connection: Connection) -> Callable[[], Awaitable[object]]:
    """Give what refreshes a connection once more, at a provider that answers at once."""
    room = replace(here.vault.room, http=Instant())
    vault = Vault(room, Refresher(room))
    generations = count(connection.generation)

    async def refresh() -> None:
        newer = {"newer_than": next(generations)}
        await vault.token(connection.id, owner=connection.owner, purpose="bench", **newer)

    return refresh


def _bare(folder: Path) -> Callable[[], Awaitable[object]]:
    database = sqlite3.connect(folder / "bare.db", isolation_level=None)
    for setting in ("journal_mode = wal", "synchronous = full", "secure_delete = on"):
        database.execute(f"pragma {setting}")
    database.execute("create table connection (id text primary key, generation int, sealed blob)")
    database.execute("insert into connection values ('con', 1, x'')")
    sealed, block = os.urandom(600), os.urandom(4096)
    plain = os.open(folder / "plain", os.O_CREAT | os.O_WRONLY)
    generations = count()

    async def write() -> None:
        change = "update connection set generation = ?, sealed = ? where id = 'con'"
        database.execute(change, (next(generations), sealed))
        os.pwrite(plain, block, 0)
        os.fdatasync(plain)
        database.execute(change, (next(generations), sealed))

    return write

"""A refresh beyond its provider's time: what the lease, the journal and the commit cost."""

import os
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from itertools import count
from pathlib import Path
from statistics import median

from benchmarks.connect import connect
from benchmarks.ground import OWNER, Ground, ground
from benchmarks.measure import in_turns, table
from benchmarks.postgres import MISSING, Server, serving
from connector_vault import Connection, Vault
from connector_vault.connector import Reply, Request
from connector_vault.http import Http
from connector_vault.refresh import Refresher

__all__ = ["measure", "refreshing"]

Deed = Callable[[], Awaitable[object]]

_FLOOR = "floor: two UPDATEs and a synced 4 KiB"
_OURS = "vault.token(newer_than=…)"


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
    """Measure one refresh after another of one connection, on each database."""
    async with ground() as here, _sqlite(here.folder) as bare:
        parts = [await _measured("SQLite", "<= 1 ms", here, bare)]
    with serving() as server:
        if server is None:
            return "\n".join([*parts, f"  {MISSING}"])
        async with ground(server) as here, _postgres(server, here.folder) as bare:
            parts.append(await _measured("PostgreSQL", "<= 2.5 ms", here, bare))
    return "\n".join(parts)


def refreshing(here: Ground, connection: Connection) -> Deed:
    """Give what refreshes a connection once more, at a provider that answers at once."""
    room = replace(here.vault.room, http=Instant())
    vault = Vault(room, Refresher(room))
    generations = count(connection.generation)

    async def refresh() -> None:
        newer = {"newer_than": next(generations)}
        await vault.token(connection.id, owner=connection.owner, purpose="bench", **newer)

    return refresh


async def _measured(name: str, owed: str, here: Ground, bare: Deed) -> str:
    ours = refreshing(here, await connect(here, OWNER))
    times = await in_turns({_FLOOR: bare, _OURS: ours}, turns=10, each=30)
    title = f"refresh, beyond the provider's time, {name}"
    beyond = (median(times[_OURS]) - median(times[_FLOOR])) * 1e6
    shown = table(title, times, floor=_FLOOR, target=owed)
    return f"{shown}\n  {beyond:.0f} µs beyond its floor"


@asynccontextmanager
async def _sqlite(folder: Path) -> AsyncGenerator[Deed]:
    with closing(sqlite3.connect(folder / "bare.db", isolation_level=None)) as database:
        for setting in ("journal_mode = wal", "synchronous = full", "secure_delete = on"):
            database.execute(f"pragma {setting}")
        columns = "id text primary key, generation int, sealed blob"
        database.execute(f"create table connection ({columns})")
        database.execute("insert into connection values ('con', 1, x'')")
        change = "update connection set generation = ?, sealed = ? where id = 'con'"

        async def write(generation: int, sealed: bytes) -> None:
            database.execute(change, (generation, sealed))

        with (folder / "plain").open("wb", buffering=0) as plain:
            yield _bare(write, plain.fileno())


@asynccontextmanager
async def _postgres(server: Server, folder: Path) -> AsyncGenerator[Deed]:
    from connector_vault.stores.postgres.address import address_of
    from connector_vault.stores.postgres.connecting import connect as session_with

    session = await session_with(address_of(server.address()))
    await session.execute("create table bare (id text primary key, generation int, sealed bytea)")
    await session.execute("insert into bare values ('con', 1, '')")
    change = "update bare set generation = $1, sealed = $2 where id = 'con'"

    async def write(generation: int, sealed: bytes) -> None:
        await session.fetch(change, generation, sealed)

    with (folder / "plain").open("wb", buffering=0) as plain:
        yield _bare(write, plain.fileno())
    await session.close()


def _bare(write: Callable[[int, bytes], Awaitable[None]], plain: int) -> Deed:
    sealed, block = os.urandom(600), os.urandom(4096)
    generations = count()

    async def refresh() -> None:
        await write(next(generations), sealed)
        os.pwrite(plain, block, 0)
        os.fdatasync(plain)
        await write(next(generations), sealed)

    return refresh

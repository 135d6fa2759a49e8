"""All data keys wrapped anew, under a new version of the holder's key; and tokens read meanwhile.

`python -m benchmarks.rotation --keys 1000000` takes as many as one likes, on SQLite alone.
"""

import argparse
import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from statistics import quantiles

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.ground import OWNER, Place, placed
from benchmarks.openbao import MISSING as NO_BAO
from benchmarks.openbao import serving as serving_bao
from benchmarks.postgres import MISSING, Server, serving
from connector_vault import Secret, Vault
from connector_vault.envelope import wrap_context
from connector_vault.keys import Raw
from connector_vault.room import Room
from connector_vault.stores import AddKey, WrappedKey

__all__ = ["measure"]

_KEYS = 100_000
_BATCH = 500
"""Data keys to one commit, while they are made."""

_PAGE = 512
"""Data keys to one commit of the floor."""

_EVERY = 0.002
"""Seconds between two tokens that are asked for."""

_QUIET = 2.0
"""Seconds of that beforehand, when nothing else is done."""

_MILLION = 1_000_000

_TABLE = """
    create table dek (dek_id blob primary key, version integer, wrapped blob) strict, without rowid
"""
_LIST = "select dek_id, wrapped from dek where dek_id > ? order by dek_id limit ?"
_SWAP = "update dek set version = 2, wrapped = ? where dek_id = ? and wrapped = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """What a rotation took, and how long callers waited for a token: seconds, sorted."""

    seconds: float
    cpu: float
    quiet: list[float]
    waits: list[float]


async def measure() -> str:
    """Rotate once on each database and holder, beside the same work without a vault."""
    with serving() as server, serving_bao() as bao:
        lines = await _lines(_KEYS)
        if server is None:
            lines.append(f"  {MISSING}")
        else:
            lines.append(_line("rotate(), local, PostgreSQL", await _turned(_KEYS, server), _KEYS))
        if bao is None:
            return "\n".join([*lines, f"  {NO_BAO}"])
        on_bao = await _turned(_KEYS, None, bao.key())
        return "\n".join([*lines, _line("rotate(), OpenBao, SQLite (<= 60)", on_bao, _KEYS)])


async def _lines(number: int) -> list[str]:
    title = f"{number:,} data keys wrapped anew; and vault.token meanwhile, asked for each 2 ms"
    marks = f"  {'':38}{'keys/s':>9}{'s/million':>11}{'µs CPU':>8}"
    heads = f"{marks}   ms to a token: quiet p50, p99; p50, p99, longest"
    async with placed() as place:
        floor = await asyncio.to_thread(_floor, place.folder, number)
    first = "floor: AESGCM twice and UPDATE, sqlite3"
    lines = [title, heads, f"  {first:38}{number / floor:9,.0f}{floor / number * _MILLION:11.1f}"]
    return [*lines, _line("rotate(), local, SQLite (<= 30)", await _turned(number), number)]


def _line(name: str, turned: Turned, number: int) -> str:
    quiet, busy = _hundredths(turned.quiet), _hundredths(turned.waits)
    waits = (quiet[49], quiet[98], busy[49], busy[98], turned.waits[-1])
    each = turned.seconds / number * _MILLION
    shown = "".join(f"{one * 1e3:8.2f}" for one in waits)
    rate = f"{number / turned.seconds:9,.0f}{each:11.1f}{turned.cpu / number * 1e6:8.1f}"
    return f"  {name:38}{rate}   {shown}"


def _hundredths(found: list[float]) -> list[float]:
    return quantiles(found, n=100)


def _floor(folder: Path, number: int) -> float:
    """Wrap as many keys anew, on the same settings, with nothing around it."""
    old, new = AESGCM(token_bytes(32)), AESGCM(token_bytes(32))
    with closing(sqlite3.connect(folder / "bare.db", isolation_level=None)) as database:
        for setting in ("journal_mode = wal", "synchronous = full", "secure_delete = on"):
            database.execute(f"pragma {setting}")
        database.execute(_TABLE)
        ids = [token_bytes(16) for _ in range(number)]
        rows = ((one, bytes(12) + old.encrypt(bytes(12), bytes(32), one)) for one in ids)
        database.execute("begin")
        database.executemany("insert into dek values (?, 1, ?)", rows)
        database.execute("commit")
        begun, after = time.perf_counter(), b""
        while page := database.execute(_LIST, (after, _PAGE)).fetchall():
            after = page[-1][0]
            database.execute("begin immediate")
            database.executemany(_SWAP, [(_anew(old, new, *row), *row) for row in page])
            database.execute("commit")
        return time.perf_counter() - begun


def _anew(old: AESGCM, new: AESGCM, dek_id: bytes, wrapped: bytes) -> bytes:
    nonce = os.urandom(12)
    return nonce + new.encrypt(nonce, old.decrypt(wrapped[:12], wrapped[12:], dek_id), dek_id)


async def _turned(number: int, server: Server | None = None, keys: str = "") -> Turned:
    async with placed(server) as place, _filled(place, number, keys) as vault:
        connection = await vault.add("openrouter", OWNER, secret=Secret("sk-" + "x" * 40))

        async def ask() -> None:
            await vault.token(connection.id, owner=OWNER, purpose="bench")

        async with _waiting(ask) as quiet:
            await asyncio.sleep(_QUIET)
        async with _waiting(ask) as waits:
            begun, cpu = time.perf_counter(), time.process_time()
            status = await vault.rotate()
            taken = time.perf_counter() - begun
            cpu = time.process_time() - cpu
        if (status.stale, status.data_keys) != (0, number + 2):
            raise AssertionError(status)
    return Turned(seconds=taken, cpu=cpu, quiet=sorted(quiet), waits=sorted(waits))


@asynccontextmanager
async def _waiting(ask: Callable[[], Awaitable[None]]) -> AsyncGenerator[list[float]]:
    """Ask again and again, and note how long after its time each was answered."""
    waits: list[float] = []

    async def asking() -> None:
        due = time.perf_counter()
        while True:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await ask()
            # The loop may come late to it: that is a part of the wait.
            waits.append(time.perf_counter() - due)
            due = max(due, time.perf_counter()) + _EVERY

    task = asyncio.create_task(asking())
    try:
        yield waits
    finally:
        task.cancel()
        await asyncio.wait([task])


@asynccontextmanager
async def _filled(place: Place, number: int, keys: str) -> AsyncGenerator[Vault]:
    """Open a vault that has so many data keys."""
    opening = Vault.open(
        place.database, keys=keys or place.keys, journal=place.journal, background=False
    )
    async with opening as vault:
        seats = asyncio.Semaphore(8)

        async def some(begin: int) -> None:
            async with seats:
                await _fill(vault.room, min(_BATCH, number - begin))

        await asyncio.gather(*(some(begin) for begin in range(0, number, _BATCH)))
        yield vault


async def _fill(room: Room, number: int) -> None:
    holder, store = room.keyring.keys.holders.current, room.store
    ids = [token_bytes(16) for _ in range(number)]
    items = [
        Raw(bytearray(32), wrap_context(store.id, "acme", f"con_{one.hex()}", one)) for one in ids
    ]
    made = zip(ids, await holder.wrap(items), strict=True)
    version, now = await holder.version(), store.clock()
    rows = [
        WrappedKey(one, "acme", f"con_{one.hex()}", holder.id, version, wrapped, now)
        for one, wrapped in made
    ]
    await store.commit(*map(AddKey, rows))


async def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rotation")
    parser.add_argument("--keys", type=int, default=_KEYS)
    print("\n".join(await _lines(parser.parse_args().keys)))


if __name__ == "__main__":
    asyncio.run(_main())

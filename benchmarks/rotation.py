"""All data keys wrapped anew, under a new version of the holder's key; and tokens read meanwhile.

`python -m benchmarks.rotation --keys 1000000` takes as many as one likes.
"""

import argparse
import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from secrets import token_bytes
from statistics import quantiles

from benchmarks.ground import OWNER, Place, placed
from benchmarks.openbao import MISSING as NO_BAO
from benchmarks.openbao import serving as serving_bao
from benchmarks.postgres import MISSING, Server, serving
from benchmarks.rotation_floor import local, on_openbao
from connector_vault import Secret, Vault
from connector_vault.envelope import wrap_context
from connector_vault.keys import Raw
from connector_vault.room import Room
from connector_vault.stores import AddKey, WrappedKey

__all__ = ["measure"]

_KEYS = 100_000
_BATCH = 500
"""Data keys to one commit, while they are made."""

_WARM, _COLD = 0.002, 0.005
"""Seconds between two tokens that are asked for, the data key at hand or not."""

_QUIET = 4.0
"""Seconds of that beforehand, when nothing else is done."""

_MILLION = 1_000_000

_Ask = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds from when a token is asked for until it is there, of each."""

    warm: list[float]
    cold: list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """What a rotation took, in seconds, and how long callers waited before it and meanwhile."""

    seconds: float
    cpu: float
    before: Waits
    meanwhile: Waits


async def measure() -> str:
    """Rotate once on each database and holder, beside the same work without a vault."""
    return await _measured(_KEYS)


async def _measured(number: int) -> str:
    table = _Table(number)
    async with placed() as place:
        seconds = await asyncio.to_thread(local, place.folder, number)
    table.floor("floor: AESGCM twice, and sqlite3", seconds)
    table.add("local, SQLite", await _turned(number), owed=" (owed: 30)")
    with serving() as server:
        if server:
            table.add("local, PostgreSQL", await _turned(number, server))
    with serving_bao() as bao:
        if bao:
            async with placed() as place:
                seconds = await asyncio.to_thread(on_openbao, place.folder, number, bao)
            table.floor("floor: 128 keys to a request, and sqlite3", seconds)
            table.add("OpenBao, SQLite", await _turned(number, keys=bao.key()), owed=" (owed: 60)")
    missing = {MISSING: server, NO_BAO: bao}
    return table.written([f"  {words}" for words, part in missing.items() if part is None])


class _Table:
    """The lines about how fast it was, and those about how long callers waited."""

    def __init__(self, number: int) -> None:
        heads = "".join(f"{one:>8}" for one in ("p50", "p99", "longest") * 2)
        self._number = number
        self._speeds = [f"{f'{number:,} data keys wrapped anew':46}    keys/s  s/million  µs CPU"]
        self._waits = [f"{'ms to a token: before, and meanwhile':46}{heads}"]

    def floor(self, name: str, seconds: float) -> None:
        """Tell what the work takes with nothing around it."""
        self._speeds.append(self._speed(name, seconds))

    def add(self, name: str, turned: Turned, *, owed: str = "") -> None:
        """Tell what a rotation took."""
        cpu = f"{turned.cpu / self._number * _MILLION:8.1f}"
        self._speeds.append(self._speed(f"rotate(), {name}{owed}", turned.seconds) + cpu)
        before, meanwhile = turned.before, turned.meanwhile
        warm = _spread(before.warm) + _spread(meanwhile.warm)
        cold = _spread(before.cold) + _spread(meanwhile.cold)
        self._waits += [f"  {f'{name}, warm':44}{warm}", f"  {f'{name}, cold':44}{cold}"]

    def written(self, notes: Sequence[str]) -> str:
        """Give all lines."""
        return "\n".join([*self._speeds, *self._waits, *notes])

    def _speed(self, name: str, seconds: float) -> str:
        each = seconds / self._number
        return f"  {name:44}{1 / each:10,.0f}{each * _MILLION:11.1f}"


def _spread(found: Sequence[float]) -> str:
    hundredths = quantiles(found, n=100, method="inclusive")
    return "".join(f"{one * 1e3:8.2f}" for one in (hundredths[49], hundredths[98], max(found)))


async def _turned(number: int, server: Server | None = None, keys: str = "") -> Turned:
    async with placed(server) as place, _filled(place, number, keys) as vault:
        warm, cold = await _asking(vault, cold=False), await _asking(vault, cold=True)
        async with _waiting(warm, _WARM) as first, _waiting(cold, _COLD) as second:
            await asyncio.sleep(_QUIET)
            before = Waits(first, second)
        async with _waiting(warm, _WARM) as first, _waiting(cold, _COLD) as second:
            begun, cpu = time.perf_counter(), time.process_time()
            status = await vault.rotate()
            taken = time.perf_counter() - begun
            cpu = time.process_time() - cpu
        # Those of the two connections and the store's own are among them.
        if (status.stale, status.data_keys) != (0, number + 3):
            raise AssertionError(status)
    return Turned(seconds=taken, cpu=cpu, before=before, meanwhile=Waits(first, second))


async def _asking(vault: Vault, *, cold: bool) -> _Ask:
    """Keep a secret, and give what asks for it."""
    connection = (await vault.add("openrouter", OWNER, secret=Secret("sk-" + "x" * 40))).id
    row = await vault.room.credential(connection, OWNER)

    async def ask() -> None:
        if cold:
            vault.room.keyring.keys.forget(row.dek_id)
        await vault.token(connection, owner=OWNER, purpose="bench")

    return ask


@asynccontextmanager
async def _waiting(ask: _Ask, every: float) -> AsyncGenerator[list[float]]:
    """Ask again and again, and note how long after its time each was answered."""
    waits: list[float] = []

    async def asking() -> None:
        due = time.perf_counter()
        while True:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await ask()
            # The loop may come late to it: that is a part of the wait.
            waits.append(time.perf_counter() - due)
            due = max(due, time.perf_counter()) + every

    task = asyncio.create_task(asking())
    try:
        yield waits
    finally:
        task.cancel()
        await asyncio.wait([task])
    if not task.cancelled():
        # It could not be asked any more.
        task.result()


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
    print(await _measured(parser.parse_args().keys))


if __name__ == "__main__":
    asyncio.run(_main())

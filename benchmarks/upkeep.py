"""Keeping many connections alive: how many refreshes a second, and how late they come.

The provider is a process of its own, asked over loopback. The refreshing is done by processes of
their own, too: `python -m benchmarks.upkeep round ...` makes one round of maintenance when it is
told to, and `... keep ...` goes on until it is told to end.

`python -m benchmarks.upkeep --minutes 6 --connections 10000` measures how late refreshes come, at
length; `python -m benchmarks upkeep` takes a shorter time.
"""

import argparse
import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from secrets import token_hex
from statistics import quantiles

import httpx2
from pydantic import TypeAdapter

from benchmarks.ground import CLIENT, Place, placed
from benchmarks.people import Grant, settle
from benchmarks.postgres import MISSING, Server, serving
from benchmarks.program import program
from benchmarks.provider import Provider, Told, providing, refresh_token
from connector_vault import Vault

__all__ = ["measure"]

_DUE = 2000
"""Connections, all due at once."""

_AT_ONCE = 64
"""Requests under way at once: as many as one round of maintenance makes."""

_LATENCY = 0.1
"""Seconds a provider takes."""

_LEAD = 5.0
"""Seconds from when processes that keep connections alive begin to the first that is due."""

_AFTER = 40.0
"""Seconds that the last may be late, before it is no more waited for."""

_HOUR = 3600 * 1000
"""Milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What one process did."""

    refreshed: int
    failed: int
    begun: float
    """Seconds since 1970, as is the next."""
    ended: float
    cpu: float
    """Seconds."""


async def measure() -> str:
    """Measure both on each database, the lateness for a minute and a half."""
    with serving() as server:
        parts = [await _throughput(server), await _lateness(server, 1.0, 1500)]
    return "\n".join(parts)


async def _throughput(server: Server | None) -> str:
    async with providing(0) as provider:
        floor = await _posts(provider)
        lines = [f"{_DUE:,} refreshes that are due at once, a provider that answers at once"]
        lines.append(_rate(f"floor: POST by httpx2, {_AT_ONCE} at once", floor, floor))
        for where, name in ((None, "SQLite"), (server, "PostgreSQL")):
            if name == "PostgreSQL" and server is None:
                lines.append(f"  {MISSING}")
                continue
            for processes in (1, 4):
                rate, cpu = await _rounds(provider, where, processes)
                words = f"maintain(), {name}, {processes} process{'es' * (processes > 1)}"
                lines.append(f"{_rate(words, rate, floor)}   {cpu:.2f} ms CPU each")
    return "\n".join(lines)


async def _posts(provider: Provider) -> float:
    """Give how many requests a second httpx2 makes, and nothing else."""
    url = f"{provider.url}/github.com/login/oauth/access_token"
    left = iter(range(_DUE))
    limits = httpx2.Limits(max_connections=_AT_ONCE)
    async with httpx2.AsyncClient(trust_env=False, limits=limits, timeout=30) as client:

        async def some() -> None:
            for number in left:
                await client.post(url, data={"refresh_token": refresh_token(f"floor{number}")})

        begun = time.perf_counter()
        await asyncio.gather(*(some() for _ in range(_AT_ONCE)))
        taken = time.perf_counter() - begun
    await provider.told()
    return _DUE / taken


async def _rounds(provider: Provider, server: Server | None, count: int) -> tuple[float, float]:
    """Give refreshes a second, and milliseconds of CPU for each, by so many processes."""
    async with placed(server) as place:
        now, run = time.time_ns() // 1_000_000, token_hex(3)
        names = [f"{run}x{number}" for number in range(_DUE)]
        grants = [Grant(name=name, due_at=now, expires_at=now + _HOUR) for name in names]
        await _settled(place, provider, grants)
        done = await _together("round", place, provider, count, asyncio.sleep(0))
    told = await provider.told()
    refreshed = sum(one.refreshed for one in done)
    if (refreshed, told.again, len(told.posts)) != (_DUE, 0, _DUE):
        raise AssertionError((done, told.again, len(told.posts)))
    taken = max(one.ended for one in done) - min(one.begun for one in done)
    return refreshed / taken, sum(one.cpu for one in done) / refreshed * 1e3


async def _lateness(server: Server | None, minutes: float, connections: int) -> str:
    title = (
        f"{connections:,} refreshes due within {minutes:g} min, {_LATENCY * 1e3:.0f} ms at the "
        f"provider, two processes: seconds late"
    )
    lines = [f"{title}\n  {'':14}{'p50':>7}{'p95':>7}{'p99':>7}{'max':>7}"]
    for where, name in ((None, "SQLite"), (server, "PostgreSQL")):
        if name == "PostgreSQL" and server is None:
            lines.append(f"  {MISSING}")
            continue
        async with providing(_LATENCY) as provider, placed(where) as place:
            lines.append(f"  {name:14}{await _late(provider, place, minutes, connections)}")
    return "\n".join(lines)


async def _late(provider: Provider, place: Place, minutes: float, connections: int) -> str:
    # They are due after all of them are kept: ten thousand take a while.
    first = time.time() + _LEAD + connections * 0.004
    apart = minutes * 60 / connections
    dues = [int((first + number * apart) * 1000) for number in range(connections)]
    grants = [
        Grant(name=f"g{number}", due_at=due, expires_at=due + 300_000, timed=True)
        for number, due in enumerate(dues)
    ]
    await _settled(place, provider, grants)
    await asyncio.sleep(max(0.0, first - _LEAD - time.time()))
    seen: list[Told] = []
    watching = _watch(provider, seen, connections, until=dues[-1] / 1000 + _AFTER)
    done = await _together("keep", place, provider, 2, watching)
    lags = sorted(lag for told in seen for _, lag in told.arrivals)
    twice = sum(told.again for told in seen)
    cpu = sum(one.cpu for one in done)
    return (
        f"{_quantiles(lags)}   refreshed {len(lags) - twice:,}, sent twice {twice}, early "
        f"{sum(lag < 0 for lag in lags)}; {cpu:.1f} s CPU in all"
    )


async def _watch(provider: Provider, seen: list[Told], wanted: int, *, until: float) -> None:
    while time.time() < until and sum(len(told.arrivals) for told in seen) < wanted:
        await asyncio.sleep(1)
        seen.append(await provider.told())
    # Whatever comes twice comes soon after.
    await asyncio.sleep(2)
    seen.append(await provider.told())


async def _settled(place: Place, provider: Provider, grants: Sequence[Grant]) -> None:
    async with _opened(place.folder.as_posix(), place.database, provider.url) as vault:
        await settle(vault.room, grants)


async def _together(
    deed: str, place: Place, provider: Provider, count: int, meanwhile: Awaitable[object]
) -> list[Done]:
    """Have so many processes begin at once, and give what they did."""
    command = (sys.executable, "-m", "benchmarks.upkeep", deed)
    said = (place.folder.as_posix(), place.database, provider.url)
    async with AsyncExitStack() as stack:
        processes = [
            await stack.enter_async_context(program(*command, *said)) for _ in range(count)
        ]
        for process in processes:
            await process.hear()
        for process in processes:
            await process.say("begin")
        await meanwhile
        if deed == "keep":
            for process in processes:
                await process.say("end")
        return [TypeAdapter(Done).validate_python(await one.hear()) for one in processes]


def _rate(name: str, rate: float, floor: float) -> str:
    return f"  {name:52}{rate:9.0f} /s {rate / floor:7.2f} x"


def _quantiles(lags: Sequence[float]) -> str:
    if len(lags) < 2:
        return "too few came"
    hundredths = quantiles(lags, n=100)
    shown = (hundredths[49], hundredths[94], hundredths[98], max(lags))
    return "".join(f"{one:7.1f}" for one in shown)


def _opened(folder: str, database: str, url: str) -> AbstractAsyncContextManager[Vault]:
    return Vault.open(
        database,
        keys=f"local:{folder}/vault.key",
        journal=f"{folder}/journal",
        clients=[CLIENT],
        emulator=url,
        background=False,
    )


async def _round(folder: str, database: str, url: str) -> None:
    """Make one round of maintenance, when told to."""
    async with _opened(folder, database, url) as vault:
        await _begin()
        begun, cpu = time.time(), _cpu()
        report = await vault.maintain()
        ended = time.time()
        _say(report.refreshed, report.failed, begun, ended, _cpu() - cpu)


async def _keep(folder: str, database: str, url: str) -> None:
    """Do what a process with a vault does in the background, from one line to the next."""
    async with _opened(folder, database, url) as vault:
        await _begin()
        begun, cpu = time.time(), _cpu()
        task = asyncio.create_task(vault.maintain(once=False))
        await asyncio.to_thread(sys.stdin.readline)
        task.cancel()
        _say(0, 0, begun, time.time(), _cpu() - cpu)


async def _begin() -> None:
    print("0", flush=True)
    await asyncio.to_thread(sys.stdin.readline)


def _say(refreshed: int, failed: int, begun: float, ended: float, cpu: float) -> None:
    said = {"refreshed": refreshed, "failed": failed, "begun": begun, "ended": ended, "cpu": cpu}
    print(json.dumps(said), flush=True)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def _at_length(minutes: float, connections: int) -> None:
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"load {load}")
    with serving() as server:
        print(await _lateness(server, minutes, connections))


_DEEDS: dict[str, Callable[[str, str, str], Awaitable[None]]] = {"round": _round, "keep": _keep}


async def _main() -> None:
    if len(sys.argv) == 5 and sys.argv[1] in _DEEDS:
        await _DEEDS[sys.argv[1]](*sys.argv[2:])
        return
    parser = argparse.ArgumentParser(prog="python -m benchmarks.upkeep")
    parser.add_argument("--minutes", type=float, default=6)
    parser.add_argument("--connections", type=int, default=10_000)
    said = parser.parse_args()
    await _at_length(said.minutes, said.connections)


if __name__ == "__main__":
    asyncio.run(_main())

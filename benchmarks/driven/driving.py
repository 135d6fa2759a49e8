"""How a vault is driven. It imports nothing that only our own environment has.

`keep URL FOLDER GRANT SECONDS` lets it keep a token set that ends in so many seconds.
`read URL FOLDER TIMES` gets a token that is good, so many times, and says how long each took.
`crowd URL FOLDER CALLERS` says something, waits for a line, and lets so many ask at once.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Protocol

__all__ = ["CLIENT", "Door", "Foreign", "Kept", "Peer", "drive", "foreign"]

CLIENT = "Iv1.emulator"
"""The OAuth client."""

_MOST = 256
"""Threads, where callers wait in one each."""

_WARM = 20
"""Reads before it counts."""


class Foreign(Protocol):
    """What only another environment has: nothing is known of it here."""

    def __getattr__(self, name: str) -> "Foreign": ...

    def __call__(self, *said: object, **named: object) -> "Foreign": ...

    def __getitem__(self, name: str) -> "Foreign": ...

    def __iter__(self) -> Iterator["Foreign"]: ...

    def __await__(self) -> Generator[None, None, "Foreign"]: ...

    def __add__(self, other: timedelta) -> "Foreign": ...


def foreign(place: str) -> Foreign:
    """Give what `package.module:name` names."""
    module, _, name = place.partition(":")
    found: Foreign = getattr(import_module(module), name)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A token set to keep, and where."""

    url: str
    folder: Path
    access: str
    refresh: str
    seconds: int
    """Until the access token ends. It may have ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The ways to a token."""

    read: Callable[[], Awaitable[object]]
    """The quickest, to one that is known to be good."""
    fresh: Callable[[], Awaitable[str]]
    """One that is refreshed first if it has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A vault."""

    keep: Callable[[Kept], Awaitable[None]]
    open: Callable[[str, Path], AbstractAsyncContextManager[Door]]


def drive(peer: Peer) -> None:
    """Do what the command line says."""
    deed, url, folder, *said = sys.argv[1:]
    match deed:
        case "keep":
            grant, seconds = said
            work = _keep(peer, _kept(url, Path(folder), grant, int(seconds)))
        case "read":
            work = _read(peer, url, Path(folder), int(said[0]))
        case _:
            work = _crowd(peer, url, Path(folder), int(said[0]))
    asyncio.run(_run(work))


async def _run(work: Awaitable[None]) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_MOST))
    await work


def _kept(url: str, folder: Path, grant: str, seconds: int) -> Kept:
    access = f"gho_{grant}_{0:0>{35 - len(grant)}}"
    return Kept(url=url, folder=folder, access=access, refresh=f"ghr_0_{grant}_0", seconds=seconds)


async def _keep(peer: Peer, kept: Kept) -> None:
    await peer.keep(kept)
    _say("kept")


async def _read(peer: Peer, url: str, folder: Path, times: int) -> None:
    taken: list[float] = []
    async with peer.open(url, folder) as door:
        for _ in range(_WARM):
            await door.read()
        for _ in range(times):
            begun = time.perf_counter()
            await door.read()
            taken.append(time.perf_counter() - begun)
    _say(taken)


async def _crowd(peer: Peer, url: str, folder: Path, callers: int) -> None:
    async with peer.open(url, folder) as door:
        _say("ready")
        await asyncio.to_thread(sys.stdin.readline)
        answers = await asyncio.gather(
            *(door.fresh() for _ in range(callers)), return_exceptions=True
        )
    tokens = [answer for answer in answers if isinstance(answer, str)]
    errors = [type(answer).__name__ for answer in answers if not isinstance(answer, str)]
    _say({"tokens": tokens, "errors": errors})


def _say(said: object) -> None:
    print(json.dumps(said), flush=True)

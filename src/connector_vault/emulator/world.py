"""Hold a running emulator: start it, move its clock, ask what it heard, let it fail."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager, closing
from functools import partial
from http.client import HTTPConnection, HTTPException
from threading import Thread
from urllib.parse import urlencode, urlsplit

from connector_vault.connector import Json, read
from connector_vault.emulator.faults import Kind
from connector_vault.emulator.log import Entry
from connector_vault.emulator.server import open_server
from connector_vault.emulator.site import Consent
from connector_vault.emulator.stage import Stage
from connector_vault.errors import BadArguments, Misconfigured, Unreachable

__all__ = ["World", "attach", "running"]

_HERE = "127.0.0.1"

_TIMEOUT = 35.0
"""Seconds; more than the control door ever waits."""


class World:
    """An emulator that is running, in this process or another."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    async def advance(self, seconds: float) -> None:
        """Let time pass at the providers."""
        await self._ask("POST", "clock", {"advance": seconds})

    async def log(self, host: str = "*", path: str = "*") -> tuple[Entry, ...]:
        """List what was asked of the providers, in order. A `*` stands for anything."""
        return await self.heard(host=host, path=path, times=0)

    async def heard(
        self, *, host: str = "*", path: str = "*", times: int = 1, settled: bool = False
    ) -> tuple[Entry, ...]:
        """Wait until a place was asked this often, then list those requests.

        A request counts from when it came in or, if `settled`, from when its end was decided.

        Raises:
            BadArguments: it did not happen within 30 s.
        """
        wanted = {"host": host, "path": path, "times": times, **({"settled": 1} if settled else {})}
        said = await self._ask("GET", f"log?{urlencode(wanted)}")
        return tuple(read(list[Entry], said))

    async def forget_log(self) -> None:
        """Forget what was asked so far."""
        await self._ask("DELETE", "log")

    async def fault(
        self,
        *,
        kind: Kind,
        host: str = "*",
        path: str = "*",
        method: str | None = None,
        seconds: float = 0.0,
        status: int = 500,
        body: Json = None,
        headers: Mapping[str, str] | None = None,
        times: int | None = 1,
    ) -> None:
        """Let the next `times` requests that fit go wrong, as `Fault` says. None: all of them."""
        place = {"host": host, "path": path, "method": method, "times": times}
        said = {"status": status, "body": body, "headers": headers or {}}
        await self._ask("POST", "faults", {"kind": kind, "seconds": seconds, **place, **said})

    async def mend(self) -> None:
        """Call off the faults that are still to come."""
        await self._ask("DELETE", "faults")

    async def release(self) -> int:
        """Let replies that a `delay` or a `late` holds go on at once; tell how many there were."""
        said = await self._ask("POST", "release", {})
        return read(int, said["released"])

    async def act(self, provider: str, deed: str, /, **details: Json) -> Json:
        """Do what a user or an operator does there. Each connector's emulator lists its deeds.

        Raises:
            BadArguments: there is no such deed, or a detail is wrong.
        """
        return await self._ask("POST", "act", {**details, "provider": provider, "deed": deed})

    async def _ask(self, method: str, what: str, body: Json = None) -> Json:
        # In a thread: the emulator may share this loop.
        return await asyncio.to_thread(_ask, self.url, method, what, body)


def attach(url: str) -> World:
    """Hold an emulator that somebody else started."""
    return World(url)


@asynccontextmanager
async def running(*names: str, port: int = 0, consent: Consent = "auto") -> AsyncGenerator[World]:
    """Play these connectors' providers; without a name, all that can be played.

    The server runs in a thread of its own, so that a client may block its own loop.

    Raises:
        BadArguments: no connector has this name.
        Misconfigured: a connector has no emulator, or the port is taken.
    """
    stage = Stage.of(*names, consent=consent)
    opened: Future[tuple[str, Callable[[], object]]] = Future()
    thread = Thread(target=_run, args=(stage, port, opened), name="emulator", daemon=True)
    thread.start()
    url, stop = await asyncio.wrap_future(opened)
    try:
        yield World(url)
    finally:
        stop()
        await asyncio.to_thread(thread.join)


def _run(stage: Stage, port: int, opened: Future[tuple[str, Callable[[], object]]]) -> None:
    async def main() -> None:
        stop = asyncio.Event()
        end = partial(asyncio.get_running_loop().call_soon_threadsafe, stop.set)
        await open_server(stage, _HERE, port, lambda url: opened.set_result((url, end)), stop)

    try:
        asyncio.run(main())
    except Misconfigured as error:
        opened.set_exception(error)


def _ask(url: str, method: str, what: str, body: Json) -> Json:
    place = urlsplit(url)
    headers = {"content-type": "application/json"}
    sent = None if body is None else json.dumps(body).encode()
    with closing(HTTPConnection(place.hostname or "", place.port, timeout=_TIMEOUT)) as wire:
        try:
            wire.request(method, f"{place.path}/_emulator/{what}", sent, headers)
            reply = wire.getresponse()
            said: Json = json.loads(reply.read())
        except (OSError, HTTPException, ValueError) as error:
            msg = f"the emulator at {url} did not answer: {error}"
            raise Unreachable(msg) from error
    if reply.status != 200:
        raise BadArguments(said["error"])
    return said

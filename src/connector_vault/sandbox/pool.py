"""Which worker does what: kept for one owner and provider, or used once."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Hashable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from connector_vault.errors import ConnectorVaultError, Crashed, Misconfigured, NotAllowed
from connector_vault.sandbox.level import Isolation
from connector_vault.sandbox.nursery import Nursery
from connector_vault.sandbox.process import Process

__all__ = ["Breed", "Pool"]

_BUSY = 64
"""Workers that run a tool at once. Further calls wait, as long as their deadlines allow."""

_IDLE = 32
"""Workers that are kept for an owner's next call. The one that has waited longest goes."""

_SPARE = 2
"""Workers of a breed that are ready before they are wanted."""

_CALLS = 200
"""Calls of one worker."""

_LIFE = 300.0
"""Seconds of one worker, and of one that nobody wants."""

_LOAD = 10.0
"""Seconds that a third party's code may take to be imported ahead of a call."""


@dataclass(frozen=True, slots=True)
class Breed:
    """What a worker is ready for: one of our connectors, or one of somebody else's."""

    connector: tuple[str, str] | None = None
    """Module and name of somebody else's, which only a worker imports."""
    readable: tuple[str, ...] = ()
    sandboxed: bool = False
    """Whether one that is not in a sandbox must run nobody's code."""
    ours: tuple[str, str] | None = None
    """Module and name of one of ours, which the zygote has imported before."""


class Pool:
    """Workers, lent out."""

    def __init__(self, nursery: Nursery) -> None:
        self._nursery = nursery
        self._busy = asyncio.Semaphore(_BUSY)
        self._idle: dict[Process, tuple[Hashable, asyncio.TimerHandle]] = {}
        """The one that has waited longest first."""
        self._spare: dict[Breed, list[Process]] = {}
        self._refills: dict[Breed, asyncio.Task[None]] = {}
        self._closed = False
        self._lent: set[Process] = set()
        self._returned = asyncio.Event()
        """Set while none is lent."""
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def lent(self, breed: Breed, key: Hashable | None) -> AsyncGenerator[Process]:
        """Lend a worker. `key`: who may use it again; None: nobody.

        If the borrower fails, or is cancelled, it is killed at once.

        Raises:
            Misconfigured, Crashed: none can be made.
        """
        async with self._busy:
            process = self._kept(key) or await self._new(breed)
            self._lent.add(process)
            try:
                self._check_open()
                yield process
            except BaseException:
                process.spent = True
                raise
            finally:
                self._lent.discard(process)
                self._returned.set()
                if key is None or self._closed or not self._is_good(process):
                    self._drop(process)
                else:
                    self._keep(process, key)
            # Now, and not while the call had use for the processor.
            self._refill_soon(breed)

    async def close(self) -> None:
        """End all of them, and wait until they are gone."""
        self._closed = True
        for refill in self._refills.values():
            refill.cancel()
        while self._lent:
            # Whoever borrowed one sees it die, and gives it back.
            self._returned.clear()
            for process in self._lent:
                process.kill()
            await self._returned.wait()
        while self._idle or self._spare or self._tasks:
            for process in list(self._idle):
                self._give_up(process)
            for _, some in [self._spare.popitem() for _ in list(self._spare)]:
                for process in some:
                    self._drop(process)
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _check_open(self) -> None:
        if self._closed:
            raise Misconfigured("the gateway was closed: make another")

    def _kept(self, key: Hashable | None) -> Process | None:
        mine = [one for one, (owner, _) in self._idle.items() if key is not None and owner == key]
        for process in reversed(mine):
            _, timer = self._idle.pop(process)
            timer.cancel()
            if self._is_good(process):
                return process
            self._drop(process)
        return None

    def _keep(self, process: Process, key: Hashable) -> None:
        while len(self._idle) >= _IDLE:
            self._give_up(next(iter(self._idle)))
        end = process.born + _LIFE
        timer = asyncio.get_running_loop().call_at(end, self._give_up, process)
        self._idle[process] = (key, timer)

    def _give_up(self, process: Process) -> None:
        _, timer = self._idle.pop(process)
        timer.cancel()
        self._drop(process)

    def _is_good(self, process: Process) -> bool:
        old = asyncio.get_running_loop().time() - process.born > _LIFE
        return not (process.spent or old) and process.calls < _CALLS and self._is_live(process)

    def _is_live(self, process: Process) -> bool:
        return process.silent and self._nursery.is_live(process)

    async def _new(self, breed: Breed) -> Process:
        ready, process = self._spare.setdefault(breed, []), None
        while ready and process is None:
            process = ready.pop(0)
            if not self._is_live(process):
                self._drop(process)
                process = None
        return process or await self._born(breed)

    def _refill_soon(self, breed: Breed) -> None:
        lacks = len(self._spare.get(breed, ())) < _SPARE
        if lacks and not self._closed and breed not in self._refills:
            task = self._begin(self._refill(breed))
            self._refills[breed] = task
            task.add_done_callback(lambda _: self._refills.pop(breed))

    async def _refill(self, breed: Breed) -> None:
        # What fails here fails again in a call, where somebody is told.
        with suppress(ConnectorVaultError, OSError):
            while len(self._spare.setdefault(breed, [])) < _SPARE:
                process = await self._born(breed)
                self._spare.setdefault(breed, []).append(process)

    async def _born(self, breed: Breed) -> Process:
        process = await self._nursery.fork(breed.readable, breed.ours)
        try:
            _check_sandboxed(process.isolation("fresh"), breed)
            if breed.connector is None:
                return process
            async with asyncio.timeout(_LOAD):
                await process.ask({"connector": breed.connector})
        except TimeoutError:
            self._drop(process)
            words = f"a connector's tools were not imported within {_LOAD:.0f} s"
            raise Crashed(f"{words}: tell its author") from None
        except BaseException:
            self._drop(process)
            raise
        return process

    def _drop(self, process: Process) -> None:
        process.kill()
        self._begin(process.end())

    def _begin(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _check_sandboxed(isolation: Isolation, breed: Breed) -> None:
    if breed.sandboxed and not isolation.sandboxed:
        words = f"this tool may only run in a sandbox, and this kernel gave {isolation}"
        raise NotAllowed(f"{words}: `connector-vault doctor` says what is missing")

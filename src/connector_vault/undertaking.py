"""Work that is seen through, even if nobody waits for it any more."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Hashable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Generic, TypeVar

from anyio import CancelScope

__all__ = ["Shared", "Undertakings", "unhurried"]

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@asynccontextmanager
async def unhurried() -> AsyncGenerator[AsyncExitStack]:
    """Give an exit stack that is left in peace: anyio's scopes cancel again at every await."""
    stack = AsyncExitStack()
    try:
        yield stack
    finally:
        with CancelScope(shield=True):
            await stack.aclose()


class Undertakings:
    """Tasks that outlive their callers: what was spent at a provider has to be stored here."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()
        self._closing = asyncio.Event()

    @property
    def closing(self) -> bool:
        """Whether it is time to come to an end."""
        return self._closing.is_set()

    async def rest(self, seconds: float) -> None:
        """Wait so long between two tries, or until it is time to come to an end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()

    def begin(self, work: Coroutine[None, None, T]) -> asyncio.Task[T]:
        """Start work. Wait for it with `asyncio.shield`."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._end)
        return task

    async def see_through(self, work: Coroutine[None, None, T]) -> T:
        """Do work. It goes on to its end if this call is cancelled."""
        return await asyncio.shield(self.begin(work))

    async def close(self) -> None:
        """Let everything come to its end, and what tries again and again give up."""
        self._closing.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _end(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # Seen here, because every caller that waited for it may have gone.
            task.exception()


class Shared(Generic[K, T]):
    """Work that is under way once, however many callers want it."""

    def __init__(self, work: Undertakings) -> None:
        self._work = work
        self._tasks: dict[K, asyncio.Task[T]] = {}

    def begin(self, which: K, make: Callable[[], Coroutine[None, None, T]]) -> asyncio.Task[T]:
        """Start work, or join it. Wait for it with `asyncio.shield`."""
        task = self._tasks.get(which)
        if task is None:
            task = self._work.begin(make())
            self._tasks[which] = task
            task.add_done_callback(lambda _: self._tasks.pop(which))
        return task

"""Telling the program around the vault what became of a connection, once it is committed."""

import asyncio
import inspect
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from connector_vault import stores
from connector_vault.events import event_of
from connector_vault.news import Event
from connector_vault.stores import Change, Store

__all__ = ["OnEvent", "announced"]

OnEvent = Callable[[Event], Awaitable[None] | None]

_MAX_WAITING = 10_000
"""Events that wait for a slow program. Beyond it the newest are not told."""

_PATIENCE = 5.0
"""Seconds a program has for what is left when the vault is closed."""

_log = logging.getLogger(__name__)


@asynccontextmanager
async def announced(store: Store, on_event: OnEvent | None) -> AsyncGenerator[Store]:
    """Give the store, and tell of each event that is committed through it, one after another."""
    if on_event is None:
        yield store
        return
    crier = _Crier(on_event)
    telling = asyncio.create_task(crier.tell())
    try:
        yield _Announcing(store, crier.hear)
    finally:
        await crier.close(telling)


class _Announcing:
    """A store that says what was committed. What only reads costs nothing more."""

    def __init__(self, store: Store, hear: Callable[[Sequence[stores.Event]], None]) -> None:
        self.id, self.shared, self.home = store.id, store.shared, store.home
        self.clock, self.presence = store.clock, store.presence
        self.get, self.key, self.rows = store.get, store.key, store.rows
        self.take, self.lease = store.take, store.lease
        self._commit = store.commit
        self._hear = hear

    async def commit(self, *changes: Change) -> None:
        await self._commit(*changes)
        self._hear([change for change in changes if isinstance(change, stores.Event)])


class _Crier:
    """Calls the program, whatever it does, one event at a time."""

    def __init__(self, on_event: OnEvent) -> None:
        self._on_event = on_event
        self._waiting: asyncio.Queue[stores.Event | None] = asyncio.Queue()
        self._untold = 0

    def hear(self, events: Sequence[stores.Event]) -> None:
        """Keep events that are to be told."""
        for event in events:
            if self._waiting.qsize() < _MAX_WAITING:
                self._waiting.put_nowait(event)
            else:
                self._drop()

    async def tell(self) -> None:
        """Tell of events until there are no more to come."""
        while (event := await self._waiting.get()) is not None:
            await self._call(event)
            if self._waiting.empty():
                self._untold = 0

    async def close(self, telling: asyncio.Task[None]) -> None:
        """Tell of what is left, within a few seconds."""
        self._waiting.put_nowait(None)
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await telling
        if telling.cancelled():
            _log.error("on_event was still busy at the end: %d untold", self._waiting.qsize())

    async def _call(self, event: stores.Event) -> None:
        try:
            # A plain function may wait for something: the loop must not.
            told = await asyncio.to_thread(self._on_event, event_of(event))
            if inspect.isawaitable(told):
                await told
        except Exception:  # noqa: BLE001  # it is not ours, and takes nothing with it
            _log.exception("on_event failed: %s of %s", event.name, event.connection)

    def _drop(self) -> None:
        self._untold += 1
        if self._untold == 1:
            _log.error("on_event is too slow: some events are not told; `events` still has them")

"""Sessions that are held open, each for one at a time."""

import asyncio
import os
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from connector_vault.errors import StoreUnavailable
from connector_vault.stores.postgres.failures import CLOSED, code_of, translate

if TYPE_CHECKING:
    from asyncpg import Connection, Record

    from connector_vault.stores.postgres.wording import Parameter

__all__ = ["Sessions"]

_FORKED = "the vault was opened before this process was forked: open it again here"
_BUSY = "the database is busy: every connection that we may hold was in use for too long"

_DEADLINE = 5.0
"""Seconds of a read, and of waiting for a session."""

_NOTHING = "select 1"


class Sessions:
    """Keeps up to so many sessions. The last one used is the first to be used again.

    They keep what they have prepared, and nothing is reset between uses: asyncpg's own pool takes
    longer for that than a read does.
    """

    def __init__(self, make: Callable[[], "Awaitable[Connection]"], most: int) -> None:
        self._make = make
        self._room = most
        """How many may still be opened."""
        self._idle: list[Connection] = []
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()
        self._mending: set[asyncio.Task[None]] = set()
        self._closed = False
        self._process = os.getpid()

    async def fetch(self, statement: str, values: "Sequence[Parameter]") -> "list[Record]":
        """Read. A session that was lost meanwhile is replaced, once."""
        return await self._read(await self.borrow(), statement, values, again=True)

    async def borrow(self, *, new: bool = False) -> "Connection":
        """Take a session, if possible a new one. Give it to `give_back`, or to `settle`."""
        if self._process != os.getpid():
            raise StoreUnavailable(_FORKED)
        while self._idle and not (new and self._room):
            session = self._idle.pop()
            if not session.is_closed():
                return session
            self._room += 1
        if self._closed:
            raise StoreUnavailable(CLOSED)
        if self._room:
            return await self._open()
        return await self._wait()

    def give_back(self, session: "Connection") -> None:
        """Let others have a session that is as it was."""
        if self._closed or session.is_closed():
            self._drop(session)
        elif not self._hand(session):
            self._idle.append(session)

    def settle(self, session: "Connection", error: BaseException) -> None:
        """Let others have a session after an error, if the server said it and that was all."""
        if isinstance(error, asyncio.CancelledError) and not self._closed:
            self._mend(session)
        elif code_of(error):
            self._return(session)
        else:
            self._drop(session)

    async def close(self) -> None:
        """Close what is idle. Whatever is in use is closed as it comes back."""
        self._closed = True
        while self._hand(None):
            pass
        idle, self._idle = self._idle, []
        await asyncio.gather(*map(_goodbye, idle), *self._mending)

    async def _read(
        self,
        session: "Connection",
        statement: str,
        values: "Sequence[Parameter]",
        *,
        again: bool = False,
    ) -> "list[Record]":
        try:
            found = await session.fetch(statement, *values, timeout=_DEADLINE)
        except BaseException as error:
            self.settle(session, error)
            if not isinstance(error, Exception):
                raise
            if not (again and session.is_closed() and not isinstance(error, TimeoutError)):
                raise translate(error) from None
        else:
            self.give_back(session)
            return found
        # Those that are idle may be lost too.
        return await self._read(await self.borrow(new=True), statement, values)

    async def _open(self) -> "Connection":
        self._room -= 1
        try:
            return await self._make()
        except BaseException:
            self._room += 1
            self._hand(None)
            raise

    async def _wait(self) -> "Connection":
        place: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            async with asyncio.timeout(_DEADLINE):
                session = await place
        except BaseException as error:
            self._leave(place)
            if isinstance(error, TimeoutError):
                raise StoreUnavailable(_BUSY) from None
            raise
        return session or await self.borrow()

    def _leave(self, place: "asyncio.Future[Connection | None]") -> None:
        if place in self._waiting:
            self._waiting.remove(place)
        elif place.done() and not place.cancelled():
            # It was handed over just as its caller gave up.
            session = place.result()
            if session is None:
                self._hand(None)
            else:
                self.give_back(session)

    def _hand(self, session: "Connection | None") -> bool:
        """Give a session, or the room for one, to whoever has waited longest."""
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(session)
                return True
        return False

    def _return(self, session: "Connection") -> None:
        if session.is_closed() or session.is_in_transaction():
            self._drop(session)
        else:
            self.give_back(session)

    def _mend(self, session: "Connection") -> None:
        # To let a read that was given up come to its end takes less than to connect again.
        task = asyncio.create_task(self._calm(session))
        self._mending.add(task)
        task.add_done_callback(self._mending.discard)

    async def _calm(self, session: "Connection") -> None:
        try:
            await session.execute(_NOTHING, timeout=_DEADLINE)
        except BaseException as error:
            self._drop(session)
            if not isinstance(error, Exception):
                raise
        else:
            self._return(session)

    def _drop(self, session: "Connection") -> None:
        session.terminate()
        self._room += 1
        self._hand(None)


async def _goodbye(session: "Connection") -> None:
    try:
        await session.close(timeout=1)
    except Exception:  # noqa: BLE001  # it is gone in any case
        session.terminate()

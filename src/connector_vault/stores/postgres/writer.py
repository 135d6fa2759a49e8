"""Transactions, each in a task of its own that is seen through."""

import asyncio
from collections.abc import Sequence
from random import uniform
from typing import TYPE_CHECKING

from connector_vault.stores import Undecided
from connector_vault.stores.postgres.failures import (
    answered,
    came_to_nothing,
    code_of,
    translating,
)
from connector_vault.stores.postgres.sessions import Sessions
from connector_vault.stores.postgres.wording import Statement

if TYPE_CHECKING:
    from asyncpg import Connection, Record

__all__ = ["Writer"]

_DEADLINE = 10.0
"""Seconds of a transaction. Longer than the server's own limits: see `connecting`."""

_TRIES = 5
"""Of a transaction that others were in the way of."""

_LOST = (
    "the answer to a commit was lost: it was made, or it was not. Look again before repeating it"
)
_BEGIN = "begin isolation level read committed"
_DURABLY = f"{_BEGIN}; set local synchronous_commit = on"
"""Behind a proxy, what a session was set to is the next one's affair."""


class Writer:
    """Makes transactions.

    Each goes on to its end if its caller is cancelled, so that none is left half made, and no
    session is given up in the middle of one.
    """

    def __init__(self, sessions: Sessions, *, pooled: bool) -> None:
        self._sessions = sessions
        self._pooled = pooled
        self._tasks: set[asyncio.Task[list[Record]]] = set()

    async def run(self, *statements: Statement) -> "list[Record]":
        """Carry out statements in one transaction, and give what the last one found.

        Raises:
            Conflict: a row was not as it was required to be.
            Undecided: nobody knows whether the transaction was made.
        """
        task = asyncio.create_task(self._patiently(statements))
        self._tasks.add(task)
        task.add_done_callback(self._end)
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Let what was begun come to its end."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _end(self, task: "asyncio.Task[list[Record]]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # Seen here, because every caller that waited for it may have gone.
            task.exception()

    async def _patiently(self, statements: Sequence[Statement]) -> "list[Record]":
        with translating():
            for tried in range(1, _TRIES):
                try:
                    return await self._once(statements)
                except Exception as error:
                    if not came_to_nothing(error):
                        raise
                await asyncio.sleep(uniform(0, 0.01 * 2**tried))  # noqa: S311  # it only spreads them
            return await self._once(statements)

    async def _once(self, statements: Sequence[Statement]) -> "list[Record]":
        session = await self._sessions.borrow()
        work = _Transaction(session, alone=len(statements) == 1 and not self._pooled)
        try:
            async with asyncio.timeout(_DEADLINE):
                found = await work.run(statements, _DURABLY if self._pooled else _BEGIN)
        except BaseException as error:
            self._sessions.settle(session, error)
            if work.sent and not answered(error):
                raise Undecided(_LOST) from None
            raise
        self._sessions.give_back(session)
        return found


class _Transaction:
    def __init__(self, session: "Connection", *, alone: bool) -> None:
        self._session = session
        self._alone = alone
        self.sent = alone
        """Whether the server may have been asked to make it last."""

    async def run(self, statements: Sequence[Statement], begin: str) -> "list[Record]":
        if self._alone:
            ((text, values),) = statements
            return await self._session.fetch(text, *values)
        await self._session.execute(begin)
        try:
            found: list[Record] = []
            for text, values in statements:
                found = await self._session.fetch(text, *values)
        except Exception as error:
            if code_of(error) and not self._session.is_closed():
                await self._session.execute("rollback")
            raise
        self.sent = True
        await self._session.execute("commit")
        return found

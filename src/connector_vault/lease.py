"""The right of one attempt, among all processes, to touch one connection's tokens.

It lies in the connection's row. Its holder may die: then it runs out by itself.
"""

import asyncio
from contextlib import suppress
from random import uniform

from connector_vault.errors import TimedOut
from connector_vault.room import Room, owner_of
from connector_vault.stores import Conflict, Row, Update, Value

__all__ = ["COMMIT", "SEND", "acquire", "end", "release"]

SEND = 20.0
"""Seconds for the one request made under a lease. Providers answer within two."""

COMMIT = 5.0
"""Seconds for storing what was received."""

_LIFE = SEND + COMMIT + 5.0
"""Seconds. Longer than sending and storing may take: once a lease has run out, its holder's request
can no longer be under way."""

_PATIENCE = _LIFE + 5.0
"""Seconds a caller waits for another's lease: a dead holder's runs out before."""

_POLL = 0.02
"""Seconds between two looks at a row that another process holds. A look costs microseconds."""


async def acquire(room: Room, row: Row, attempt: str, *, spend: bool) -> Row:
    """Take the lease on this generation of a row, waiting for whoever holds it.

    Gives the row as it now is: held by `attempt`, or not held because generation or state moved.
    `spend` records the intent to spend its refresh token.

    Raises:
        TimedOut: somebody held it all the time.
        NotConnected: it was removed.
    """
    deadline = asyncio.get_running_loop().time() + _PATIENCE
    while asyncio.get_running_loop().time() < deadline:
        found = await room.row(row.id, owner_of(row))
        if (found.generation, found.state) != (row.generation, row.state):
            return found
        if found.lease_until <= room.clock():
            held = await room.store.lease(
                row.id, attempt=attempt, generation=row.generation, seconds=_LIFE, spend=spend
            )
            if held is not None:
                return held
        await asyncio.sleep(uniform(_POLL / 2, _POLL * 1.5))  # noqa: S311  # jitter is no secret
    msg = f"another process has held {row.id} for {_PATIENCE:.0f} s: try again"
    raise TimedOut(msg)


async def release(room: Room, row: Row) -> None:
    """Give back a lease under which no token was spent. An older doubt comes back with it."""
    if row.intent == row.attempt:
        await _give_back(room, row, intent=row.doubt, ended=0)
    else:
        await _give_back(room, row, intent=row.intent, ended=row.ended)


async def end(room: Room, row: Row) -> None:
    """Give back a lease under which something was sent, and no tokens came."""
    await _give_back(room, row, intent=row.attempt, ended=1)


async def _give_back(room: Room, row: Row, *, intent: str, ended: int) -> None:
    free: dict[str, Value] = {"attempt": "", "lease_until": 0, "doubt": ""}
    free |= {"intent": intent, "ended": ended}
    # A lease that ran out and was taken by another is no longer ours to give back.
    with suppress(Conflict):
        await room.store.commit(Update(row.id, {"attempt": row.attempt}, free))

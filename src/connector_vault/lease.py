"""The right of one attempt, among all processes, to touch one connection's tokens.

It lies in the connection's row. Its holder may die: then it runs out by itself.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from random import uniform

from connector_vault.errors import TimedOut
from connector_vault.room import Room, owner_of
from connector_vault.stores import Conflict, Row, Update, Value

__all__ = ["COMMIT", "SEND", "acquire", "lose", "release"]

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


async def acquire(room: Room, row: Row, attempt: str, *, spend: bool) -> Row | None:
    """Take the lease on this generation and state of a row, waiting for whoever holds it.

    Gives the row as it now is. None: generation or state have moved. `spend` records the intent to
    spend its refresh token.

    Raises:
        TimedOut: somebody held it all the time.
        NotConnected: it was removed.
    """
    deadline = asyncio.get_running_loop().time() + _PATIENCE
    while asyncio.get_running_loop().time() < deadline:
        found = await room.row(row.id, owner_of(row))
        if (found.generation, found.state) != (row.generation, row.state):
            return None
        if found.lease_until <= room.clock():
            held = await room.store.lease(found, attempt=attempt, seconds=_LIFE, spend=spend)
            if held is not None:
                return held
        await asyncio.sleep(uniform(_POLL / 2, _POLL * 1.5))  # noqa: S311  # jitter is no secret
    msg = f"another process has held {row.id} for {_PATIENCE:.0f} s: try again"
    raise TimedOut(msg)


async def release(room: Room, held: Row) -> None:
    """Give back a lease under which no token was spent: none was sent, or it was refused."""
    intent = "" if held.intent == held.attempt else held.intent
    await _give_back(room, held, {"intent": intent})


async def lose(room: Room, held: Row) -> None:
    """Give back a lease under which a token was sent, and no answer to it was read."""
    await _give_back(room, held, {"intent": "", "doubt": held.attempt, "ended": 1})


async def _give_back(room: Room, held: Row, known: Mapping[str, Value]) -> None:
    # A lease that ran out and was taken by another is no longer ours to give back.
    with suppress(Conflict):
        free = {"attempt": "", "lease_until": 0, **known}
        await room.store.commit(Update(held.id, {"attempt": held.attempt}, free))

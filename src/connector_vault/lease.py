"""The right of one attempt, among all processes, to touch one connection's tokens.

It lies in the connection's row. Its holder may die: then it runs out by itself, and whoever takes
it next first makes sure that nothing of the dead attempt is still under way.
"""

import asyncio
import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from secrets import token_hex

from connector_vault import lifecycle
from connector_vault.errors import StoreUnavailable, TimedOut
from connector_vault.journal import JournalUnavailable
from connector_vault.landing import Landings
from connector_vault.lifecycle import Life, Turn
from connector_vault.room import Room, new_id, owner_of
from connector_vault.stores import LEASE_LIFE, Conflict, Event, Row, Update, Value, values

__all__ = ["Held", "Leases"]

_PATIENCE = lifecycle.LIFE + lifecycle.SETTLE + 5.0
"""Seconds a caller waits for another's lease: a dead holder's runs out before."""

_FIRST_LOOK = 0.01
"""Seconds until a row that another holds is looked at again. Each wait is longer than the last."""

_LONGEST_LOOK = 0.1

_REST = 0.5
"""Seconds until a database that was away is told again that an attempt has ended."""

_PROCESS = re.compile(r"[a-z0-9._-]{1,80}")

_LOCKED, _UNLOCKED = "l", "n"
"""Whether the database holds a lock in the name of an attempt's process."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Held:
    """A row under a lease of ours, as it was when we took it."""

    row: Row
    taken: float
    """A time of the loop's clock."""
    due_at: int
    """When the row was due before: so it is again if nothing comes of this."""


class Leases:
    """The leases of one vault: how they are taken, and given back."""

    def __init__(self, room: Room, landings: Landings) -> None:
        self._room = room
        self._landings = landings
        self._running: set[str] = set()
        self._ending: set[str] = set()
        """Those of them that are being given back."""
        self._gone: dict[str, float] = {}
        """Attempts of dead processes, and when each was first seen to be one."""
        self._names: dict[str, str] = {}
        self._naming = asyncio.Lock()
        self._nameless = new_id("none")

    async def acquire(self, row: Row, *, spend: bool) -> Held | None:
        """Take the lease on this generation and state of a row, waiting for whoever holds it.

        Gives the row as it now is. None: generation or state have moved. `spend` records the intent
        to spend its refresh token.

        Raises:
            TimedOut: somebody held it all the time.
            NotConnected: it was removed.
            StoreUnavailable, KeysUnavailable: try again.
        """
        loop, look, found = asyncio.get_running_loop(), _FIRST_LOOK, row
        deadline = loop.time() + _PATIENCE
        while loop.time() < deadline:
            if await self._may_take(found) and (held := await self._take(found, spend=spend)):
                return held
            if self._room.work.closing:
                break
            await self._room.store.presence.wait(row.id, look * (0.5 + self._room.chance()))
            look = min(look * 1.5, _LONGEST_LOOK)
            found = await self._room.row(row.id, owner_of(row))
            if (found.generation, found.state) != (row.generation, row.state):
                return None
        holder = _process_of(found.intent or found.attempt)
        # It comes from the database, where anybody may have written it.
        who = f"process {holder}" if _PROCESS.fullmatch(holder) else "another process"
        words = f"{who} has held {row.id} for too long"
        raise TimedOut(f"{words}: try again, or end that process if it hangs")

    async def may_send(self, held: Held) -> bool:
        """Tell whether a lease still is what it was when it was taken: look just before sending."""
        now = await self._room.row(held.row.id, owner_of(held.row))
        seconds = asyncio.get_running_loop().time() - held.taken
        return lifecycle.may_send(_standing(held.row), _standing(now), seconds_held=seconds)

    async def release(self, held: Held, *told: Event, **known: Value) -> None:
        """Give back a lease under which no token was spent: none was sent, or it was refused.

        `known`: what was learnt about the connection, and holds only if its tokens are the same.
        """
        before = values(intent="", lease_until=0, due_at=held.due_at)
        await self._give_back(held, {**before, **known}, *told)

    async def lose(self, held: Held, **known: Value) -> None:
        """Give back a lease under which a token was sent, and no answer to it was read.

        Nobody holds it then, and nobody gets it until that request can no longer be under way.
        """
        until = self._room.clock() + int(lifecycle.SETTLE * 1000)
        doubt = values(intent="", doubt=held.row.attempt, lease_until=until)
        await self._give_back(held, {**doubt, **known})

    async def give_up(self, held: Held) -> None:
        """Give back a lease whose attempt ended as nobody foresaw, if it still has it."""
        if held.row.attempt in self._running - self._ending:
            await self.lose(held)

    def end(self, held: Held) -> None:
        """Note that an attempt is over whose row says so already."""
        self._over(held)

    async def _may_take(self, found: Row) -> bool:
        now = self._room.clock()
        match lifecycle.turn(
            lease_until=found.lease_until, intent=found.intent, now=now, longest=LEASE_LIFE
        ):
            case Turn.TAKE:
                return True
            case Turn.WAIT:
                return False
            case Turn.DOUBT:
                return await self._is_over(found, now)

    async def _is_over(self, found: Row, now: int) -> bool:
        life = await self._life(found.intent)
        if life is Life.DEAD and not self._has_settled(found.intent):
            return False
        over = lifecycle.is_over(life, lease_until=found.lease_until, now=now)
        if over and life is Life.UNKNOWN:
            # It may have lived here all the same, under a name that nobody knows it by.
            await self._landings.replay()
        return over

    def _has_settled(self, attempt: str) -> bool:
        # One that was stopped past its lease may have sent its request just before it was killed.
        if _process_of(attempt) in self._names:
            return True
        now = asyncio.get_running_loop().time()
        return now >= self._gone.setdefault(attempt, now) + lifecycle.SETTLE

    async def _take(self, found: Row, *, spend: bool) -> Held | None:
        attempt = await self._attempt()
        taken = asyncio.get_running_loop().time()
        # Noted first: an attempt that is not among them counts as over.
        self._running.add(attempt)
        try:
            row = await self._room.store.lease(
                found, attempt=attempt, seconds=lifecycle.LIFE, spend=spend
            )
        except BaseException:
            # The answer may have been lost, and the lease be ours: nobody else could end it.
            ghost = Held(found._replace(attempt=attempt), taken, found.due_at)
            before = values(intent="", due_at=found.due_at)
            self._room.work.begin(self._tell_patiently(ghost, before))
            raise
        if row is None:
            self._running.discard(attempt)
            return None
        self._gone.pop(found.intent, None)
        return Held(row, taken, found.due_at)

    async def _attempt(self) -> str:
        process = await self._process()
        async with self._naming:
            # Once for all attempts: a lock that this process holds cannot be taken again.
            if process not in self._names:
                appeared = await self._room.store.presence.appear(process)
                self._names[process] = _LOCKED if appeared else _UNLOCKED
        return f"{process}/{self._names[process]}{token_hex(10)}"

    async def _process(self) -> str:
        try:
            return await self._room.journal.process()
        except JournalUnavailable as error:
            # Better a refresh that a kill could lose than none. No file lock proves then that we
            # live, so others wait long before they take over.
            _log.critical("a kill may lose a connection now: %s", error)
            return self._nameless

    async def _life(self, attempt: str) -> Life:
        """Tell what is known of an attempt, after landing what it left in a journal."""
        process = _process_of(attempt)
        if process in self._names:
            if self._landings.holds(attempt):
                await self._landings.land(attempt)
            return Life.ALIVE if attempt in self._running else Life.DEAD
        life = self._room.journal.find(process)
        if life is Life.LEFT:
            seized = (await self._landings.replay(process)).files
            # What is left of it then is to be revoked, and holds nobody up.
            life = Life.DEAD if seized else self._room.journal.find(process)
        if life is Life.ALIVE or not attempt.startswith(f"{process}/{_LOCKED}"):
            return life
        return await self._seen(process)

    async def _seen(self, process: str) -> Life:
        match await self._room.store.presence.alive(process):
            case True:
                return Life.ALIVE
            case False:
                return Life.DEAD
            case None:
                return Life.UNKNOWN

    async def _give_back(self, held: Held, known: Mapping[str, Value], *told: Event) -> None:
        self._ending.add(held.row.attempt)
        try:
            await self._tell(held, known, *told)
        except StoreUnavailable:
            self._room.work.begin(self._tell_patiently(held, known, *told))
        else:
            self._over(held)

    async def _tell_patiently(self, held: Held, known: Mapping[str, Value], *told: Event) -> None:
        # While this process lives, nobody else may take what it seems to hold.
        while not self._room.work.closing:
            await self._room.work.rest(_REST)
            with suppress(StoreUnavailable):
                await self._tell(held, known, *told)
                break
        self._over(held)

    async def _tell(self, held: Held, known: Mapping[str, Value], *told: Event) -> None:
        row, free = held.row, values(attempt="", lease_until=0)
        ours = values(attempt=row.attempt)
        try:
            where = values(attempt=row.attempt, generation=row.generation)
            await self._room.store.commit(Update(row.id, where, {**free, **known}), *told)
        except Conflict:
            # Newer tokens are there, which this attempt knows nothing of; or it lost its lease.
            with suppress(Conflict):
                await self._room.store.commit(Update(row.id, ours, {**free, "intent": ""}))

    def _over(self, held: Held) -> None:
        self._running.discard(held.row.attempt)
        self._ending.discard(held.row.attempt)
        self._room.store.presence.tell(held.row.id)


def _process_of(attempt: str) -> str:
    return attempt.rpartition("/")[0]


def _standing(row: Row) -> tuple[str, int, str]:
    return row.attempt, row.generation, row.state

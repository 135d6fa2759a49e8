"""Delivering events to webhooks: in order, once more until confirmed, by one process at a time."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass

from connector_vault import stores
from connector_vault.connector import Reply, Request, retry_after
from connector_vault.errors import ConnectorVaultError, TimedOut
from connector_vault.http import origin_of
from connector_vault.model import Owner, Tenant
from connector_vault.news import Webhook
from connector_vault.room import Room
from connector_vault.stores import Conflict, Followed, Follower, Happened, Line
from connector_vault.webhooks import LAST_TRY, id_of, named, pause, signed

__all__ = ["Deliveries"]

_DEADLINE = 15.0
"""Seconds for a receiver to answer."""

_MAX_ANSWER = 64 * 1024
"""Bytes. Nothing in an answer but its status is of interest."""

_HOLD = 60_000
"""Milliseconds after which another process goes on where one has died."""

_LONGEST_TURN = 45.0
"""Seconds, so that a receiver that is slow to confirm holds up no round of maintenance."""

_LIMIT = 100
"""Events to one receiver in one turn."""

_EVERY = 1.0
"""Seconds between two looks for what is new."""

_LATER = 15_000
"""Milliseconds until the next look where somebody else delivers, or the database is away."""

_NEVER = 253_402_300_799_000
"""The last second of the year 9999: a receiver that is gone is told nothing more."""

_log = logging.getLogger(__name__)


class Deliveries:
    """Tells all receivers. Safe in any number of processes at once."""

    def __init__(self, room: Room, hooks: Iterable[Webhook] = ()) -> None:
        self._room = room
        self._posts = [_Post(room, name, hook) for name, hook in named(hooks).items()]

    async def enrol(self) -> None:
        """Have the database remember where new receivers begin: after the newest event."""
        for post in self._posts:
            await post.enrol()

    async def keep(self) -> None:
        """Deliver until the vault closes, to each receiver at its own pace."""
        async with asyncio.TaskGroup() as group:
            for post in self._posts:
                group.create_task(self._keep(post))

    async def deliver(self, *, limit: int = _LIMIT) -> int:
        """Deliver what is due now, so many events to each at most. Give how many were confirmed."""
        async with asyncio.TaskGroup() as group:
            turns = [group.create_task(post.turn(limit)) for post in self._posts]
        return sum(turn.result() for turn in turns)

    async def _keep(self, post: "_Post") -> None:
        while not self._room.work.closing:
            if await post.turn(_LIMIT) < _LIMIT:
                await self._room.work.rest(_EVERY)


@dataclass(frozen=True, slots=True)
class _Heard:
    """What a receiver answered."""

    words: str
    status: int = 0
    """0: nothing."""
    asked: float = 0.0
    """Seconds it wants to be left alone."""

    @property
    def confirms(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        return self.status == 410


class _Post:
    """One receiver, and what this process knows of its place, which spares the database."""

    def __init__(self, room: Room, name: str, hook: Webhook) -> None:
        self._room = room
        self._name = name
        self._hook = hook
        self._whose = None if hook.tenant is None else Tenant(name=hook.tenant)
        self._seen: int | None = None
        """Only what came after this event is of interest. None: this process has not looked yet."""
        self._again_at = 0
        """Until this time there is nothing to do."""
        self._busy = False

    async def enrol(self) -> None:
        # Before all times: nothing is taken from whoever delivers just now.
        await self._room.store.take(Followed(name=self._name, now=-1, until=0))

    async def turn(self, limit: int) -> int:
        """Deliver what is due, until one is not confirmed. Give how many were."""
        if self._busy:
            return 0
        self._busy = True
        try:
            return await self._turn(limit) if await self._is_due() else 0
        except (ConnectorVaultError, Conflict) as error:
            # What is not noted as confirmed comes again.
            _log.warning("webhook %s waits: %s", self._name, error)
            self._again_at = self._room.clock() + _LATER
            return 0
        finally:
            self._busy = False

    async def _is_due(self) -> bool:
        if self._room.clock() < self._again_at:
            return False
        if self._seen is None:
            return True
        async for _ in self._room.store.rows(Happened(after=self._seen, owner=self._whose)):
            return True
        return False

    async def _turn(self, limit: int) -> int:
        place, count = await self._claim(), 0
        if place is None:
            return 0
        ends = asyncio.get_running_loop().time() + _LONGEST_TURN
        async for event in self._room.store.rows(Happened(after=place.seq, owner=self._whose)):
            wanted = self._is_wanted(event)
            if self._is_over(ends) or (wanted and count == limit):
                break
            if wanted:
                heard = await self._tell(event)
                place = await self._settle(place, event, heard)
                if not heard.confirms:
                    return count
                count += 1
            place = place._replace(seq=event.seq)
        await self._store(place, place._replace(due_at=0))
        return count

    async def _claim(self) -> Follower | None:
        now = self._room.clock()
        claim = Followed(name=self._name, now=now, until=now + _HOLD)
        found = await self._room.store.take(claim)
        if found:
            return found[0]
        self._again_at = now + _LATER
        return None

    def _is_wanted(self, event: stores.Event) -> bool:
        return self._hook.events is None or event.name in self._hook.events

    def _is_over(self, ends: float) -> bool:
        return self._room.work.closing or asyncio.get_running_loop().time() >= ends

    async def _tell(self, event: stores.Event) -> _Heard:
        room = self._room
        letter = signed(self._hook, event, store_id=room.store.id, now=room.clock())
        try:
            reply = await self._send(letter)
        except ConnectorVaultError as error:
            return _Heard(str(error))
        asked = retry_after(reply) if "retry-after" in reply.headers else 0.0
        return _Heard(f"it answered {reply.status}", reply.status, asked)

    async def _send(self, letter: Request) -> Reply:
        deadline = asyncio.get_running_loop().time() + _DEADLINE
        async with self._room.http.stream(
            letter, origins={origin_of(letter.url)}, deadline=deadline, limit=_MAX_ANSWER
        ) as answer:
            if answer.is_short:
                # Read to its end, so that the connection serves for the next one.
                async for _ in answer.pieces:
                    pass
            return Reply(answer.status, b"", answer.headers)

    async def _settle(self, place: Follower, event: stores.Event, heard: _Heard) -> Follower:
        now, failures = self._room.clock(), place.failures + 1
        if heard.confirms:
            new = Follower(self._name, event.seq, 0, now + _HOLD)
            await self._store(place, new)
            return new
        if heard.is_gone:
            return await self._give_up(place, place._replace(due_at=_NEVER), event, heard)
        if failures >= LAST_TRY:
            skipped = Follower(self._name, event.seq, 0, 0)
            return await self._give_up(place, skipped, event, heard)
        wait = pause(failures, asked=heard.asked, chance=self._room.chance())
        _log.warning(
            "webhook %s: event %d is not confirmed (%s): try %d of %d, the next in %.0f s",
            *(self._name, event.seq, heard.words, failures, LAST_TRY, wait),
        )
        new = Follower(self._name, place.seq, failures, now + int(wait * 1000))
        await self._store(place, new)
        return new

    async def _give_up(
        self, place: Follower, new: Follower, event: stores.Event, heard: _Heard
    ) -> Follower:
        outcome = "gone" if heard.is_gone else "skipped"
        await self._store(place, new, self._line(event, outcome, heard))
        if heard.is_gone:
            words = "webhook %s is gone, and told nothing more: under another name it begins anew"
            _log.error(words, self._name)
        else:
            words = "webhook %s: event %d is skipped after %d tries (%s)"
            _log.error(words, self._name, event.seq, LAST_TRY, heard.words)
        return new

    def _line(self, event: stores.Event, outcome: str, heard: _Heard) -> Line:
        owner = Owner(tenant=event.tenant, user=event.user or None)
        told = {"endpoint": self._name, "event": id_of(event, self._room.store.id)}
        line = self._room.audit.about(owner, "webhook", outcome, **told, answer=heard.words)
        return line._replace(connection=event.connection, provider=event.provider)

    async def _store(self, held: Follower, new: Follower, *lines: Line) -> None:
        if self._room.clock() >= held.due_at:
            raise TimedOut("it took so long that somebody else goes on")
        await self._room.store.commit(new, *lines)
        self._seen, self._again_at = new.seq, new.due_at

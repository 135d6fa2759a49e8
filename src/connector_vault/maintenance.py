"""What keeps connections alive while nobody looks, and ends what was to be ended.

It is safe in any number of processes at once: each piece of work is taken by one of them, and comes
again if nothing became of it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from connector_vault import adoption, revocation
from connector_vault.errors import ConnectorVaultError, Reconnect
from connector_vault.model import State
from connector_vault.refresh import Refresher
from connector_vault.renewal import AGE, Renewal
from connector_vault.reports import Report
from connector_vault.restoration import Restoration
from connector_vault.room import Room
from connector_vault.rotation import Rotation
from connector_vault.stores import Conflict, Due, Dying, Purge, Row, Update, values

__all__ = ["Maintenance", "Progress"]

Progress = Callable[[Report], None]

_EVERY = 15.0
"""Seconds between two rounds, give or take a third, so that not all processes come at once."""

_WIDTH = 64
"""Connections worked on at once."""

_HOLD = 120_000
"""Milliseconds after which another takes up work that nothing became of."""

_REWRAPPED = 5_000
"""Data keys that are wrapped anew in one round. A round is not held up for longer."""

_HOUR = 3600 * 1000
_DAY = 24 * _HOUR
"""Milliseconds."""

_EVENTS_KEPT = 90 * _DAY
_TOMBSTONES_KEPT = 365 * _DAY

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Count:
    """A report that is being made."""

    report: Report
    progress: Progress | None

    def add(self, **more: int) -> None:
        """Count something, and tell whoever watches."""
        sums = {name: getattr(self.report, name) + number for name, number in more.items()}
        self.report = replace(self.report, **sums)
        if self.progress is not None:
            self.progress(self.report)


class Maintenance:
    """The rounds of one vault."""

    def __init__(
        self, room: Room, refresher: Refresher, *further: Callable[[], Awaitable[int]]
    ) -> None:
        self._room = room
        self._refresher = refresher
        self._further = further
        """Deliveries, each giving how many it made."""
        self.rotation = Rotation(room)
        self.renewal = Renewal(room, refresher.leases)
        self.restoration = Restoration(room, refresher)
        self._swept = self._rewrapped = 0

    async def keep(self) -> Report:
        """Make rounds until the vault closes. Gives what the last one did."""
        work, report = self._room.work, Report()
        while not work.closing:
            try:
                report = await self.round()
            except ConnectorVaultError as error:
                _log.warning("maintenance stopped early, and comes again: %s", error)
            except Exception:  # noqa: BLE001  # one connector's bug must not end all others
                _log.exception("maintenance failed, and comes again")
            await work.rest(_EVERY * (2 / 3 + 2 / 3 * self._room.chance()))
        return report

    async def round(self, progress: Progress | None = None) -> Report:
        """Do everything that is due now.

        Raises:
            StoreUnavailable, KeysUnavailable: not now; what was done is done.
            KeysDenied, Misconfigured: data keys cannot be wrapped anew; all else was done.
        """
        count = _Count(Report(), progress)
        count.add(landed=(await self._refresher.landings.replay()).landed)
        await self._each(State.REVOKING, count, self._end)
        await self._each(State.ACTIVE, count, self._renew)
        await self._warn(count)
        await self._sweep(count)
        for deliver in self._further:
            count.add(delivered=await deliver())
        # Last: a holder that refuses to wrap anew may refuse for long, and holds up nothing else.
        await self._tend_keys(count)
        return count.report

    async def _each(
        self, state: State, count: _Count, work: Callable[[Row, _Count], Awaitable[None]]
    ) -> None:
        seats = asyncio.Semaphore(_WIDTH)

        async def seated(row: Row) -> None:
            try:
                if not self._room.work.closing:
                    await work(row, count)
            finally:
                seats.release()

        failure: ConnectorVaultError | None = None
        async with asyncio.TaskGroup() as group:
            try:
                while rows := await self._take(state):
                    for row in rows:
                        await seats.acquire()
                        group.create_task(seated(row))
            except ConnectorVaultError as error:
                # What was begun is brought to its end all the same.
                failure = error
        if failure is not None:
            raise failure

    async def _take(self, state: State) -> Sequence[Row]:
        if self._room.work.closing:
            return ()
        now = self._room.clock()
        due = Due(state=state.value, now=now, until=now + _HOLD, limit=_WIDTH)
        return await self._room.store.take(due)

    async def _renew(self, row: Row, count: _Count) -> None:
        try:
            renewed = await self._refresher.renew(row)
            if adoption.is_nameless(renewed):
                await adoption.name(self._room, renewed)
        except Reconnect:
            count.add(reconnect=1)
        except ConnectorVaultError as error:
            _log.info("%s is not refreshed yet: %s", row.id, error)
            count.add(failed=1)
        else:
            count.add(refreshed=int(renewed.generation > row.generation))

    async def _end(self, row: Row, count: _Count) -> None:
        try:
            receipt = await revocation.disconnect(self._room, self._refresher, row)
        except ConnectorVaultError as error:
            _log.warning("%s is not ended yet: %s", row.id, error)
            count.add(failed=1)
        else:
            ended = receipt.finished_at is not None
            count.add(ended=int(ended), failed=int(not ended))

    async def _warn(self, count: _Count) -> None:
        room = self._room
        async for row in room.store.rows(Dying(room.clock())):
            where = values(warn_at=row.warn_at, generation=row.generation, state=row.state)
            event = room.event(row, "dying_soon", dies_on=row.dies_on)
            try:
                await room.store.commit(Update(row.id, where, {"warn_at": 0}), event)
            except Conflict:
                continue
            count.add(warned=1)

    async def _tend_keys(self, count: _Count) -> None:
        # Whoever made a new version of the holder's key, and wherever that was.
        now = self._room.clock()
        if now < self._rewrapped + _HOUR:
            return
        done = await self.rotation.rewrap(limit=_REWRAPPED)
        count.add(rewrapped=done)
        if done < _REWRAPPED:
            self._rewrapped = now

    async def _sweep(self, count: _Count) -> None:
        now = self._room.clock()
        if now < self._swept + _DAY:
            return
        old = Purge(consents=now, events=now - _EVENTS_KEPT, tombstones=now - _TOMBSTONES_KEPT)
        await self._room.store.commit(old)
        await self._room.keyring.drop_journal_keys(now)
        count.add(renewed=await self.renewal.renew_older(now - AGE))
        await self._look_back()
        self._swept = now

    async def _look_back(self) -> None:
        if self._room.seen.anchor is not None and (found := await self.restoration.compare()):
            sizes = len(found.ended), len(found.older), len(found.missing)
            _log.critical("%d ended, %d older, %d missing: run connector-vault db anchor", *sizes)

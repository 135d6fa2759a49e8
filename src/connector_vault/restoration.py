"""After a backup was put back: what was ended since ends again, and the rest is tried first."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from connector_vault import revocation
from connector_vault.anchor import Mark
from connector_vault.errors import ConnectorVaultError, Reconnect, Shredded
from connector_vault.model import State
from connector_vault.refresh import Refresher
from connector_vault.reports import Difference, Restored
from connector_vault.room import Room
from connector_vault.stores import Conflict, Everything, Row, Update, values

__all__ = ["Progress", "Restoration"]

_WIDTH = 16
"""Connections worked on at once."""

_LIVE = (State.ACTIVE.value, State.RECONNECT.value)

_log = logging.getLogger(__name__)

Progress = Callable[[int], None]
"""Called with how many connections were looked at."""


class Restoration:
    """Compares a database with its anchor, and puts right what a backup brought back."""

    def __init__(self, room: Room, refresher: Refresher) -> None:
        self._room = room
        self._refresher = refresher

    async def compare(self) -> Difference:
        """Say what in the database is older than it was, or is gone. Writes down what is newer.

        Raises:
            Corrupt: somebody edited the anchor.
            StoreUnavailable: the database does not answer.
        """
        # First: whatever is read later cannot be older, but for one reason.
        marks, seen = await self._marks(), self._room.seen
        if (epoch := await self._room.keyring.epoch(seen.epoch)) > seen.epoch:
            seen.begin(epoch)
        # What a backup did not have was told when it was put back.
        missing = {
            name for name, mark in marks.items() if not mark.ended and mark.epoch >= seen.epoch
        }
        ended, older = list[str](), list[str]()
        async for row in self._room.store.rows(Everything()):
            missing.discard(row.id)
            mark = marks.get(row.id)
            match mark:
                case Mark(ended=True) if row.state in _LIVE:
                    ended.append(row.id)
                case Mark(epoch=epoch) if epoch > seen.epoch:
                    older.append(row.id)
                case Mark(epoch=epoch, generation=generation) if (
                    epoch == seen.epoch and generation > row.generation and row.state in _LIVE
                ):
                    older.append(row.id)
                case _:
                    seen.rise(row)
        return Difference(ended=tuple(ended), older=tuple(older), missing=tuple(sorted(missing)))

    async def settle(
        self,
        ended: Collection[str] = (),
        *,
        probe: bool = True,
        progress: Progress = lambda _: None,
    ) -> Restored:
        """Take the database as it is for the true one: a backup was put back on purpose.

        What the anchor says was ended, and the ids in `ended`, is disconnected again. Each other
        connection is tried at its provider before anybody uses it, unless `probe` is False. It may
        be done again, and any number of times.

        Raises:
            StoreUnavailable, KeysUnavailable: not now; what was done is done.
        """
        room, marks = self._room, await self._marks()
        gone = {*ended, *(name for name, mark in marks.items() if mark.ended)}
        known = max((mark.epoch for mark in marks.values()), default=0)
        room.seen.begin(await room.keyring.begin_epoch(max(known, room.seen.epoch)))
        room.audit.upkeep("restored", epoch=room.seen.epoch)
        count = _Count(Restored(epoch=room.seen.epoch), progress)
        missing = {name for name, mark in marks.items() if not mark.ended}
        seats = asyncio.Semaphore(_WIDTH)

        async def seated(row: Row) -> None:
            async with seats:
                await self._settle(row, gone, marks, count, probe=probe)

        failure: ConnectorVaultError | None = None
        async with asyncio.TaskGroup() as group:
            try:
                async for row in room.store.rows(Everything()):
                    missing.discard(row.id)
                    await seats.acquire()
                    seats.release()
                    group.create_task(seated(row))
            except ConnectorVaultError as error:
                # What was begun is brought to its end all the same.
                failure = error
        if failure is not None:
            raise failure
        if room.seen.anchor is not None:
            await room.seen.anchor.flush()
        return replace(count.report, missing=tuple(sorted(missing)))

    async def _settle(
        self,
        row: Row,
        gone: Collection[str],
        marks: Mapping[str, Mark],
        count: "_Count",
        *,
        probe: bool,
    ) -> None:
        if row.id in gone and row.state != State.REVOKED.value:
            count.add(await self._ended(row))
            return
        if row.state != State.ACTIVE.value:
            self._room.seen.rise(row)
            count.add()
            return
        known = row.provider in self._room.catalog.names()
        possible = known and self._room.catalog.load(row.provider).identity is not None
        outcome = await self._tried(row, marks.get(row.id)) if probe and possible else "untried"
        if outcome != "untried" or not (probe and possible):
            self._room.seen.rise(row)
        count.add(outcome)

    async def _ended(self, row: Row) -> str:
        try:
            receipt = await revocation.disconnect(self._room, self._refresher, row, restored=True)
        except ConnectorVaultError as error:
            _log.warning("%s is not ended again yet: %s", row.id, error)
            return "unconfirmed"
        return "ended" if receipt.finished_at else "unconfirmed"

    async def _tried(self, row: Row, mark: Mark | None) -> str:
        # Its refresh token was spent since: sooner told than found out later.
        stale = mark is not None and mark.generation > row.generation
        try:
            tokens, _ = await self._room.keyring.open(row)
            if not stale and await self._refresher.verdicts.is_alive(row, tokens):
                proven = values(proven_at=self._room.clock())
                where = values(generation=row.generation, state=row.state)
                await self._room.store.commit(Update(row.id, where, proven))
                return "alive"
            await self._refresher.renew(row)
        except Reconnect:
            return "reconnect"
        except Shredded:
            return await self._ended(row)
        except Conflict:
            # Somebody uses it already.
            return "alive"
        except ConnectorVaultError as error:
            _log.warning("%s was not tried: %s", row.id, error)
            return "untried"
        return "refreshed"

    async def _marks(self) -> Mapping[str, Mark]:
        anchor = self._room.seen.anchor
        if anchor is None:
            return {}
        await anchor.flush()
        return await asyncio.to_thread(anchor.all)


class _Count:
    """A report that is being made."""

    def __init__(self, report: Restored, progress: Progress) -> None:
        self.report = report
        self._progress = progress
        self._looked_at = 0

    def add(self, what: str = "") -> None:
        """Count a connection, and what became of it."""
        self._looked_at += 1
        self._progress(self._looked_at)
        if what:
            self.report = replace(self.report, **{what: getattr(self.report, what) + 1})

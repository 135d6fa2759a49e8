"""Bringing a token set that a provider gave into its row, whatever happens in between.

It lies in the journal from the moment it was received until it is stored, or of no use any more.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from connector_vault import lifecycle
from connector_vault.ending import end_token
from connector_vault.envelope import DataKey, encode
from connector_vault.errors import (
    ConnectorVaultError,
    Corrupt,
    KeysDenied,
    KeysUnavailable,
    Misconfigured,
    NotConnected,
    Shredded,
    StoreUnavailable,
    Unreachable,
)
from connector_vault.forecast import planned
from connector_vault.journal import JournalUnavailable
from connector_vault.keyring import reply_binding, scope_text
from connector_vault.lifecycle import Happening, Landing
from connector_vault.model import State
from connector_vault.received import Received, read, written
from connector_vault.room import Room
from connector_vault.stores import Conflict, Row, Update, values

__all__ = ["Landings"]

_FIRST_REST = 0.2
"""Seconds until a database that was away is tried again. Each rest is twice as long."""

_LONGEST_REST = 15.0

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Flight:
    """A token set between its arrival and its row."""

    received: Received
    row: Row
    """As it was when the refresh token was spent."""
    key: DataKey
    """Its connection's. It was there before the refresh token was spent, and need not be later."""
    paper: DataKey
    """The journal's."""
    entry: int | None = None
    """Where the journal has it. None: only this process's memory has it."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    pen: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Of whoever writes it down: twice would be once too often."""


class Replayed(NamedTuple):
    """What was found in the journals of processes that have ended."""

    files: int
    landed: int
    """Token sets."""


class Landings:
    """Token sets that were received, until they are stored."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._flights: dict[str, _Flight] = {}
        self._keeper: asyncio.Task[None] | None = None

    async def receive(self, received: Received, row: Row, key: DataKey, paper: DataKey) -> None:
        """Make a token set safe: on the disk, before anything else is done with it.

        A disk that is full or broken does not stop it: then it is kept in memory, and tried again.
        `key`: its connection's; `paper`: the journal's.
        """
        flight = _Flight(received, row, key, paper)
        self._flights[received.attempt] = flight
        await self._write_down(flight)

    async def land(self, attempt: str) -> Row | None:
        """Store what an attempt received. Gives its row as it then is; None: it is gone.

        Raises:
            StoreUnavailable, KeysUnavailable: not now. The tokens are safe, and it is tried again
                until they are stored, by this process or, once that has ended, by any other.
        """
        flight = self._flights.get(attempt)
        if flight is None:
            return None
        try:
            async with flight.turn:
                row = await self._land(flight.received, flight)
        except ConnectorVaultError:
            self._keep_trying()
            raise
        self._forget(attempt)
        return row

    def holds(self, attempt: str) -> bool:
        """Tell whether what an attempt received is still to be stored."""
        return attempt in self._flights

    async def replay(self, process: str | None = None) -> Replayed:
        """Land what processes that have ended left behind: one's, or everybody's.

        What cannot be stored, or ended at its provider, holds up nothing else, and is tried again
        as long as the journal's key is kept.

        Raises:
            StoreUnavailable, KeysUnavailable: not now; nothing is lost.
        """
        files = landed = 0
        for orphan in self._room.journal.orphans(process):
            with orphan:
                found = [await self._opened(orphan.process, record) for record in orphan.records]
                left = [one for one in found if one is not None]
                done = [await self._landed(one) for one in left]
                files, landed = files + 1, landed + sum(done)
                if all(done):
                    orphan.remove()
        return Replayed(files, landed)

    async def _opened(self, process: str, record: bytes) -> Received | None:
        try:
            return read(await self._room.keyring.open_reply(record, process))
        except (Corrupt, Shredded) as error:
            # One that was damaged, or is older than a week, helps nobody.
            _log.error("a reply in the journal of %s is lost: %s", process, error)
            return None

    async def _landed(self, received: Received) -> bool:
        try:
            await self._land(received)
        except (KeysDenied, KeysUnavailable, StoreUnavailable):
            raise
        except ConnectorVaultError as error:
            _log.error("a reply for %s is not stored: %s", received.connection, error)
            return False
        return True

    async def _land(self, received: Received, flight: _Flight | None = None) -> Row | None:
        if received.endpoint != self._room.catalog.endpoint(received.provider).hex():
            words = f"a reply for {received.connection} came from other addresses than"
            raise Misconfigured(f"{words} {received.provider} has now: put them back")
        # Most often nothing has moved since: that is tried before it is looked at again.
        row = flight.row if flight else await self._row(received)
        key = flight.key if flight else None
        while True:
            match lifecycle.landing(
                grant_id=received.grant_id, generation=received.generation, row=_standing(row)
            ):
                case Landing.DROP:
                    return row
                case Landing.REVOKE:
                    await self._end(received, row)
                    return row
                case Landing.COMMIT:
                    with suppress(Conflict):
                        return await self._commit(received, row, key)
            row = await self._row(received)

    async def _row(self, received: Received) -> Row | None:
        try:
            return await self._room.row(received.connection, received.owner)
        except NotConnected:
            return None

    async def _commit(self, received: Received, row: Row | None, key: DataKey | None) -> Row | None:
        if row is None:
            return None
        room, tokens = self._room, received.tokens
        step = lifecycle.after(State(row.state), Happening.REFRESHED)
        if step is None:
            return row
        newer = row._replace(generation=row.generation + 1, expires_at=tokens.expires_at)
        if key is None or key.id != row.dek_id:
            key = await room.keyring.get(row.dek_id, row.tenant, row.id)
        newer = newer._replace(
            sealed=self._room.keyring.seal(key, newer, tokens, received.account),
            scopes=scope_text(tokens.scopes),
            state=step.state.value,
            reason="",
            intent="",
            doubt="",
            proven_at=received.at,
            failures=0,
            retry_at=0,
            **planned(room, newer, tokens),
        )
        if row.attempt == received.attempt:
            newer = newer._replace(attempt="", lease_until=0)
        changed = {name: new for name, new in newer._asdict().items() if new != getattr(row, name)}
        line = room.audit.line(row, "refresh", generation=newer.generation)
        event = room.event(newer, step.event)
        # By generation: if state or lease moved, it is tried again on what they are now.
        where = values(
            generation=row.generation, state=row.state, attempt=row.attempt, dek_id=row.dek_id
        )
        await room.store.commit(Update(row.id, where, changed), event, line)
        room.seen.rise(newer)
        room.store.presence.tell(row.id)
        return newer

    async def _end(self, received: Received, row: Row | None) -> None:
        # Its grant was replaced or ended meanwhile: what nobody will use must not live on.
        room, tokens = self._room, received.tokens
        if row is not None and row.state != State.REVOKED.value:
            current, _ = await room.keyring.open(row)
            if current.access == tokens.access:
                return
        client = room.clients.holding(received.provider, received.client_id, received.owner.tenant)
        told = await end_token(room, self._room.catalog.load(received.provider), client, tokens)
        if told.outcome == "unconfirmed":
            raise Unreachable(f"a late token of {received.connection} is not ended: {told.note}")

    async def _write_down(self, flight: _Flight) -> None:
        journal = self._room.journal
        async with flight.pen:
            if flight.entry is not None:
                return
            try:
                process = await journal.process()
                record = flight.paper.seal(reply_binding(process), encode(written(flight.received)))
                flight.entry = await journal.append(record)
            except (ConnectorVaultError, JournalUnavailable) as error:
                which = flight.received.connection
                _log.critical("the new tokens of %s are in memory only: %s", which, error)
                return
            if not self.holds(flight.received.attempt):
                # It was stored while it was written down.
                journal.done(flight.entry)

    def _forget(self, attempt: str) -> None:
        flight = self._flights.pop(attempt, None)
        if flight is not None and flight.entry is not None:
            self._room.journal.done(flight.entry)

    def _keep_trying(self) -> None:
        if self._keeper is None or self._keeper.done():
            self._keeper = self._room.work.begin(self._keep())

    async def _keep(self) -> None:
        rest = _FIRST_REST
        while self._flights and not self._room.work.closing:
            await self._room.work.rest(rest)
            rest = min(rest * 2, _LONGEST_REST)
            for attempt, flight in list(self._flights.items()):
                if flight.entry is None:
                    await self._write_down(flight)
                with suppress(ConnectorVaultError):
                    await self.land(attempt)
        for flight in self._flights.values():
            if flight.entry is None:
                which = flight.received.connection
                _log.critical("the new tokens of %s are lost: no disk took them", which)


def _standing(row: Row | None) -> tuple[str, int, State] | None:
    return None if row is None else (row.grant_id, row.generation, State(row.state))

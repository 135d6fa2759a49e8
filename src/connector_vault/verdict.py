"""What is made of a refresh that gave nothing: a death, or another try."""

import asyncio
import logging
from collections.abc import Mapping

from connector_vault import lifecycle, schedule
from connector_vault.errors import ConnectorVaultError, Misconfigured, RateLimited, Reconnect
from connector_vault.intake import identify
from connector_vault.lease import Held, Leases
from connector_vault.lifecycle import Happening
from connector_vault.model import State, Tokens
from connector_vault.room import Room, owner_of
from connector_vault.stores import Conflict, Doomed, Event, Row, Update, Value, values

__all__ = ["Verdicts"]

_log = logging.getLogger(__name__)


class Verdicts:
    """Judges the grants of one vault."""

    def __init__(self, room: Room, leases: Leases) -> None:
        self._room = room
        self._leases = leases
        self._alarmed: dict[tuple[str, str], int] = {}

    async def give(self, held: Held, reason: str) -> Row:
        """Say that a grant is dead: only the holder of the lease may, on an unmoved generation.

        Gives the row, if somebody else has newer tokens.

        Raises:
            Reconnect: it is dead.
            Misconfigured: so many died at once that none is believed.
        """
        room, row = self._room, held.row
        step = lifecycle.after(State(row.state), Happening.DIED)
        if step is None:
            await self._leases.release(held)
            raise Reconnect(reason, row.id)
        await self._check_deaths(held)
        where = values(attempt=row.attempt, generation=row.generation, state=row.state)
        dead = values(state=step.state.value, reason=reason, intent="", attempt="", lease_until=0)
        never = values(due_at=0, retry_at=0, failures=0, warn_at=0, dies_on=0)
        line = room.audit.line(row, "refresh", "reconnect", reason=reason)
        event = room.event(row, step.event, reason=reason)
        try:
            await room.store.commit(Update(row.id, where, {**dead, **never}), event, line)
        except Conflict:
            await self._leases.release(held)
            now = await room.row(row.id, owner_of(row))
            if now.generation != row.generation:
                return now
        self._leases.end(held)
        raise Reconnect(reason, row.id)

    async def _check_deaths(self, held: Held) -> None:
        row, now = held.row, self._room.clock()
        since = now - int(lifecycle.MASS_WINDOW * 1000)
        dead = Doomed(provider=row.provider, client_id=row.client_id, since=since)
        if lifecycle.is_mass_death(len([one async for one in self._room.store.rows(dead)])):
            words = f"{row.provider} refuses many grants of the client {row.client_id} at once"
            error = Misconfigured(f"{words}: none is given up, look at the client there first")
            await self.fail(held, error)
            raise error

    async def reason(self, held: Held, tokens: Tokens, code: str) -> str:
        """Give the reason of a death, in words for its owner."""
        # An access token that outlives the refusal was not revoked: its refresh token was spent,
        # and by nobody here, unless an attempt of ours was never answered.
        row = held.row
        if row.doubt or row.expires_at <= self._room.clock():
            return code
        try:
            alive = await self.is_alive(row, tokens, seconds=lifecycle.COMMIT)
        except ConnectorVaultError:
            return code
        if alive:
            return f"{code}: another system has refreshed this grant"
        if row.origin.startswith("adopted"):
            return f"{code}: maybe the system it was adopted from still refreshes it"
        return code

    async def fail(self, held: Held, error: ConnectorVaultError) -> None:
        """Give back a lease under which nothing was spent, and note that it was for nothing."""
        told = self._alarm(held.row, error)
        await self._leases.release(held, *told, **self.failure(held, error))

    def _alarm(self, row: Row, error: ConnectorVaultError) -> list[Event]:
        # Once for a client, however many connections it has.
        client, now = (row.provider, row.client_id), self._room.clock()
        if not isinstance(error, Misconfigured) or now < self._alarmed.get(client, 0):
            return []
        self._alarmed[client] = now + int(lifecycle.MASS_WINDOW * 1000)
        _log.error("%s", error)
        return [self._room.event(row, "misconfigured", reason=str(error))]

    def failure(self, held: Held, error: ConnectorVaultError) -> Mapping[str, Value]:
        """Give what a failure changes in a row: when it is tried again."""
        now, chance, failures = self._room.clock(), self._room.chance(), held.row.failures + 1
        asked = error.retry_after if isinstance(error, RateLimited) else 0.0
        wait = schedule.pause(failures, asked=asked, chance=chance)
        later = max(wait, schedule.background_pause(failures, chance=chance))
        return values(
            failures=failures,
            retry_at=now + int(wait * 1000),
            due_at=now + int(later * 1000),
        )

    async def is_alive(self, row: Row, tokens: Tokens, *, seconds: float = lifecycle.SEND) -> bool:
        """Ask the provider whose token it is, and tell whether it said so."""
        connector = self._room.catalog.load(row.provider)
        deadline = asyncio.get_running_loop().time() + seconds
        try:
            await identify(self._room, connector, tokens, deadline, self._room.proof(row))
        except Reconnect:
            return False
        return connector.identity is not None

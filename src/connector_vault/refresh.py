"""One refresh for any number of callers in any number of processes.

docs/explanation/refresh.md tells why each rule is there, and what goes wrong without it.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_random

from connector_vault import grants, lifecycle, schedule
from connector_vault.connector import Json, Reply, Request, Steps
from connector_vault.envelope import DataKey
from connector_vault.errors import (
    ConnectorVaultError,
    OutcomeUnknown,
    RateLimited,
    Reconnect,
    StoreUnavailable,
    TimedOut,
    Unreachable,
)
from connector_vault.http import origins_of
from connector_vault.landing import Landings
from connector_vault.lease import Held, Leases
from connector_vault.model import Tokens
from connector_vault.received import Received
from connector_vault.room import Room, check_usable, owner_of
from connector_vault.stores import Row, values
from connector_vault.undertaking import Shared
from connector_vault.verdict import Verdicts

__all__ = ["Refresher"]

_LOOK = 7 * 24 * 3600 * 1000
"""Milliseconds until a token that nothing renews any more is looked at again."""


class _Lost(Unreachable):
    """Say that a refresh token was sent, and no answer came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """What a refresh needs, gathered before the refresh token is spent."""

    key: DataKey
    paper: DataKey
    """The journal's key."""
    tokens: Tokens
    account: str
    steps: Steps[Json] | None
    """None: there is no refresh token, or not yet."""


class Refresher:
    """Replaces token sets. Callers that meet in one process share one task."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.landings = Landings(room)
        self.leases = Leases(room, self.landings)
        self.verdicts = Verdicts(room, self.leases)
        self._renewals: Shared[tuple[str, int], Row] = Shared(room.work)

    async def renew(self, row: Row) -> Row:
        """Give the row with a newer token set than this one's.

        A caller that is cancelled does not cancel the refresh: the answer would be lost.

        Raises:
            Reconnect: the grant is dead, and the row now says so.
            Misconfigured, RateLimited, Refused, Unreachable, TimedOut: it is as it was.
        """
        return await asyncio.shield(self.begin(row))

    def begin(self, row: Row) -> asyncio.Task[Row]:
        """Begin to replace a token set, or join whoever does so already."""
        return self._renewals.begin((row.id, row.generation), lambda: self._renew(row))

    async def _renew(self, row: Row) -> Row:
        self._check_pause(row)
        try:
            return await self._attempt(row)
        except _Lost:
            # Nobody knows whether it was spent. To try it once more is never worse than not to.
            return await self._attempt(row)

    async def _attempt(self, row: Row) -> Row:
        held = await self.leases.acquire(row, spend=True)
        if held is not None:
            return await self.spend(held)
        now = await self._room.row(row.id, owner_of(row))
        check_usable(now)
        return now

    async def spend(self, held: Held) -> Row:
        """Refresh under a lease that was taken to spend, and give it back."""
        try:
            return await self._spend(held)
        except BaseException:
            await self.leases.give_up(held)
            raise

    async def _spend(self, held: Held) -> Row:
        try:
            ready = await self._prepare(held)
        except BaseException:
            await self.leases.release(held)
            raise
        if ready.steps is None:
            return await self._without_refresh_token(held, ready.tokens)
        try:
            fresh = await self._ask(held, ready, ready.steps)
        except Reconnect as error:
            if await self._goes_on(held, ready.tokens, error.reason):
                return held.row
            reason = await self.verdicts.reason(held, ready.tokens, error.reason)
            return await self.verdicts.give(held, reason)
        return await self._keep(held, fresh, ready)

    async def _prepare(self, held: Held) -> _Ready:
        # Everything that can fail for reasons of ours fails here, before the token is spent.
        room, row = self._room, held.row
        # A token that was spent long ago may come back with a row of yesterday.
        await room.check(row)
        paper = await room.keyring.journal_key(room.clock())
        key = await room.keyring.get(row.dek_id, row.tenant, row.id)
        tokens, account = await room.keyring.open(row)
        steps = self._steps(row, tokens)
        if not await self.leases.may_send(held):
            msg = f"{row.id} changed hands before the refresh was sent: try again"
            raise Unreachable(msg)
        return _Ready(key=key, paper=paper, tokens=tokens, account=account, steps=steps)

    def _steps(self, row: Row, tokens: Tokens) -> Steps[Json] | None:
        if tokens.refresh is None:
            return None
        connector = self._room.catalog.load(row.provider)
        if self._room.clock() < self._ripe_at(row):
            return None
        client = self._room.clients.holding(row.provider, row.client_id, row.tenant)
        return grants.renewal(connector, client, tokens)

    def _ripe_at(self, row: Row) -> int:
        """Give when a token is old enough to be renewed. 0: it always is."""
        oauth = self._room.catalog.load(row.provider).oauth
        if oauth is None or not oauth.youth or not row.expires_at:
            return 0
        return row.expires_at - (oauth.access - oauth.youth) * 1000

    async def _without_refresh_token(self, held: Held, tokens: Tokens) -> Row:
        if await self._is_accepted(held, tokens):
            good = values(proven_at=self._room.clock(), failures=0, retry_at=0)
            due_at = held.row.expires_at
            if tokens.refresh is not None:
                due_at = max(held.due_at, self._ripe_at(held.row))
            await self.leases.release(held, due_at=due_at, **good)
            return held.row
        reason = "the token is no longer accepted, and there is no refresh token"
        if tokens.refresh is not None:
            reason = "the token is no longer accepted, and too young to be refreshed"
        return await self.verdicts.give(held, reason)

    async def _goes_on(self, held: Held, tokens: Tokens, reason: str) -> bool:
        # Where the token in use has no end, only what would have renewed it is gone.
        oauth = self._room.catalog.load(held.row.provider).oauth
        if oauth is None or not oauth.outlives or not await self._is_accepted(held, tokens):
            return False
        row, now = held.row, self._room.clock()
        good = values(proven_at=now, failures=0, retry_at=0, dies_on=0, warn_at=0)
        words = f"only a person can renew it: {reason}"
        news = [self._room.event(row, "dying_soon", dies_on=row.dies_on, reason=words)]
        await self.leases.release(held, *(news if row.warn_at else ()), due_at=now + _LOOK, **good)
        return True

    async def _is_accepted(self, held: Held, tokens: Tokens) -> bool:
        # Where the provider can be asked whose token it is, its answer counts, not a caller's word.
        row = held.row
        if (
            0 < row.expires_at <= self._room.clock()
            or row.provider not in self._room.catalog.names()
        ):
            return False
        try:
            return await self.verdicts.is_alive(row, tokens)
        except ConnectorVaultError as error:
            await self.verdicts.fail(held, error)
            raise

    async def _ask(self, held: Held, ready: _Ready, steps: Steps[Json]) -> Tokens:
        deadline = asyncio.get_running_loop().time() + lifecycle.SEND
        connector = self._room.catalog.load(held.row.provider)
        origins, sent, replies = origins_of(connector), 0, 0

        async def send(request: Request) -> Reply:
            nonlocal sent, replies
            sent += 1
            reply = await self._room.http.send(request, origins=origins, deadline=deadline)
            replies += 1
            return reply

        old, now = ready.tokens, self._room.clock()
        try:
            said, reply = await grants.carry_out(connector, steps, send)
            fresh = grants.read_answer(connector, reply, said, now=now, asked=old.scopes)
        except Reconnect:
            raise
        except OutcomeUnknown as error:
            await self.leases.lose(held, **self.verdicts.failure(held, error))
            msg = f"the refresh of {held.row.id} got no answer ({error}): try again"
            raise _Lost(msg) from error
        except ConnectorVaultError as error:
            unread = replies > 0 and isinstance(error, TimedOut | Unreachable)
            if unread or (sent > 1 and connector.oauth and connector.oauth.rotates):
                # It answered, but not what became of the token; or a step before has spent it.
                await self.leases.lose(held, **self.verdicts.failure(held, error))
            else:
                await self.verdicts.fail(held, error)
            raise
        if fresh.refresh is not None:
            return fresh
        # No new one in the answer: the old one goes on (RFC 6749 §6).
        return replace(fresh, refresh=old.refresh, refresh_expires_at=old.refresh_expires_at)

    async def _keep(self, held: Held, fresh: Tokens, ready: _Ready) -> Row:
        row = held.row
        received = Received(
            connection=row.id,
            owner=owner_of(row),
            provider=row.provider,
            client_id=row.client_id,
            grant_id=row.grant_id,
            generation=row.generation,
            attempt=row.attempt,
            account=ready.account,
            at=self._room.clock(),
            tokens=fresh,
            endpoint=self._room.catalog.endpoint(row.provider).hex(),
        )
        await self.landings.receive(received, row, ready.key, ready.paper)
        try:
            landed = await self._landed(row.attempt)
        except BaseException:
            self.leases.end(held)
            raise
        now = landed or await self._room.row(row.id, owner_of(row))
        if now.attempt == row.attempt:
            # A consent came first, and its row says no more of this attempt than that it had it.
            await self.leases.release(held)
        self.leases.end(held)
        return now

    async def _landed(self, attempt: str) -> Row | None:
        with suppress(StoreUnavailable):
            return await self.landings.land(attempt)
        return await _patiently(self.landings.land, attempt)

    def _check_pause(self, row: Row) -> None:
        left = (row.retry_at - self._room.clock()) / 1000
        if 0 < left <= schedule.LONGEST_ASKED:
            raise RateLimited(left)


_patiently = AsyncRetrying(
    retry=retry_if_exception_type(StoreUnavailable),
    stop=stop_after_delay(lifecycle.COMMIT),
    wait=wait_random(0.05, 0.5),
    reraise=True,
)

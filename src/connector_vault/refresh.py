"""One refresh for any number of callers in any number of processes.

docs/explanation/refresh.md tells why each rule is there, and what goes wrong without it.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_random

from connector_vault import lifecycle, oauth, registry, schedule
from connector_vault.connector import Reply, Request
from connector_vault.envelope import DataKey
from connector_vault.errors import (
    ConnectorVaultError,
    OutcomeUnknown,
    RateLimited,
    Reconnect,
    StoreUnavailable,
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
    request: Request | None
    """None: there is no refresh token."""


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
        if ready.request is None:
            return await self._without_refresh_token(held, ready.tokens)
        reply = await self._post(held, ready.request)
        try:
            fresh = await self._read(held, reply, ready)
        except Reconnect as error:
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
        request = None
        if tokens.refresh is not None:
            client = room.clients.holding(row.provider, row.client_id, row.tenant)
            request = oauth.refresh(registry.load(row.provider), client, tokens.refresh)
        if not await self.leases.may_send(held):
            msg = f"{row.id} changed hands before the refresh was sent: try again"
            raise Unreachable(msg)
        return _Ready(key=key, paper=paper, tokens=tokens, account=account, request=request)

    async def _without_refresh_token(self, held: Held, tokens: Tokens) -> Row:
        if await self._is_accepted(held, tokens):
            good = values(proven_at=self._room.clock(), failures=0, retry_at=0)
            await self.leases.release(held, due_at=held.row.expires_at, **good)
            return held.row
        reason = "the token is no longer accepted, and there is no refresh token"
        return await self.verdicts.give(held, reason)

    async def _is_accepted(self, held: Held, tokens: Tokens) -> bool:
        # Where the provider can be asked whose token it is, its answer counts, not a caller's word.
        row = held.row
        if 0 < row.expires_at <= self._room.clock() or row.provider not in registry.names():
            return False
        try:
            return await self.verdicts.is_alive(row, tokens)
        except ConnectorVaultError as error:
            await self.verdicts.fail(held, error)
            raise

    async def _post(self, held: Held, request: Request) -> Reply:
        deadline = asyncio.get_running_loop().time() + lifecycle.SEND
        origins = origins_of(registry.load(held.row.provider))
        try:
            return await self._room.http.send(request, origins=origins, deadline=deadline)
        except OutcomeUnknown as error:
            await self.leases.lose(held, **self.verdicts.failure(held, error))
            msg = f"the refresh of {held.row.id} got no answer ({error}): try again"
            raise _Lost(msg) from error
        except ConnectorVaultError as error:
            await self.verdicts.fail(held, error)
            raise

    async def _read(self, held: Held, reply: Reply, ready: _Ready) -> Tokens:
        connector = registry.load(held.row.provider)
        old, now = ready.tokens, self._room.clock()
        try:
            fresh = oauth.read_tokens(connector, reply, now=now, asked=old.scopes)
        except Reconnect:
            raise
        except Unreachable as error:
            # It answered, but not what became of the token.
            await self.leases.lose(held, **self.verdicts.failure(held, error))
            raise
        except ConnectorVaultError as error:
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

"""One refresh for any number of callers in any number of processes."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_random

from connector_vault import lease, oauth, registry
from connector_vault.connector import Reply, Request
from connector_vault.ending import end_token
from connector_vault.envelope import DataKey
from connector_vault.errors import (
    ConnectorVaultError,
    OutcomeUnknown,
    Reconnect,
    StoreUnavailable,
    Unreachable,
)
from connector_vault.http import origins_of
from connector_vault.intake import identify
from connector_vault.keyring import scope_text, seal
from connector_vault.model import State, Tokens
from connector_vault.room import Room, check_usable, new_id, owner_of
from connector_vault.stores import Conflict, Row, Update, Value

__all__ = ["Refresher"]

_log = logging.getLogger(__name__)

_FREE: Mapping[str, Value] = {"attempt": "", "lease_until": 0, "intent": ""}
"""How a row looks when nobody is refreshing it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """What a refresh needs, gathered before the refresh token is spent."""

    key: DataKey
    tokens: Tokens
    account: str
    request: Request | None
    """None: there is no refresh token."""


class Refresher:
    """Replaces token sets. Callers that meet in one process share one task."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._renewals: dict[tuple[str, int], asyncio.Task[Row]] = {}

    async def renew(self, row: Row) -> Row:
        """Give the row with a newer token set than this one's.

        A caller that is cancelled does not cancel the refresh: the answer would be lost.

        Raises:
            Reconnect: the grant is dead, and the row now says so.
            Misconfigured, RateLimited, Refused, Unreachable, TimedOut: it is as it was.
        """
        which = (row.id, row.generation)
        task = self._renewals.get(which)
        if task is None:
            task = self._room.work.begin(self._renew(row))
            self._renewals[which] = task
            task.add_done_callback(lambda _: self._renewals.pop(which))
        return await asyncio.shield(task)

    async def _renew(self, row: Row) -> Row:
        held = await lease.acquire(self._room, row, new_id("att"), spend=True)
        if held is None:
            now = await self._room.row(row.id, owner_of(row))
            check_usable(now)
            return now
        return await self.spend(held)

    async def spend(self, held: Row) -> Row:
        """Refresh under a lease that was taken to spend, and give it back."""
        try:
            ready = await self._prepare(held)
        except BaseException:
            await lease.release(self._room, held)
            raise
        if ready.request is None:
            return await self._without_refresh_token(held, ready.tokens)
        reply = await self._post(held, ready.request)
        try:
            fresh = self._read(held, reply, ready.tokens)
        except Reconnect as error:
            return await self._verdict(held, error.reason)
        except Unreachable:
            # It answered, but not what became of the token.
            await lease.lose(self._room, held)
            raise
        except ConnectorVaultError:
            await lease.release(self._room, held)
            raise
        return await self._keep(held, fresh, ready)

    async def _prepare(self, held: Row) -> "_Ready":
        # Everything that can fail for reasons of ours fails here, before the token is spent.
        room = self._room
        key = await room.keyring.get(held.dek_id, held.tenant, held.id)
        tokens, account = await room.keyring.open(held)
        request = None
        if tokens.refresh is not None:
            client = room.clients.holding(held.provider, held.client_id, held.tenant)
            request = oauth.refresh(registry.load(held.provider), client, tokens.refresh)
        now = await room.row(held.id, owner_of(held))
        if (now.attempt, now.generation, now.state) != (held.attempt, held.generation, held.state):
            msg = f"{held.id} changed hands before the refresh was sent: try again"
            raise Unreachable(msg)
        return _Ready(key=key, tokens=tokens, account=account, request=request)

    async def _without_refresh_token(self, held: Row, tokens: Tokens) -> Row:
        if await self._is_accepted(held, tokens):
            await lease.release(self._room, held)
            return held
        reason = "the token is no longer accepted, and there is no refresh token"
        return await self._verdict(held, reason)

    async def _is_accepted(self, held: Row, tokens: Tokens) -> bool:
        # Where the provider can be asked whose token it is, its answer counts, not a caller's word.
        if 0 < held.expires_at <= self._room.clock() or held.provider not in registry.names():
            return False
        connector = registry.load(held.provider)
        deadline = asyncio.get_running_loop().time() + lease.SEND
        try:
            await identify(self._room, connector, tokens, deadline)
        except Reconnect:
            return False
        except ConnectorVaultError:
            await lease.release(self._room, held)
            raise
        return connector.identity is not None

    async def _post(self, held: Row, request: Request) -> Reply:
        deadline = asyncio.get_running_loop().time() + lease.SEND
        origins = origins_of(registry.load(held.provider))
        try:
            return await self._room.http.send(request, origins=origins, deadline=deadline)
        except OutcomeUnknown as error:
            await lease.lose(self._room, held)
            msg = f"the refresh of {held.id} got no answer ({error}): try again"
            raise Unreachable(msg) from error
        except ConnectorVaultError:
            await lease.release(self._room, held)
            raise

    def _read(self, held: Row, reply: Reply, old: Tokens) -> Tokens:
        connector = registry.load(held.provider)
        fresh = oauth.read_tokens(connector, reply, now=self._room.clock(), asked=old.scopes)
        if fresh.refresh is not None:
            return fresh
        # No new one in the answer: the old one goes on (RFC 6749 §6).
        return Tokens(
            access=fresh.access,
            refresh=old.refresh,
            expires_at=fresh.expires_at,
            refresh_expires_at=old.refresh_expires_at,
            scopes=fresh.scopes,
        )

    async def _keep(self, held: Row, fresh: Tokens, ready: "_Ready") -> Row:
        room = self._room
        newer = held._replace(generation=held.generation + 1, expires_at=fresh.expires_at)
        values = _values(
            sealed=seal(ready.key, newer, fresh, ready.account),
            generation=newer.generation,
            expires_at=newer.expires_at,
            scopes=scope_text(fresh.scopes),
            doubt="",
            ended=0,
        )
        line = room.audit.line(held, "refresh", generation=newer.generation)
        # By generation only: a success is never dropped because lease or state moved meanwhile.
        where = _values(generation=held.generation)
        try:
            async for attempt in _patiently():
                with attempt:
                    await room.store.commit(Update(held.id, where, {**_FREE, **values}), line)
        except Conflict:
            await self._discard(held, fresh)
        except StoreUnavailable:
            _log.error("%s: the database was away, and refreshed tokens are lost", held.id)
            raise
        return await self._revived(newer)

    async def _revived(self, newer: Row) -> Row:
        # While the answer was under way, a second attempt may have spent the same token, been
        # refused, and called the grant dead. These tokens prove that it is not.
        dead = _values(generation=newer.generation, state=State.RECONNECT.value)
        alive = _values(state=State.ACTIVE.value, reason="")
        row = await self._room.row(newer.id, owner_of(newer))
        if row.state == State.RECONNECT.value:
            with suppress(Conflict):
                await self._room.store.commit(Update(newer.id, dead, alive))
            row = await self._room.row(newer.id, owner_of(newer))
        return row

    async def _discard(self, held: Row, late: Tokens) -> None:
        # A consent came first, and always wins. What its forerunner still received is of another
        # grant, and must not live on; of the same grant it would take the new tokens with it.
        now = await self._room.row(held.id, owner_of(held))
        if now.grant_id == held.grant_id:
            return
        with suppress(ConnectorVaultError):
            client = self._room.clients.holding(held.provider, held.client_id, held.tenant)
            await end_token(self._room, registry.load(held.provider), client, late)

    async def _verdict(self, held: Row, reason: str) -> Row:
        room = self._room
        where = _values(attempt=held.attempt, generation=held.generation, state=State.ACTIVE.value)
        dead = _values(state=State.RECONNECT.value, reason=reason)
        line = room.audit.line(held, "refresh", "reconnect", reason=reason)
        try:
            # Only the holder of the lease, on an unmoved generation, may say that a grant is dead.
            await room.store.commit(Update(held.id, where, {**_FREE, **dead}), line)
        except Conflict:
            await lease.release(room, held)
            now = await room.row(held.id, owner_of(held))
            if now.generation != held.generation:
                return now
        raise Reconnect(reason, held.id)


def _values(**values: Value) -> Mapping[str, Value]:
    return values


def _patiently() -> AsyncRetrying:
    return AsyncRetrying(
        retry=retry_if_exception_type(StoreUnavailable),
        stop=stop_after_delay(lease.COMMIT),
        wait=wait_random(0.05, 0.5),
        reraise=True,
    )

"""One refresh for any number of callers in any number of processes."""

import asyncio
import logging
from collections.abc import Mapping

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_random

from connector_vault import lease, oauth, registry
from connector_vault.connector import Reply, Request
from connector_vault.errors import (
    ConnectorVaultError,
    OutcomeUnknown,
    Reconnect,
    StoreUnavailable,
    TimedOut,
    Unreachable,
)
from connector_vault.http import origin_of
from connector_vault.keyring import scope_text, seal
from connector_vault.model import State, Tokens
from connector_vault.room import Room, check_usable, new_id, owner_of
from connector_vault.stores import Conflict, Row, Update, Value

__all__ = ["Refresher"]

_log = logging.getLogger(__name__)

_FREE: Mapping[str, Value] = {
    "attempt": "",
    "lease_until": 0,
    "intent": "",
    "ended": 0,
    "doubt": "",
}
"""How a row looks when nobody is refreshing it and nothing is in doubt."""


class Refresher:
    """Replaces token sets. Callers that meet in one process share one task."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._tasks: dict[tuple[str, int], asyncio.Task[Row]] = {}

    async def renew(self, row: Row) -> Row:
        """Give the row with a newer token set than this one's.

        A caller that is cancelled does not cancel the refresh: the answer would be lost.

        Raises:
            Reconnect: the grant is dead, and the row now says so.
            Misconfigured, RateLimited, Refused, Unreachable, TimedOut: it is as it was.
        """
        which = (row.id, row.generation)
        task = self._tasks.get(which)
        if task is None:
            task = asyncio.create_task(self._renew(row))
            self._tasks[which] = task
            task.add_done_callback(lambda _: self._tasks.pop(which))
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Let what is under way come to its end."""
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _renew(self, row: Row) -> Row:
        held = await lease.acquire(self._room, row, new_id("att"), spend=True)
        if held.generation != row.generation or held.state != row.state:
            check_usable(held)
            return held
        return await self.spend(held)

    async def spend(self, held: Row) -> Row:
        """Refresh under a lease that was taken with `spend`, and give it back."""
        try:
            tokens, account, request = await self._prepare(held)
        except BaseException:
            await lease.release(self._room, held)
            raise
        if request is None:
            reason = "the token is no longer accepted, and there is no refresh token"
            return await self._verdict(held, reason)
        reply = await self._post(held, request)
        try:
            fresh = self._read(held, reply, tokens)
        except Reconnect as error:
            return await self._verdict(held, error.reason)
        except ConnectorVaultError:
            await lease.end(self._room, held)
            raise
        return await self._keep(held, fresh, account)

    async def _prepare(self, held: Row) -> tuple[Tokens, str, Request | None]:
        # Everything that can fail for reasons of ours fails here, before the token is spent.
        room = self._room
        tokens, account = await room.keyring.open(held)
        if tokens.refresh is None:
            return tokens, account, None
        client = room.clients.holding(held.provider, held.client_id, held.tenant)
        request = oauth.refresh(registry.load(held.provider), client, tokens.refresh)
        now = await room.row(held.id, owner_of(held))
        if (now.attempt, now.generation, now.state) != (held.attempt, held.generation, held.state):
            msg = f"{held.id} changed hands before the refresh was sent: try again"
            raise Unreachable(msg)
        return tokens, account, request

    async def _post(self, held: Row, request: Request) -> Reply:
        deadline = asyncio.get_running_loop().time() + lease.SEND
        origins = {origin_of(request.url)}
        try:
            return await self._room.http.send(request, origins=origins, deadline=deadline)
        except (TimedOut, Unreachable):
            await lease.release(self._room, held)
            raise
        except OutcomeUnknown as error:
            await lease.end(self._room, held)
            msg = f"the refresh of {held.id} got no answer ({error}): try again"
            raise Unreachable(msg) from error

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

    async def _keep(self, held: Row, fresh: Tokens, account: str) -> Row:
        room = self._room
        newer = held._replace(generation=held.generation + 1, expires_at=fresh.expires_at)
        key = await room.keyring.get(held.dek_id, held.tenant, held.id)
        values = _values(
            sealed=seal(key, newer, fresh, account),
            generation=newer.generation,
            expires_at=newer.expires_at,
            scopes=scope_text(fresh.scopes),
        )
        line = room.audit.line(held, "refresh", generation=newer.generation)
        # By generation only: a success is never dropped because lease or state moved meanwhile.
        where = _values(generation=held.generation)
        try:
            async for attempt in _patiently():
                with attempt:
                    await room.store.commit(Update(held.id, where, {**_FREE, **values}), line)
        except Conflict:
            _log.warning("%s: a refresh came second, and its tokens are not kept", held.id)
        except StoreUnavailable:
            _log.error("%s: the database was away, and refreshed tokens are lost", held.id)
            raise
        return await room.row(held.id, owner_of(held))

    async def _verdict(self, held: Row, reason: str) -> Row:
        room = self._room
        where = _values(attempt=held.attempt, generation=held.generation, state=State.ACTIVE.value)
        dead = _values(state=State.RECONNECT.value, reason=reason)
        line = room.audit.line(held, "refresh", "reconnect", reason=reason)
        try:
            # Only the holder of the lease, on an unmoved generation, may say that a grant is dead.
            await room.store.commit(Update(held.id, where, {**_FREE, **dead}), line)
        except Conflict:
            await lease.end(room, held)
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

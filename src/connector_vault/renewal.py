"""A new data key for a connection, because the old one is old, or may be known to somebody."""

import logging
from contextlib import suppress

from connector_vault.errors import ConnectorVaultError, NotConnected
from connector_vault.lease import Held, Leases
from connector_vault.model import State, Tenant
from connector_vault.room import Room
from connector_vault.stores import AddKey, Aged, Conflict, DropKey, Row, Update, WrappedKey, values

__all__ = ["AGE", "Renewal"]

AGE = 365 * 24 * 3600 * 1000
"""Milliseconds after which `maintain` replaces a data key."""

_HOUR = 3600 * 1000
"""Milliseconds in which a key that no row names may belong to one that is just being stored."""

_TRIES = 5

_log = logging.getLogger(__name__)


class Renewal:
    """Replaces data keys. What a connection holds stays the same, sealed anew."""

    def __init__(self, room: Room, leases: Leases) -> None:
        self._room = room
        self._leases = leases

    async def renew(self, row: Row) -> bool:
        """Give a connection a new data key, and destroy the old one.

        It takes the refresh lease: nobody else seals the row meanwhile. False: it has ended, or
        others were faster each time.

        Raises:
            KeysUnavailable, StoreUnavailable, TimedOut: not now; nothing is lost.
            Corrupt, Shredded: it cannot be opened.
        """
        for _ in range(_TRIES):
            if row.state not in (State.ACTIVE.value, State.RECONNECT.value):
                return False
            held = await self._leases.acquire(row, spend=False)
            if held is not None:
                return await self._renew(held)
            row = await self._room.row(row.id, Tenant(name=row.tenant))
        return False

    async def renew_older(self, before: int) -> int:
        """Replace the data keys that were made before a time. Gives how many those were.

        One that cannot be replaced holds up no other.
        """
        done = 0
        async for key in self._room.store.rows(Aged(before)):
            if self._room.work.closing:
                break
            try:
                done += await self._renew_key(key)
            except ConnectorVaultError as error:
                _log.warning("the data key of %s is not replaced yet: %s", key.connection, error)
        return done

    async def _renew_key(self, key: WrappedKey) -> bool:
        try:
            row = await self._room.row(key.connection, Tenant(name=key.tenant))
        except NotConnected:
            row = None
        if row is not None and row.dek_id == key.dek_id:
            return await self.renew(row)
        if key.created_at < self._room.clock() - _HOUR:
            # It seals nothing: whoever made it, or replaced it, was killed before the next step.
            await self._room.store.commit(DropKey(key.dek_id))
        return False

    async def _renew(self, held: Held) -> bool:
        try:
            old = held.row
            tokens, account = await self._room.keyring.open(old)
            key, wrapped = await self._room.keyring.create(old.tenant, old.id)
            new = old._replace(dek_id=key.id)
            change = values(
                dek_id=key.id,
                sealed=self._room.keyring.seal(key, new, tokens, account),
                attempt="",
                lease_until=0,
            )
            where = values(
                attempt=old.attempt, generation=old.generation, state=old.state, dek_id=old.dek_id
            )
            line = self._room.audit.line(old, "new data key")
            await self._room.store.commit(AddKey(wrapped), Update(old.id, where, change), line)
        except BaseException as error:
            await self._leases.release(held)
            if isinstance(error, Conflict):
                return False
            raise
        self._leases.end(held)
        self._room.keyring.keys.forget(old.dek_id)
        # If this process dies here, the next round finds that it seals nothing.
        with suppress(ConnectorVaultError):
            await self._room.store.commit(DropKey(old.dek_id))
        return True

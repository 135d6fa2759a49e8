"""A store whose data keys lie in a second place, so that their backups may end sooner.

Keys are committed before what they seal, and destroyed after what they sealed has ended. A process
that dies in between leaves a key that seals nothing, or one that is destroyed by the next `Purge`.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Protocol, TypeVar

from connector_vault.errors import BadArguments, ConnectorVaultError, Misconfigured
from connector_vault.stores import (
    Access,
    AddKey,
    Change,
    Conflict,
    Consent,
    DropKey,
    Event,
    Everything,
    Follower,
    Purge,
    Query,
    Rewrap,
    Row,
    Shred,
    Store,
    Take,
    Tally,
    Unshredded,
    Update,
    WrappedKey,
)

__all__ = ["Part", "SplitStore", "check_paired", "keep_together", "pair"]

T = TypeVar("T", Row, Access, Event, WrappedKey, Tally)
Taken = TypeVar("Taken", Row, Consent, Follower)

_PLACE, _HERE = "keys", b"here"
"""Where a store of rows has its keys: in itself, or in the store of this id."""

_ROWS = "rows"
"""Whose keys a store of keys has."""

_SETTING = "CONNECTOR_VAULT_KEYS_DATABASE"


class Part(Store, Protocol):
    """A store that can be one of two."""

    async def noted(self, name: str) -> bytes | None:
        """Read what was noted about this store."""
        ...

    async def note(self, name: str, value: bytes) -> bytes:
        """Note something about this store, unless that was noted before; give what now holds."""
        ...


class SplitStore:
    """Two stores as one. Made by `pair`."""

    def __init__(self, rows: Store, keys: Store) -> None:
        self.id = rows.id
        self.shared = rows.shared
        self.home = rows.home
        self.clock = rows.clock
        self.presence = rows.presence
        # Each call reads them: nothing stands in between.
        self.get = rows.get
        self.key = keys.key
        self.lease = rows.lease
        self._rows = rows
        self._keys = keys
        self._tasks: set[asyncio.Task[None]] = set()

    def rows(self, query: Query[T]) -> AsyncIterator[T]:
        place = self._keys if query.gives in (WrappedKey, Tally) else self._rows
        return place.rows(query)

    async def take(self, query: Take[Taken]) -> list[Taken]:
        return await self._rows.take(query)

    async def commit(self, *changes: Change) -> None:
        added = [one for one in changes if isinstance(one, AddKey)]
        dropped = [one for one in changes if isinstance(one, DropKey | Rewrap | Shred)]
        rest = [one for one in changes if not isinstance(one, AddKey | DropKey | Rewrap | Shred)]
        if not (added or dropped or any(isinstance(one, Purge) for one in rest)):
            await self._rows.commit(*changes)
        elif not rest:
            await self._keys.commit(*changes)
        else:
            # Seen through if its caller is cancelled: the second half belongs to the first.
            task = asyncio.create_task(self._commit(added, rest, dropped))
            self._tasks.add(task)
            task.add_done_callback(self._end)
            await asyncio.shield(task)

    async def finish(self) -> None:
        """Destroy the keys of connections that have ended, where that was begun and not done."""
        async for row in self._rows.rows(Unshredded()):
            await self._destroy([Shred(row.id)])

    async def close(self) -> None:
        """Let what was begun come to its end."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _commit(
        self,
        added: Sequence[AddKey],
        rest: Sequence[Change],
        dropped: Sequence[DropKey | Rewrap | Shred],
    ) -> None:
        if any(isinstance(one, Purge) for one in rest):
            # It forgets which connections there were, and so whose keys are to be destroyed.
            await self.finish()
        await self._add(added)
        try:
            await self._rows.commit(*rest)
        except (Conflict, BadArguments):
            with suppress(ConnectorVaultError):
                await _make(self._keys, [DropKey(one.key.dek_id) for one in added])
            raise
        await self._destroy(dropped)

    async def _add(self, added: Sequence[AddKey]) -> None:
        try:
            await _make(self._keys, added)
        except Conflict:
            # Whoever tries again may have come so far before.
            for one in added:
                if await self._keys.key(one.key.dek_id) != one.key:
                    raise

    async def _destroy(self, dropped: Sequence[DropKey | Rewrap | Shred]) -> None:
        await _make(self._keys, dropped)
        shredded = [one.connection for one in dropped if isinstance(one, Shred)]
        # So nobody looks for them again.
        await _make(self._rows, [Update(one, {}, {"dek_id": b""}) for one in shredded])

    def _end(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # Seen here, because its caller may have gone.
            task.exception()


async def keep_together(rows: Part) -> None:
    """Check that a store has its keys in itself.

    Raises:
        Misconfigured: they are elsewhere.
    """
    await _check_own(rows)
    if await rows.note(_PLACE, _HERE) != _HERE:
        msg = f"the data keys of this database lie in another one: name it in {_SETTING}"
        raise Misconfigured(msg)


async def check_paired(rows: Part, *, missing: bool) -> None:
    """Check, before a store of keys is opened or made, that this one may have its keys elsewhere.

    `missing`: whether there are no keys in it.

    Raises:
        Misconfigured: its keys lie in it, or there should be some.
    """
    await _check_own(rows)
    place = await rows.noted(_PLACE)
    if place == _HERE or (place is None and await _is_used(rows)):
        msg = f"the data keys of this database lie in it, and not elsewhere: unset {_SETTING}"
        raise Misconfigured(msg)
    if place is not None and missing:
        msg = f"the keys database is missing, or empty: mend {_SETTING}, or restore its backup"
        raise Misconfigured(msg)


async def pair(rows: Part, keys: Part) -> SplitStore:
    """Make one store of two that belong together, or have never belonged to any.

    Raises:
        Misconfigured: they belong to others.
    """
    theirs = await rows.noted(_PLACE)
    if keys.id == rows.id or theirs not in (None, keys.id):
        msg = f"this is not the database with this one's data keys: mend {_SETTING}"
        raise Misconfigured(msg)
    if await keys.noted(_PLACE) or await keys.note(_ROWS, rows.id) != rows.id:
        msg = f"the keys database belongs to another database: mend {_SETTING}"
        raise Misconfigured(msg)
    if await rows.note(_PLACE, keys.id) != keys.id:
        msg = f"another keys database was just given to this one: mend {_SETTING}"
        raise Misconfigured(msg)
    return SplitStore(rows, keys)


async def _check_own(rows: Part) -> None:
    if await rows.noted(_ROWS) is not None:
        msg = f"this database has another one's data keys: name it in {_SETTING}, and that one here"
        raise Misconfigured(msg)


async def _make(store: Store, changes: Sequence[Change]) -> None:
    if changes:
        await store.commit(*changes)


async def _is_used(store: Store) -> bool:
    async for _ in store.rows(Everything()):
        return True
    return False

"""What became of connections, in order, for whoever follows."""

from collections.abc import AsyncIterator

from pydantic import TypeAdapter, ValidationError

from connector_vault import stores
from connector_vault.audit import Detail
from connector_vault.errors import BadArguments, Corrupt, StoreUnavailable
from connector_vault.model import Owner, Tenant
from connector_vault.news import Event
from connector_vault.room import Room, moment
from connector_vault.stores import Happened

__all__ = ["event_of", "read"]

_EVERY = 0.5
"""Seconds between two looks for what is new."""

_MAX_CURSOR = 2**63 - 1
"""What a database can count to."""

_DETAIL: TypeAdapter[dict[str, Detail]] = TypeAdapter(dict[str, Detail])


async def read(
    room: Room, *, after: int, owner: Owner | Tenant | None, follow: bool
) -> AsyncIterator[Event]:
    """Give events: what `Vault.events` does."""
    await _check(room, after)
    while True:
        async for event in _stored(room, after, owner):
            after = event.cursor
            yield event
        if not follow or room.work.closing:
            return
        await room.work.rest(_EVERY)


def event_of(row: stores.Event) -> Event:
    """Give what may be shown of an event: all of it.

    Raises:
        Corrupt: somebody edited the database.
    """
    try:
        detail = _DETAIL.validate_json(row.detail)
    except ValidationError:
        words = f"event {row.seq} of {row.connection} is none: somebody edited the database"
        raise Corrupt(words) from None
    return Event(
        cursor=row.seq,
        name=row.name,
        at=moment(row.at),
        connection=row.connection,
        owner=Owner(tenant=row.tenant, user=row.user or None),
        provider=row.provider,
        generation=row.generation,
        detail=detail,
    )


async def _stored(room: Room, after: int, owner: Owner | Tenant | None) -> AsyncIterator[Event]:
    try:
        async for row in room.store.rows(Happened(after=after, owner=owner)):
            yield event_of(row)
    except StoreUnavailable:
        if not room.work.closing:
            raise


async def _check(room: Room, after: int) -> None:
    if not 0 <= after <= _MAX_CURSOR:
        raise BadArguments("a cursor is that of an event; 0 stands before the first")
    if after == 0:
        return
    words = "look at the connections themselves, then go on after the newest event, or after 0"
    async for row in room.store.rows(Happened(after=after - 1)):
        if row.seq > after + 1:
            msg = f"events between {after} and {row.seq} are gone, they are kept for 90 days: "
            raise BadArguments(msg + words)
        return
    raise BadArguments(
        f"no event has the cursor {after}: is this the right database? If so, {words}"
    )

"""What the strongroom works with, and what it hands to its visitors."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import random
from secrets import choice
from typing import get_args

from connector_vault.audit import Audit, Detail
from connector_vault.catalog import Catalog
from connector_vault.clients import Clients
from connector_vault.dressing import Proof, proof_of
from connector_vault.errors import Corrupt, NotConnected, Reconnect, RolledBack, Unreachable
from connector_vault.highwater import HighWater
from connector_vault.http import Http
from connector_vault.journal import Journal
from connector_vault.keyring import Keyring
from connector_vault.lifecycle import EventName
from connector_vault.model import Connection, Kind, Owner, State, Tenant
from connector_vault.news import Webhook
from connector_vault.stores import Credential, Event, One, Openable, Row, Store
from connector_vault.undertaking import Undertakings

__all__ = [
    "Room",
    "check_state",
    "check_usable",
    "connection_of",
    "instant",
    "moment",
    "new_id",
    "now_ms",
    "owner_of",
]

_ID = re.compile(r"con_[a-z0-9]{1,40}")
_ACTIVE = State.ACTIVE.value
_STATES = frozenset(state.value for state in State)
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
"""32 characters that are told apart when read aloud."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The parts that connecting, refreshing and revoking share."""

    store: Store
    keyring: Keyring
    http: Http
    audit: Audit
    clients: Clients
    catalog: Catalog
    journal: Journal
    work: Undertakings
    clock: Callable[[], int]
    """Milliseconds since 1970 UTC."""
    webhooks: tuple[Webhook, ...] = ()
    chance: Callable[[], float] = random
    """0 to 1, to spread what would come all at once. It keeps nothing secret."""
    seen: HighWater = field(default_factory=HighWater)

    def event(self, row: Row, name: EventName, **detail: Detail) -> Event:
        """Make an event, to be committed with what it tells of."""
        text = json.dumps(detail, sort_keys=True)
        now = self.clock()
        place = (row.tenant, row.user, row.id, row.provider)
        return Event(0, now, *place, name, row.generation, text)

    def proof(self, row: Row) -> Proof | None:
        """Give what proves, for each token of a connection, that we hold its client's secret."""
        connector = self.catalog.load(row.provider)
        if connector.proof is None or not row.client_id:
            return None
        return proof_of(connector, self.clients.holding(row.provider, row.client_id, row.tenant))

    async def credential(self, connection: str, owner: Owner) -> Credential:
        """Read what opens a connection.

        Raises:
            NotConnected: this owner has no such connection.
            RolledBack: a newer state of it was read before.
        """
        seen, epoch = self.seen.of(connection), self.seen.epoch
        found = await self.store.get(connection, owner) if _ID.fullmatch(connection) else None
        if found is None:
            raise _unknown(connection, owner)
        try:
            self.seen.rise(found, seen)
        except RolledBack:
            if not await self._restored(epoch):
                raise
            return await self.credential(connection, owner)
        return found

    async def row(self, connection: str, owner: Owner | Tenant) -> Row:
        """Read a whole connection.

        Raises:
            NotConnected: this owner has no such connection.
            RolledBack: a newer state of it was read before.
        """
        seen, epoch = self.seen.of(connection), self.seen.epoch
        known = _ID.fullmatch(connection) is not None
        found = [row async for row in self.store.rows(One(connection, owner))] if known else []
        if not found:
            raise _unknown(connection, owner)
        try:
            self.seen.rise(found[0], seen)
        except RolledBack:
            if not await self._restored(epoch):
                raise
            return await self.row(connection, owner)
        return found[0]

    async def check(self, row: Row) -> None:
        """Look at the anchor once more, before something is done that cannot be done twice.

        Raises:
            RolledBack: another process has seen a newer state.
            Unreachable: the row has changed since it was read.
        """
        epoch = self.seen.epoch
        try:
            self.seen.check(row)
        except RolledBack:
            if await self._restored(epoch):
                self.seen.check(row)
                return
            now = await self.row(row.id, owner_of(row))
            if (now.generation, now.grant_id) == (row.generation, row.grant_id):
                raise
            raise Unreachable(f"{row.id} changed hands meanwhile: try again") from None

    async def _restored(self, before: int) -> bool:
        # Whether it is older on purpose: somebody restored a backup, and said so.
        epoch = await self.keyring.epoch(before)
        if epoch > self.seen.epoch:
            self.seen.begin(epoch)
        return epoch > before


def owner_of(row: Openable) -> Owner:
    """Give the owner a row names."""
    return Owner(tenant=row.tenant, user=row.user or None)


def check_usable(row: Openable) -> None:
    """Let only a live connection pass.

    Raises:
        Reconnect: its grant is dead.
        NotConnected: it was, or is being, disconnected.
    """
    if row.state == _ACTIVE:
        return
    if row.state == State.RECONNECT.value:
        raise Reconnect(row.reason, row.id)
    check_state(row)
    msg = f"{row.id} was disconnected: connect the account again"
    raise NotConnected(msg)


def check_state(row: Openable) -> None:
    """Let only a row pass whose state is one there is.

    Raises:
        Corrupt: somebody edited it.
    """
    if row.state not in _STATES:
        raise Corrupt(f"the state of {row.id} is none there is: somebody edited the database")


def new_id(kind: str, length: int = 20) -> str:
    """Make an id, of 5 random bits for each letter: `con_…`."""
    return f"{kind}_" + "".join(choice(_ALPHABET) for _ in range(length))


def now_ms() -> int:
    """Give the host's time, in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def moment(milliseconds: int) -> datetime:
    """Give a time of a row."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def instant(milliseconds: int) -> datetime | None:
    """Give a time of a row that may not be there: 0 is None, never."""
    return moment(milliseconds) if milliseconds else None


def connection_of(row: Row) -> Connection:
    """Give what may be shown of a row."""
    kinds: list[Kind] = [known for known in get_args(Kind) if known == row.kind]
    if not kinds:
        raise Corrupt(f"the kind of {row.id} is none there is: somebody edited the database")
    check_state(row)
    return Connection(
        id=row.id,
        owner=owner_of(row),
        provider=row.provider,
        kind=kinds[0],
        client=row.client,
        account=row.account,
        label=row.label,
        state=State(row.state),
        reason=row.reason,
        scopes=None if row.scopes is None else frozenset(row.scopes.split()),
        generation=row.generation,
        expires_at=instant(row.expires_at),
        dies_on=instant(row.dies_on),
        last_proven_alive=instant(row.proven_at),
        created_at=moment(row.created_at),
        changed_at=moment(row.changed_at),
    )


def _unknown(connection: str, owner: Owner | Tenant) -> NotConnected:
    # What is no id is not repeated: somebody may have passed a token by mistake.
    which = f"connection {connection}" if _ID.fullmatch(connection) else "such connection"
    return NotConnected(f"{owner} has no {which}: `list` shows those there are")

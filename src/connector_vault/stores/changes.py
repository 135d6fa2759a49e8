"""What a store can be told to change, and how that may fail."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from connector_vault.errors import StoreUnavailable
from connector_vault.stores.rows import (
    Access,
    Consent,
    Event,
    Follower,
    Line,
    Row,
    WrappedKey,
)

__all__ = [
    "AddAccess",
    "AddConnection",
    "AddConsent",
    "AddKey",
    "Change",
    "Conflict",
    "DropKey",
    "EndAccess",
    "Purge",
    "Rewrap",
    "Shred",
    "Swap",
    "Touch",
    "Undecided",
    "Update",
    "Value",
    "values",
]

Value = str | int | bytes | None


def values(**columns: Value) -> Mapping[str, Value]:
    """Give columns of a row, for an `Update`."""
    return columns


class Conflict(Exception):
    """Say that a row was no longer as the change required, and that nothing was written."""


class Undecided(StoreUnavailable):
    """Say that the answer to a commit was lost: it was made, or it was not."""


@dataclass(frozen=True, slots=True)
class AddConnection:
    """Store a new connection."""

    row: Row


@dataclass(frozen=True, slots=True)
class AddKey:
    """Store a wrapped data key. Conflict if its id is taken."""

    key: WrappedKey


@dataclass(frozen=True, slots=True)
class AddConsent:
    """Store a consent, and drop those that ran out before `now`."""

    consent: Consent
    now: int


@dataclass(frozen=True, slots=True)
class Update:
    """Change columns of one connection if the columns in `where` hold exactly these values."""

    id: str
    where: Mapping[str, Value]
    set: Mapping[str, Value] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Shred:
    """Overwrite and delete every data key of one connection."""

    connection: str


@dataclass(frozen=True, slots=True)
class DropKey:
    """Overwrite and delete one data key. It may be gone already."""

    dek_id: bytes


class Swap(NamedTuple):
    """A data key, as it is wrapped and as it is to be."""

    dek_id: bytes
    was: bytes
    holder: str
    version: int
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class Rewrap:
    """Put newly wrapped data keys into the place of what they were made of.

    One that is not there any more, or was wrapped anew by somebody else, stays as it is.
    """

    swaps: tuple[Swap, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """Note that a token of this generation was used. No other change notices: `revision` stays.

    A time that the row already has, or a later one, stays.
    """

    id: str
    generation: int
    used_at: int
    proven_at: int
    due_at: int
    """When there is something to do, if that is sooner than the row says. 0: nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purge:
    """Delete what nobody needs any more: older than these times."""

    consents: int
    events: int
    tombstones: int
    """Connections that were revoked, and not changed since."""


@dataclass(frozen=True, slots=True)
class AddAccess:
    """Store an access key. Conflict if its id or its hash is taken."""

    access: Access


@dataclass(frozen=True, slots=True)
class EndAccess:
    """Revoke an access key. Conflict if there is none, or it was revoked before."""

    id: str
    revoked_at: int
    mac: bytes


Change = (
    AddConnection
    | AddKey
    | AddConsent
    | AddAccess
    | DropKey
    | EndAccess
    | Event
    | Follower
    | Line
    | Purge
    | Rewrap
    | Shred
    | Touch
    | Update
)
"""A `Follower` is stored over the one of its name. Conflict if there is none."""

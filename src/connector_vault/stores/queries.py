"""What a store is asked for. Each query gives rows of one kind, the oldest first."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Generic, TypeVar

from connector_vault.model import Owner, Tenant
from connector_vault.stores.rows import Access, Consent, Event, Follower, Row, Tally, WrappedKey

__all__ = [
    "START",
    "Aged",
    "Claim",
    "Doomed",
    "Due",
    "Dying",
    "Everything",
    "Followed",
    "Happened",
    "Issued",
    "One",
    "Owned",
    "Presented",
    "Query",
    "Sharing",
    "Take",
    "Tallies",
    "Unshredded",
    "Wrapped",
]

T_co = TypeVar(
    "T_co", bound=Row | Access | Event | WrappedKey | Tally | Consent | Follower, covariant=True
)

START = (-1, "")
"""Before every row: a time and an id."""


class Query(ABC, Generic[T_co]):
    """A question, and the kind of row that answers it."""

    __slots__ = ()

    @property
    @abstractmethod
    def gives(self) -> type[T_co]: ...


class _OfConnections(Query[Row]):
    __slots__ = ()

    @property
    def gives(self) -> type[Row]:
        return Row


class _OfAccess(Query[Access]):
    __slots__ = ()

    @property
    def gives(self) -> type[Access]:
        return Access


class _OfKeys(Query[WrappedKey]):
    __slots__ = ()

    @property
    def gives(self) -> type[WrappedKey]:
        return WrappedKey


@dataclass(frozen=True, slots=True)
class One(_OfConnections):
    """Ask for one connection. Another owner's does not exist."""

    connection: str
    owner: Owner | Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned(_OfConnections):
    """Ask for the connections of an owner, or of everybody in a tenant."""

    owner: Owner | Tenant
    provider: str | None = None
    id_prefix: str = ""
    after: tuple[int, str] = START
    """Time and id of the last one that is not wanted."""


@dataclass(frozen=True, slots=True)
class Sharing(_OfConnections):
    """Ask for the connections that rest on one grant, whoever owns them."""

    grant_key: bytes


@dataclass(frozen=True, slots=True)
class Everything(_OfConnections):
    """Ask for all connections."""


@dataclass(frozen=True, slots=True)
class Dying(_OfConnections):
    """Ask for the live connections whose end is to be announced by now."""

    now: int


@dataclass(frozen=True, slots=True)
class Unshredded(_OfConnections):
    """Ask for the revoked connections that still name a data key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doomed(_OfConnections):
    """Ask for the connections of one OAuth client that were found dead since a time."""

    provider: str
    client_id: str
    since: int


@dataclass(frozen=True, slots=True)
class Presented(_OfAccess):
    """Ask for the access key whose text has this hash."""

    digest: bytes


@dataclass(frozen=True, slots=True)
class Issued(_OfAccess):
    """Ask for a tenant's access keys, or for everybody's."""

    tenant: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened(Query[Event]):
    """Ask for the events after one, in their order."""

    after: int = 0
    """Its `seq`."""
    owner: Owner | Tenant | None = None
    """None: everybody's."""

    @property
    def gives(self) -> type[Event]:
        return Event


@dataclass(frozen=True, slots=True)
class Wrapped(_OfKeys):
    """Ask for the data keys that one version of a holder's key wraps."""

    holder: str
    version: int
    after: bytes = b""
    """Id of the last one that is not wanted."""


@dataclass(frozen=True, slots=True)
class Aged(_OfKeys):
    """Ask for the data keys of connections that were made before a time."""

    before: int


@dataclass(frozen=True, slots=True)
class Tallies(Query[Tally]):
    """Ask how many data keys each version of each holder's key wraps."""

    @property
    def gives(self) -> type[Tally]:
        return Tally


class Take(Query[T_co]):
    """A question whose answer is nobody else's: the rows are changed as they are read."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Claim(Take[Consent]):
    """Take a consent out, once, if it is this owner's and has not run out."""

    consent: bytes
    owner: Owner
    now: int

    @property
    def gives(self) -> type[Consent]:
        return Consent


@dataclass(frozen=True, slots=True, kw_only=True)
class Due(Take[Row]):
    """Take connections in this state that are due, the longest due first.

    They are given out again once `until` has passed, if nothing became of them.
    """

    state: str
    now: int
    until: int
    limit: int

    @property
    def gives(self) -> type[Row]:
        return Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed(Take[Follower]):
    """Take a follower that is due, for one who sends to it until a time.

    A new one is made, and follows from the newest event on.
    """

    name: str
    now: int
    until: int

    @property
    def gives(self) -> type[Follower]:
        return Follower

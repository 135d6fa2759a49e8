"""What a store is asked for. Each query gives rows of one kind, the oldest first."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Generic, TypeVar

from connector_vault.model import Owner, Tenant
from connector_vault.stores.rows import Access, Row

__all__ = [
    "START",
    "Everything",
    "Issued",
    "One",
    "Owned",
    "Presented",
    "Query",
    "Sharing",
]

T_co = TypeVar("T_co", bound=Row | Access, covariant=True)

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
class Presented(_OfAccess):
    """Ask for the access key whose text has this hash."""

    digest: bytes


@dataclass(frozen=True, slots=True)
class Issued(_OfAccess):
    """Ask for a tenant's access keys, or for everybody's."""

    tenant: str | None = None

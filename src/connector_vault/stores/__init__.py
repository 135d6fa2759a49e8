"""Where rows are kept. A store knows rows and never what is sealed in them."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

from connector_vault.errors import Misconfigured
from connector_vault.model import Owner
from connector_vault.stores.queries import (
    START,
    Everything,
    Issued,
    One,
    Owned,
    Presented,
    Query,
    Sharing,
)
from connector_vault.stores.rows import (
    Access,
    Consent,
    Credential,
    Line,
    Openable,
    Row,
    WrappedKey,
)

__all__ = [
    "START",
    "Access",
    "AddAccess",
    "AddConnection",
    "AddConsent",
    "AddKey",
    "Change",
    "Conflict",
    "Consent",
    "Credential",
    "EndAccess",
    "Everything",
    "Issued",
    "Line",
    "One",
    "Openable",
    "Owned",
    "Presented",
    "Query",
    "Row",
    "Sharing",
    "Shred",
    "Store",
    "Update",
    "Value",
    "World",
    "WrappedKey",
    "is_new",
    "open_store",
]

T = TypeVar("T", Row, Access)

Value = str | int | bytes | None


class Conflict(Exception):
    """Say that a row was no longer as the change required, and that nothing was written."""


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
class AddAccess:
    """Store an access key. Conflict if its id or its hash is taken."""

    access: Access


@dataclass(frozen=True, slots=True)
class EndAccess:
    """Revoke an access key. Conflict if there is none, or it was revoked before."""

    id: str
    revoked_at: int
    mac: bytes


Change = AddConnection | AddKey | AddConsent | AddAccess | Update | EndAccess | Shred | Line


World = Literal["real", "emulated"]


class Store(Protocol):
    """The seam to a database. Every method may raise StoreUnavailable or Corrupt."""

    id: bytes
    """16 random bytes: a wrapped key cannot move to another store."""

    async def get(self, connection: str, owner: Owner) -> Credential | None:
        """Read what opens one connection. Another owner's does not exist."""
        ...

    async def key(self, dek_id: bytes) -> WrappedKey | None:
        """Read one wrapped data key."""
        ...

    def rows(self, query: Query[T]) -> AsyncIterator[T]:
        """Read many rows, in pages: none is held while the caller works."""
        ...

    async def commit(self, *changes: Change) -> None:
        """Make all the changes or none, durably.

        Raises:
            Conflict: a row was not as a change required.
        """
        ...

    async def lease(self, row: Row, *, attempt: str, seconds: float, spend: bool) -> Row | None:
        """Take the refresh lease and read the row again, in one statement. None: not to be had.

        It is not to be had while another holds it, or once generation or state have moved. `spend`
        records the intent to spend this generation's refresh token; an intent that is found there
        becomes a doubt.
        """
        ...

    async def claim(self, consent: bytes, owner: Owner, now: int) -> Consent | None:
        """Take a consent out, once, if it is this owner's and has not run out."""
        ...


def open_store(
    url: str, *, world: World, clock: Callable[[], int]
) -> AbstractAsyncContextManager[Store]:
    """Choose a store by its URL: `sqlite:///PATH`. `clock` gives milliseconds since 1970 UTC.

    Raises:
        Misconfigured: no store has this scheme.
    """
    match url.partition(":")[0]:
        case "sqlite":
            from connector_vault.stores.sqlite import open_sqlite

            return open_sqlite(url, world=world, clock=clock)
        case _:
            msg = "a database is named sqlite:///PATH"
            raise Misconfigured(msg)


def is_new(url: str) -> bool:
    """Tell whether a database is a file that is still to be made.

    Raises:
        Misconfigured: the URL names none.
    """
    if not url.startswith("sqlite:"):
        return False
    from connector_vault.stores.sqlite import path_of

    path = path_of(url)
    try:
        return not path.exists() or path.stat().st_size == 0
    except (OSError, ValueError) as error:
        msg = f"the database {path} cannot be used ({type(error).__name__}): name another place"
        raise Misconfigured(msg) from error

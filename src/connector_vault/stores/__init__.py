"""Where rows are kept. A store knows rows and never what is sealed in them."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from connector_vault.errors import Misconfigured
from connector_vault.model import Owner

__all__ = [
    "AddConnection",
    "AddConsent",
    "AddKey",
    "Change",
    "Conflict",
    "Consent",
    "Credential",
    "Everything",
    "Line",
    "One",
    "Openable",
    "Owned",
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

Value = str | int | bytes | None


class Conflict(Exception):
    """Say that a row was no longer as the change required, and that nothing was written."""


class Credential(NamedTuple):
    """What it takes to open a connection's tokens: the columns that every call reads.

    Tuples, and so few of them, because each column of a read costs half a microsecond.
    """

    id: str
    tenant: str
    user: str
    provider: str
    kind: str
    client_id: str
    state: str
    reason: str
    generation: int
    expires_at: int
    grant_id: str
    dek_id: bytes
    sealed: bytes


class Row(NamedTuple):
    """One connection, whole.

    Times are milliseconds since 1970 UTC; 0 is never. Text that does not apply is empty.
    """

    id: str
    tenant: str
    user: str
    provider: str
    kind: str
    client: str
    client_id: str
    account: str
    label: str
    state: str
    reason: str
    scopes: str | None
    """Sorted, by space. None: the provider does not say."""
    generation: int
    """Counts token sets: only a refresh success or a consent moves it."""
    revision: int
    """Counts every change."""
    expires_at: int
    grant_id: str
    """Minted at each consent."""
    grant_key: bytes
    """Equal for connections that rest on one grant at the provider."""
    dek_id: bytes
    sealed: bytes
    attempt: str
    """Who holds the refresh lease."""
    lease_until: int
    intent: str
    """The attempt that is about to spend this generation's refresh token."""
    doubt: str
    """An earlier attempt that may have spent it, and never had an answer."""
    ended: int
    """1: the attempt in doubt is over, and nothing of it is under way."""
    receipt: str
    created_at: int
    changed_at: int


class WrappedKey(NamedTuple):
    """A data key, as the holder wrapped it."""

    dek_id: bytes
    tenant: str
    connection: str
    holder: str
    version: int
    wrapped: bytes


class Consent(NamedTuple):
    """A consent that was begun. Its id is the hash of the state."""

    id: bytes
    tenant: str
    user: str
    expires_at: int
    sealed: bytes


class Line(NamedTuple):
    """One line of the audit: who did what to what, and how it ended."""

    at: int
    tenant: str
    user: str
    connection: str
    provider: str
    deed: str
    outcome: str
    detail: str


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


Openable = Credential | Row
Change = AddConnection | AddKey | AddConsent | Update | Shred | Line


@dataclass(frozen=True, slots=True)
class One:
    """Ask for one connection. Another owner's does not exist."""

    connection: str
    owner: Owner


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """Ask for an owner's connections, the oldest first."""

    owner: Owner
    provider: str | None = None
    id_prefix: str = ""


@dataclass(frozen=True, slots=True)
class Sharing:
    """Ask for the connections that rest on one grant, whoever owns them."""

    grant_key: bytes


@dataclass(frozen=True, slots=True)
class Everything:
    """Ask for all connections."""


Query = One | Owned | Sharing | Everything
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

    def rows(self, query: Query) -> AsyncIterator[Row]:
        """Read many connections, in pages: none is held while the caller works."""
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

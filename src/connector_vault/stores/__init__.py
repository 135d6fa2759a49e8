"""Where rows are kept. A store knows rows and never what is sealed in them."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from connector_vault.errors import Misconfigured
from connector_vault.model import Owner
from connector_vault.stores.changes import (
    AddAccess,
    AddConnection,
    AddConsent,
    AddKey,
    Change,
    Conflict,
    DropKey,
    EndAccess,
    Purge,
    Rewrap,
    Shred,
    Swap,
    Touch,
    Undecided,
    Update,
    Value,
    values,
)
from connector_vault.stores.queries import (
    START,
    Aged,
    Claim,
    Doomed,
    Due,
    Dying,
    Everything,
    Followed,
    Happened,
    Issued,
    One,
    Owned,
    Presented,
    Query,
    Sharing,
    Take,
    Tallies,
    Unshredded,
    Wrapped,
)
from connector_vault.stores.rows import (
    Access,
    Consent,
    Credential,
    Event,
    Follower,
    Line,
    Openable,
    Row,
    Tally,
    WrappedKey,
)

__all__ = [
    "LEASE_LIFE",
    "START",
    "Access",
    "AddAccess",
    "AddConnection",
    "AddConsent",
    "AddKey",
    "Aged",
    "Change",
    "Claim",
    "Conflict",
    "Consent",
    "Credential",
    "Doomed",
    "DropKey",
    "Due",
    "Dying",
    "EndAccess",
    "Event",
    "Everything",
    "Followed",
    "Follower",
    "Happened",
    "Issued",
    "Line",
    "One",
    "Openable",
    "Owned",
    "Presence",
    "Presented",
    "Purge",
    "Query",
    "Rewrap",
    "Row",
    "Sharing",
    "Shred",
    "Store",
    "Swap",
    "Take",
    "Tallies",
    "Tally",
    "Touch",
    "Undecided",
    "Unshredded",
    "Update",
    "Value",
    "World",
    "Wrapped",
    "WrappedKey",
    "is_new",
    "open_store",
    "shown",
    "values",
]

if TYPE_CHECKING:
    from connector_vault.stores.split import Part

T = TypeVar("T", Row, Access, Event, WrappedKey, Tally)
Taken = TypeVar("Taken", Row, Consent, Follower)


LEASE_LIFE = 60.0
"""Seconds that no lease lives longer than. One that ends later was written by a clock that has been
set back since, and holds nobody up."""


World = Literal["real", "emulated"]


class Presence(Protocol):
    """How processes that share a database know of each other. Nothing correct rests on it alone."""

    async def appear(self, process: str) -> bool:
        """Hold a lock in this process's name that dies with it. False: this database has none."""
        ...

    async def alive(self, process: str) -> bool | None:
        """Tell whether somebody holds the lock of this name. None: nobody can tell."""
        ...

    async def wait(self, connection: str, seconds: float) -> None:
        """Wait until somebody tells of this connection, but so long at most."""
        ...

    def tell(self, connection: str) -> None:
        """Wake whoever waits for this connection, in any process, sooner or later."""
        ...


class Store(Protocol):
    """The seam to a database. Every method may raise StoreUnavailable or Corrupt."""

    id: bytes
    """16 random bytes: a wrapped key cannot move to another store."""

    shared: bool
    """Whether several hosts may use it."""

    home: Path | None
    """A folder for what lies beside it. It need not be there yet. None: it is not on this disk."""

    clock: Callable[[], int]
    """The time all its users agree on, in milliseconds since 1970 UTC."""

    presence: Presence

    async def get(self, connection: str, owner: Owner) -> Credential | None:
        """Read what opens one connection. Another owner's does not exist."""
        ...

    async def key(self, dek_id: bytes) -> WrappedKey | None:
        """Read one wrapped data key."""
        ...

    def rows(self, query: Query[T]) -> AsyncIterator[T]:
        """Read many rows, in pages: none is held while the caller works."""
        ...

    async def take(self, query: Take[Taken]) -> list[Taken]:
        """Change rows and read them, in one statement. Each is given to one caller only."""
        ...

    async def commit(self, *changes: Change) -> None:
        """Make all the changes or none, durably.

        Raises:
            Conflict: a row was not as a change required.
            Undecided: nobody knows whether they were made.
        """
        ...

    async def lease(self, row: Row, *, attempt: str, seconds: float, spend: bool) -> Row | None:
        """Take the refresh lease and read the row again, in one statement. None: not to be had.

        It is not to be had while another holds it, or once generation, state or intent have moved.
        `spend` records the intent to spend this generation's refresh token, and makes the row due
        when the lease runs out, should its holder die. An intent that is found there becomes a
        doubt: the caller has made sure that its attempt is over.
        """
        ...


@asynccontextmanager
async def open_store(
    url: str, *, world: World, clock: Callable[[], int], keys: str | None = None
) -> AsyncGenerator[Store]:
    """Open the store that a URL names: `sqlite:///PATH` or `postgresql://…`.

    `clock` gives milliseconds since 1970 UTC. `keys`: the URL of a second one, for the data keys.

    Raises:
        Misconfigured: no store has this scheme, it cannot be used, or the two do not belong
            together.
        StoreUnavailable: it does not answer.
    """
    from connector_vault.stores.split import check_paired, keep_together, pair

    async with AsyncExitStack() as stack:
        rows = await stack.enter_async_context(_open(url, world=world, clock=clock))
        if keys is None:
            await keep_together(rows)
            yield rows
            return
        # A schema that is not there is not made by opening it, but a file is.
        await check_paired(rows, missing=keys.startswith("sqlite:") and await is_new(keys))
        store = await pair(
            rows, await stack.enter_async_context(_open(keys, world=world, clock=clock))
        )
        stack.push_async_callback(store.close)
        yield store


def _open(
    url: str, *, world: World, clock: Callable[[], int]
) -> "AbstractAsyncContextManager[Part]":
    match url.partition(":")[0]:
        case "sqlite":
            from connector_vault.stores.sqlite import open_sqlite

            return open_sqlite(url, world=world, clock=clock)
        case "postgresql" | "postgres":
            from connector_vault.stores.postgres import open_postgres

            return open_postgres(url, world=world, clock=clock)
        case _:
            msg = "a database is named sqlite:///PATH or postgresql://HOST/NAME"
            raise Misconfigured(msg)


async def is_new(url: str, keys: str | None = None) -> bool:
    """Tell whether a database is still to be made, or holds nothing yet that a key opens.

    `keys`: the URL of a second one, for the data keys. Both have to be new.

    Raises:
        Misconfigured: the URL names none, or the database does not let us in.
        StoreUnavailable: it does not answer.
    """
    if keys is not None and not await is_new(keys):
        return False
    if url.startswith(("postgresql:", "postgres:")):
        from connector_vault.stores.postgres.address import address_of
        from connector_vault.stores.postgres.schema import is_unused

        return await is_unused(address_of(url))
    if not url.startswith("sqlite:"):
        return False
    from connector_vault.stores.sqlite import is_unmade

    return is_unmade(url)


def shown(url: str) -> str:
    """Give a database's URL as it may be printed: without a password."""
    if url.startswith("sqlite:"):
        return url
    from connector_vault.stores.postgres.address import shown

    return shown(url)

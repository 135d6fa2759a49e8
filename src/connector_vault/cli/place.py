"""Which vault a command works on, and whose connections."""

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from connector_vault.cli.paper import hint
from connector_vault.errors import Ambiguous, BadArguments, Misconfigured, NotConnected

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from connector_vault.catalog import Catalog
    from connector_vault.model import Connection, Owner
    from connector_vault.settings import Settings
    from connector_vault.vault import Vault

__all__ = [
    "Place",
    "check_made",
    "databases_of",
    "file_of",
    "find",
    "is_missing",
    "key_file_of",
]

T = TypeVar("T")

_KIND = "con_"
"""What every connection's id begins with."""

_MAX_NAMED = 8
"""Connections an error lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the options said. Whatever they leave open, the settings say."""

    as_json: bool
    database: str | None = None
    keys: str | None = None
    tenant: str | None = None
    user: str | None = None

    def settings(self) -> "Settings":
        """Read the settings, and let the options go first.

        Raises:
            Misconfigured: one of the settings is wrong.
            BadArguments: one of the options is.
        """
        from connector_vault.settings import holders_of, load_settings

        said = load_settings()
        named = holders_of(self.keys) if self.keys else (said.keys, *said.other_keys)
        return replace(
            said,
            database=self.database or said.database,
            keys=named[0],
            other_keys=tuple(named[1:]),
            owner=self._owner(said.owner),
        )

    def run(
        self,
        work: "Callable[[Vault, Owner], Awaitable[T]]",
        *,
        make: bool = False,
        stay: bool = False,
        anchor: str | None = None,
    ) -> T:
        """Open the vault, and do something with it. Who stays keeps its connections alive, too.

        `anchor`: None takes the settings' one, an empty one is none.

        Raises:
            Misconfigured: there is none, and `make` does not allow to make one.
        """
        settings = self.settings()
        if not make:
            check_made(databases_of(settings))
        elif is_missing(settings):
            _prove_keys(settings)
            _make_room(settings)
        if stay:
            from connector_vault.cli.privacy import keep_memory_private

            keep_memory_private()
        import asyncio

        return asyncio.run(_within(settings, work, stay=stay, anchor=anchor))

    def catalog(self) -> "Catalog":
        """Give what can be connected here."""
        from connector_vault.catalog import open_catalog

        return open_catalog(self.settings().services)

    def announce(self) -> None:
        """Tell a person if what they asked for makes a vault."""
        settings = self.settings()
        if is_missing(settings):
            from connector_vault.stores import shown

            hint(f"There is no vault yet, so one is made: {shown(settings.database)}")

    def _owner(self, said: "Owner") -> "Owner":
        from connector_vault.model import Owner

        user = said.user if self.user is None else self.user or None
        return Owner(tenant=said.tenant if self.tenant is None else self.tenant, user=user)


async def find(vault: "Vault", owner: "Owner", prefix: str) -> "Connection":
    """Find the one connection of an owner whose id begins so.

    Raises:
        BadArguments: this is not the beginning of an id.
        NotConnected: no connection's id begins so.
        Ambiguous: those of several do.
    """
    # An empty variable in somebody's script must not mean "the only one there is".
    if not prefix.startswith(_KIND) or prefix == _KIND:
        raise BadArguments(f"an id begins with {_KIND} and some letters: `list` shows them")
    found = [one async for one in vault.connections(owner=owner) if one.id.startswith(prefix)]
    if not found:
        msg = f"{owner} has no connection whose id begins with {prefix[:64]!r}: see `list --all`"
        raise NotConnected(msg)
    if len(found) > 1:
        named = ", ".join(f"{one.id} ({one.label or one.provider})" for one in found[:_MAX_NAMED])
        raise Ambiguous(f"{len(found)} ids begin with {prefix[:64]!r}, write more of one: {named}")
    return found[0]


def databases_of(settings: "Settings") -> "Mapping[str, str]":
    """Name the database, and the one with the data keys if they lie in another."""
    named = {"database": settings.database, "keys_database": settings.keys_database}
    return {name: url for name, url in named.items() if url}


def is_missing(settings: "Settings") -> bool:
    """Tell whether a vault's databases are still to be made.

    Raises:
        Misconfigured: an address cannot be one, or the server does not let us in.
        StoreUnavailable: it does not answer.
    """
    return all(_is_new(url) for url in databases_of(settings).values())


def check_made(databases: "Mapping[str, str]") -> None:
    """Check that no file is missing: it is made on purpose, and not by mistake.

    Raises:
        Misconfigured: it is.
    """
    for name, url in databases.items():
        # Who opens a schema that is not there is told so.
        if url.startswith("sqlite:") and _is_new(url):
            where = "vault" if name == "database" else name.replace("_", " ")
            msg = f"there is no {where} at {url}: make one with `connector-vault init`"
            raise Misconfigured(msg)


def file_of(url: str) -> Path | None:
    """Give the path of a database in a file. None: it lies on a server."""
    if not url.startswith("sqlite:"):
        return None
    from connector_vault.stores.sqlite import path_of

    return path_of(url)


def key_file_of(uri: str) -> Path | None:
    """Give the path of a key file. None: the keys are held elsewhere."""
    scheme, _, path = uri.partition(":")
    if scheme != "local" or not path:
        return None
    file = Path(path)
    # Where there is no such user, its holder says so.
    with suppress(RuntimeError):
        file = file.expanduser()
    return file.absolute()


async def _within(
    settings: "Settings",
    work: "Callable[[Vault, Owner], Awaitable[T]]",
    *,
    stay: bool,
    anchor: str | None,
) -> T:
    from connector_vault.vault import Vault

    async with Vault.open(
        settings.database,
        keys=(settings.keys, *settings.other_keys),
        emulator=settings.emulator,
        anchor=anchor,
        background=stay,
    ) as vault:
        return await work(vault, settings.owner)


def _is_new(database: str) -> bool:
    import asyncio

    from connector_vault.stores import is_new

    try:
        return asyncio.run(is_new(database))
    except (OSError, ValueError) as error:
        raise Misconfigured(f"the database cannot be looked at: {type(error).__name__}") from error


def _prove_keys(settings: "Settings") -> None:
    """See that a key that is held elsewhere works, before half a vault is made for it."""
    if key_file_of(settings.keys) is not None:
        return
    import asyncio

    from connector_vault.keys import open_keys

    holder = open_keys(settings.keys, create=True)

    async def proved() -> None:
        try:
            await holder.health()
        finally:
            await holder.close()

    asyncio.run(proved())


def _make_room(settings: "Settings") -> None:
    """Make the folders of files, and the schemas of servers' databases."""
    import asyncio

    from connector_vault.stores.versions import upgrade

    for url in databases_of(settings).values():
        if url.startswith("sqlite:"):
            _make_folder(url)
        else:
            asyncio.run(upgrade(url))


def _make_folder(database: str) -> None:
    from connector_vault.stores.sqlite import path_of

    folder = path_of(database).parent
    try:
        _make(folder)
    except OSError as error:
        raise Misconfigured(f"the folder {folder} cannot be made: {error.strerror}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Misconfigured(f"nothing can be written to {folder}: name another --database")


def _make(folder: Path) -> None:
    # Each of them private: `parents=True` would leave those above to the umask.
    if not folder.exists():
        _make(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)

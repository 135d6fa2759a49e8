"""A consent, from the link to the callback."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from connector_vault.cli.asking import ask_line
from connector_vault.cli.browser import open_browser
from connector_vault.cli.paper import hint, waiting
from connector_vault.cli.place import Place, find
from connector_vault.errors import BadArguments, ConnectorVaultError, TimedOut

if TYPE_CHECKING:
    from connector_vault.cli.listener import Listener
    from connector_vault.model import Connection, Owner, Pending
    from connector_vault.vault import Vault

__all__ = ["Wish", "in_browser", "pasted"]

_PASTE_PORT = 8912
"""Where nothing listens when the callback is pasted: any number will do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be connected, and how."""

    provider: str
    scopes: tuple[str, ...] | None
    client: str
    reconnect: str | None
    redirect_uri: str | None
    port: int
    timeout: int
    """Seconds."""
    browser: bool

    def place(self, port: int) -> str:
        """Give the redirect URI, for a listener on this port."""
        return self.redirect_uri or f"http://127.0.0.1:{port}/callback/{self.provider}"


def in_browser(place: Place, wish: Wish) -> "tuple[Connection, ...]":
    """Let a person consent, and listen for the callback."""
    _check(place, wish)

    async def work(vault: "Vault", owner: "Owner") -> "tuple[Connection, ...]":
        return await _listen(vault, owner, wish)

    return place.run(work, make=True)


def pasted(place: Place, wish: Wish) -> "tuple[Connection, ...]":
    """Let a person consent, and let them paste the address they ended at."""
    _check(place, wish)

    async def begin(vault: "Vault", owner: "Owner") -> "Pending":
        return await _begin(vault, owner, wish, wish.place(wish.port or _PASTE_PORT))

    async def finish(vault: "Vault", owner: "Owner") -> "tuple[Connection, ...]":
        return await vault.finish(address, owner=owner)

    # The vault is closed while a person is busy: the consent waits in it, sealed.
    pending = place.run(begin, make=True)
    hint(f"Follow this link, and agree:\n{pending.url}")
    address = ask_line("Address the browser ended at: ")
    return place.run(finish)


async def _listen(vault: "Vault", owner: "Owner", wish: Wish) -> "tuple[Connection, ...]":
    from connector_vault.cli.listener import listening, socket_on

    with socket_on(_port(wish)) as door:
        redirect_uri = wish.place(door.getsockname()[1])
        pending = await _begin(vault, owner, wish, redirect_uri)
        async with (
            _withdrawn(vault, owner, redirect_uri, pending),
            listening(door, redirect_uri, pending.state) as listener,
        ):
            callback = await _come_back(listener, wish, pending.url)
            return await _finish(vault, owner, listener, callback)


async def _come_back(listener: "Listener", wish: Wish, url: str) -> str:
    if wish.browser:
        hint(f"Opening your browser. If nothing happens, follow this link:\n{url}")
        open_browser(url)
    else:
        hint(f"Follow this link:\n{url}")
    try:
        with waiting("Waiting for you in the browser …"):
            async with asyncio.timeout(wish.timeout):
                return await listener.heard()
    except TimeoutError as error:
        words = f"nobody came back within {wish.timeout} s"
        raise TimedOut(f"{words}: run it again, with --timeout for more time") from error


async def _finish(
    vault: "Vault", owner: "Owner", listener: "Listener", callback: str
) -> "tuple[Connection, ...]":
    try:
        found = await vault.finish(callback, owner=owner)
    except ConnectorVaultError as error:
        listener.answer("Not connected", f"{error}. You may close this page.")
        raise
    names = ", ".join(one.label or one.id for one in found)
    listener.answer("Connected", f"Connected: {names}. You may close this page.")
    return found


async def _begin(vault: "Vault", owner: "Owner", wish: Wish, redirect_uri: str) -> "Pending":
    mended = (await find(vault, owner, wish.reconnect)).id if wish.reconnect is not None else None
    return await vault.connect(
        wish.provider,
        owner,
        redirect_uri=redirect_uri,
        scopes=wish.scopes,
        client=wish.client,
        reconnect=mended,
    )


@asynccontextmanager
async def _withdrawn(
    vault: "Vault", owner: "Owner", redirect_uri: str, pending: "Pending"
) -> AsyncGenerator[None]:
    """Spend a consent that nobody came back from: its link then leads nowhere."""
    try:
        yield
    except (TimedOut, asyncio.CancelledError):
        said = urlencode({"state": pending.state, "error": "given_up"})
        with suppress(ConnectorVaultError):
            await vault.finish(f"{redirect_uri}?{said}", owner=owner)
        raise


def _check(place: Place, wish: Wish) -> None:
    # Before anything is made: a new vault for a misspelt name would be a surprise.
    place.catalog().load(wish.provider)
    place.announce()


def _port(wish: Wish) -> int:
    """Say where to listen: where the redirect URI leads, if it leads to this machine."""
    if wish.redirect_uri is None or wish.port:
        return wish.port
    try:
        leads = urlsplit(wish.redirect_uri)
        if leads.hostname in ("127.0.0.1", "localhost") and leads.port:
            return leads.port
    except ValueError:
        pass
    words = "this redirect URI does not lead to a port here"
    raise BadArguments(f"{words}: say --port, where it is passed on to, or --paste")

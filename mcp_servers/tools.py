"""The tools of one owner, as one client knows them."""

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from anyio import CancelScope
from mcp.shared.exceptions import MCPError
from mcp.types import INTERNAL_ERROR, INVALID_PARAMS, CallToolResult, Tool

from connector_vault import Connection, Gateway, Offer, Owner, Vault
from connector_vault.connector import Json
from connector_vault.errors import BadArguments, ConnectorVaultError

from .offers import Listed, listed
from .outcomes import broken, failed, succeeded

__all__ = ["Tools"]

T = TypeVar("T")

_log = logging.getLogger(__name__)

_LOOK = 1.0
"""Seconds between two looks at the owner's connections: each is one read by an index."""

_MAX_LABEL = 64
"""Characters of an account's name in the introduction. It comes from the provider."""


class Tools:
    """Lists and calls. It remembers what it has listed: a model may call it long after."""

    def __init__(
        self,
        vault: Vault,
        gateway: Gateway,
        owner: Owner,
        *,
        providers: frozenset[str] = frozenset(),
        only_reads: bool = False,
    ) -> None:
        self._vault = vault
        self._gateway = gateway
        self._owner = owner
        self._providers = providers
        self._only_reads = only_reads
        self._known: dict[str, Listed] = {}
        self._told: frozenset[tuple[str, str]] | None = None

    async def show(self) -> list[Tool]:
        """Give the tools there are now.

        Raises:
            MCPError: the database could not be read.
        """
        # Before the tools are read: what changes in between is told once too often.
        self._told = await _read(self._accounts())
        return [one.tool for one in (await _read(self._tools())).values()]

    async def call(self, name: str, arguments: Mapping[str, Json]) -> CallToolResult:
        """Call a tool by its MCP name. What goes wrong is a result too, for the model to read.

        Raises:
            MCPError: there is no such tool.
        """
        found = await self._find(name)
        given = dict(arguments)
        try:
            account = _account(found, given.pop(found.argument, None))
            calling = self._gateway.call(self._owner, found.name, given, connection=account)
            return succeeded(await _cancelled_once(calling), is_wrapped=found.is_wrapped)
        except ConnectorVaultError as error:
            return failed(error, self._how(found), found.argument)
        except Exception as error:  # noqa: BLE001  # the SDK would put its text into a trace
            _note(found.name, error)
            return broken(found.name)

    async def changes(self) -> AsyncIterator[None]:
        """Say each time that the accounts are others than the client knows of."""
        while True:
            await asyncio.sleep(_LOOK)
            with suppress(ConnectorVaultError):
                now = await self._accounts()
                if self._told not in (None, now):
                    self._told = now
                    yield

    async def introduction(self) -> str:
        """Say what a model should know before it looks at the tools."""
        accounts = [f"{self._title(one.provider)} as {_plain(one)}" for one in await self._live()]
        connected = ", ".join(accounts) or "none yet"
        return (
            f"Tools that act with the connected accounts of {self._owner}. Connected when this "
            f"began: {connected}. A person connects one with `connector-vault connect PROVIDER`. "
            "What a tool writes is real and at once. An error says what to do next."
        )

    async def _find(self, name: str) -> Listed:
        if name not in self._known:
            await _read(self._tools())
        if name not in self._known:
            # Not repeated: who knows what a model took for a name.
            raise MCPError(INVALID_PARAMS, "no tool has this name: list the tools again")
        return self._known[name]

    async def _tools(self) -> dict[str, Listed]:
        offers = [one for one in await self._gateway.tools(self._owner) if self._is_wanted(one)]
        found = listed(offers, {one: self._title(one) for one in map(_provider, offers)})
        self._known |= found
        return found

    def _is_wanted(self, offer: Offer) -> bool:
        if self._only_reads and offer.effect != "reads":
            return False
        return not self._providers or _provider(offer) in self._providers

    def _title(self, provider: str) -> str:
        try:
            return self._vault.room.catalog.load(provider).title
        except ConnectorVaultError:
            # A key of a service that nothing is said of, or one whose connector was uninstalled.
            return provider

    def _how(self, found: Listed) -> str:
        with suppress(ConnectorVaultError):
            if self._vault.room.catalog.load(found.provider).oauth is None:
                return f"connector-vault add {found.provider}"
        return f"connector-vault connect {found.provider}"

    async def _accounts(self) -> frozenset[tuple[str, str]]:
        return frozenset((one.id, one.label) for one in await self._live())

    async def _live(self) -> list[Connection]:
        found = self._vault.connections(owner=self._owner)
        return [
            one
            async for one in found
            if one.live and (not self._providers or one.provider in self._providers)
        ]


def _provider(offer: Offer) -> str:
    return offer.name.partition(".")[0]


def _plain(account: Connection) -> str:
    label = "".join(filter(str.isprintable, account.label))[:_MAX_LABEL]
    return label or account.id


def _account(found: Listed, name: Json) -> str | None:
    if name is None:
        return None
    if not isinstance(name, str) or name not in found.accounts:
        raise BadArguments(f"{found.argument}: none of the accounts is called so")
    return found.accounts[name]


async def _read(reading: Coroutine[None, None, T]) -> T:
    try:
        return await reading
    except ConnectorVaultError as error:
        raise MCPError(INTERNAL_ERROR, f"{type(error).__name__}: {error}") from None
    except Exception as error:  # noqa: BLE001  # the SDK would put its text into a trace
        _note("tools/list", error)
        raise MCPError(INTERNAL_ERROR, "the tools could not be listed: tell the person") from None


async def _cancelled_once(work: Coroutine[None, None, T]) -> T:
    """Do some work; if the client gives it up, cancel it and wait for its end.

    The SDK cancels a handler again at each of its awaits. That would cut short what the gateway
    does to end a worker.
    """
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.cancel()
        with CancelScope(shield=True):
            await asyncio.wait([task])
        raise


def _note(what: str, error: Exception) -> None:
    """Log where something failed. The text of the error may hold an argument."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    _log.error("%s failed with %s at %s", what, type(error).__name__, place)

"""May this call happen, and what came of it."""

import asyncio
import inspect
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

from connector_vault import registry
from connector_vault.connector import Connector, Effect, Json, Tool
from connector_vault.egress import Egress
from connector_vault.errors import (
    Ambiguous,
    BadArguments,
    ConnectorVaultError,
    Crashed,
    Misconfigured,
    NotAllowed,
    NotConnected,
    OutcomeUnknown,
    Reconnect,
    TimedOut,
)
from connector_vault.model import AccessToken, Connection, Owner, State
from connector_vault.room import check_usable, owner_of
from connector_vault.signature import signature_of
from connector_vault.stores import Row
from connector_vault.vault import Vault

__all__ = ["Gateway", "Offer", "Result"]

_log = logging.getLogger(__name__)

Isolation = Literal["inline"]

_MAX_TIMEOUT = 600.0
"""Seconds. A longer call is work for a queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A tool an owner can call now."""

    name: str
    """`github.create_issue`."""
    description: str
    effect: Effect
    scopes: frozenset[str]
    """All of them are needed."""
    input_schema: dict[str, Json]
    output_schema: dict[str, Json]
    connections: tuple[Connection, ...]
    """The accounts it can act on. With more than one, `connection=` says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a call gave."""

    value: Json
    tool: str
    connection: str
    isolation: Isolation
    """How far the tool was kept from the rest of the process: `inline` is not at all."""
    seconds: float


class Gateway:
    """Calls tools on behalf of owners. A tool gets an `Api`, never a token."""

    def __init__(self, vault: Vault, *, isolation: Isolation = "inline") -> None:
        self._vault = vault
        self._isolation: Isolation = isolation

    async def __aenter__(self) -> Self:
        """Start what runs tools now rather than at the first call."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """End what runs tools. The vault stays open."""

    async def tools(self, owner: Owner) -> list[Offer]:
        """Give the tools of every live connection of an owner."""
        accounts: dict[str, list[Connection]] = {}
        async for connection in self._vault.connections(owner=owner):
            if connection.live:
                accounts.setdefault(connection.provider, []).append(connection)
        return [
            _offer(connector, tool, tuple(connections))
            for provider, connections in sorted(accounts.items())
            for connector in _loaded(provider)
            for tool in connector.tools
        ]

    async def call(
        self,
        owner: Owner,
        tool: str,
        arguments: Mapping[str, Json],
        *,
        connection: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # it bounds more than this await
    ) -> Result:
        """Call a tool: `github.create_issue`.

        `timeout`: seconds for the whole call; None takes the tool's own.

        Raises:
            BadArguments: no such connector or tool, or the arguments do not fit its schema.
            NotConnected, Ambiguous, Reconnect: which account it would act on.
            NotAllowed: the grant lacks a scope.
            Refused, RateLimited, Unreachable: what the provider said.
            TimedOut: the time is over, and nothing was changed there.
            OutcomeUnknown: something may have been changed there.
            Crashed: the tool itself failed.
        """
        connector, found = _find(tool)
        bound = signature_of(found.function).bind(arguments)
        seconds = found.timeout if timeout is None else timeout
        if not 0 < seconds <= _MAX_TIMEOUT:
            raise BadArguments(f"a timeout is more than 0 and at most {_MAX_TIMEOUT:.0f} seconds")
        begun = asyncio.get_running_loop().time()
        row = await self._account(connector, owner, connection)
        tokens, _ = await self._vault.room.keyring.open(row)
        _check_scopes(connector, found, tokens.scopes)
        work = _Work(connector=connector, tool=found, row=row, bound=bound)
        value = await self._audited(work, begun + seconds)
        took = asyncio.get_running_loop().time() - begun
        return Result(
            value=value, tool=tool, connection=row.id, isolation=self._isolation, seconds=took
        )

    async def _account(self, connector: Connector, owner: Owner, connection: str | None) -> Row:
        if connection is None:
            connection = await self._only(connector, owner)
        row = await self._vault.room.row(connection, owner)
        if row.provider != connector.name:
            raise BadArguments(f"{row.id} is a connection to {row.provider}, not {connector.name}")
        check_usable(row)
        return row

    async def _only(self, connector: Connector, owner: Owner) -> str:
        found = self._vault.connections(owner=owner, provider=connector.name)
        usable = [one async for one in found if one.state in (State.ACTIVE, State.RECONNECT)]
        live = [one for one in usable if one.live] or usable
        if not live:
            words = f"{owner} has not connected {connector.title}"
            raise NotConnected(f"{words}: run `connector-vault connect {connector.name}`")
        if len(live) > 1:
            named = ", ".join(f"{one.id} ({one.label})" for one in live)
            raise Ambiguous(f"{owner} has several {connector.title} accounts, name one: {named}")
        return live[0].id

    async def _audited(self, work: "_Work", deadline: float) -> Json:
        room = self._vault.room
        detail = {"tool": work.tool.name, "effect": work.tool.effect}
        # What is about to happen is on the disk before anything is sent.
        await room.store.commit(room.audit.line(work.row, "call", "begun", **detail))
        outcome = "cancelled"
        try:
            value = await self._run(work, deadline)
            outcome = "ok"
        except ConnectorVaultError as error:
            outcome = type(error).__name__
            raise
        finally:
            room.audit.note(work.row, "call", outcome, **detail)
        return value

    async def _run(self, work: "_Work", deadline: float) -> Json:
        owner = owner_of(work.row)

        async def token(newer_than: int | None) -> AccessToken:
            return await self._vault.current(work.row.id, owner=owner, newer_than=newer_than)

        api = Egress(work.connector, self._vault.room.http, token, deadline=deadline)
        try:
            return await _bounded(work, api, deadline)
        except OutcomeUnknown:
            raise
        except ConnectorVaultError as error:
            if api.wrote:
                # Any other error would invite to do again what was done.
                words = f"{error}; but something was changed before: look for it"
                raise OutcomeUnknown(words) from error
            if isinstance(error, Reconnect):
                raise Reconnect(error.reason, work.row.id) from error
            raise


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """One call, decided on and not yet run."""

    connector: Connector
    tool: Tool
    row: Row
    bound: Mapping[str, Json]


async def _bounded(work: _Work, api: Egress, deadline: float) -> Json:
    name = f"{work.connector.name}.{work.tool.name}"
    limit = asyncio.timeout_at(deadline)
    try:
        async with limit:
            value = await work.tool.function(api, **work.bound)
        return signature_of(work.tool.function).dump(value)
    except ConnectorVaultError:
        raise
    except Exception as error:
        if limit.expired():
            raise TimedOut(f"{name} did not end before its deadline") from error
        # A tool is somebody else's code: whatever it raises, its caller gets one kind of error.
        raise Crashed(f"{name} failed with {type(error).__name__}: tell its author") from error


def _loaded(provider: str) -> tuple[Connector, ...]:
    if provider not in registry.names():
        return ()
    try:
        return (registry.load(provider),)
    except Misconfigured as error:
        _log.warning("no tools of %s: %s", provider, error)
        return ()


def _find(name: str) -> tuple[Connector, Tool]:
    provider, dot, tool = name.partition(".")
    if not dot:
        raise BadArguments("a tool is named PROVIDER.TOOL, such as github.create_issue")
    connector = registry.load(provider)
    for found in connector.tools:
        if found.name == tool:
            return connector, found
    names = ", ".join(found.name for found in connector.tools) or "none"
    raise BadArguments(f"{connector.title} has no tool of that name: it has {names}")


def _check_scopes(connector: Connector, tool: Tool, granted: frozenset[str] | None) -> None:
    lacking = connector.lacking(tool, granted)
    if lacking:
        words = f"{tool.name} needs the scope {' '.join(sorted(lacking))}, which was not granted"
        raise NotAllowed(f"{words}: connect {connector.title} again with it")


def _offer(connector: Connector, tool: Tool, connections: tuple[Connection, ...]) -> Offer:
    signature = signature_of(tool.function)
    return Offer(
        name=f"{connector.name}.{tool.name}",
        description=inspect.getdoc(tool.function) or "",
        effect=tool.effect,
        scopes=tool.scopes,
        input_schema=signature.input_schema(),
        output_schema=signature.output_schema(),
        connections=connections,
    )

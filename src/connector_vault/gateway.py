"""May this call happen, and what came of it."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from connector_vault.connector import Connector, Effect, Json, Tool
from connector_vault.egress import Egress, Progress
from connector_vault.errors import (
    Ambiguous,
    BadArguments,
    ConnectorVaultError,
    Misconfigured,
    NotAllowed,
    NotConnected,
    OutcomeUnknown,
    Reconnect,
)
from connector_vault.model import AccessToken, Connection, Owner, State
from connector_vault.room import check_usable, connection_of
from connector_vault.running import Choice, Require, Runner, Work
from connector_vault.sandbox.level import Isolation
from connector_vault.stores import Owned, Row
from connector_vault.vault import Vault

__all__ = ["Gateway", "Offer", "Result"]

_log = logging.getLogger(__name__)

_USABLE = (State.ACTIVE.value, State.RECONNECT.value)

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
    """The accounts at its provider."""
    able: tuple[Connection, ...]
    """Those of them that lack no scope for it; all, if each lacks one. With more than one,
    `connection=` says which is to act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a call gave."""

    value: Json
    tool: str
    connection: str
    isolation: Isolation
    """How far the tool was kept from everything else."""
    seconds: float


class Gateway:
    """Calls tools on behalf of owners. A tool gets an `Api`, never a token.

    It is closed with its vault, or before, as a context manager.
    """

    def __init__(
        self, vault: Vault, *, isolation: Choice = "auto", require: Require = "third-party"
    ) -> None:
        """Say how tools are run. No process is started before the first call.

        `isolation`: by default our own connectors' tools run in processes that are used again for
        the same owner and provider, others' in a process for each call. `fresh` does that for all.
        `inline` runs all of them in this process: what they do cannot be ended.

        `require`: whose tools are refused where the kernel has no sandbox for processes.
        """
        self._vault = vault
        self._runner = Runner(isolation, require, vault.room.catalog)
        vault.closing.push_async_callback(self._runner.close)

    async def __aenter__(self) -> Self:
        """Start now what would otherwise wait for the first call."""
        await self._runner.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End what runs tools. The vault stays open."""
        await self._runner.close()

    async def tools(self, owner: Owner) -> list[Offer]:
        """Give the tools of every live connection of an owner."""
        accounts: dict[str, list[Connection]] = {}
        async for connection in self._vault.connections(owner=owner):
            if connection.live:
                accounts.setdefault(connection.provider, []).append(connection)
        offers: list[Offer] = []
        for provider, connections in sorted(accounts.items()):
            for connector in self._loaded(provider):
                offers += await self._offers(connector, tuple(connections))
        return offers

    async def call(
        self,
        owner: Owner,
        tool: str,
        arguments: Mapping[str, Json],
        *,
        connection: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # it bounds more than this await
        progress: Progress | None = None,
    ) -> Result:
        """Call a tool: `github.create_issue`.

        `timeout`: seconds for the whole call; None takes the tool's own. `progress`: called with
        the bytes of a file that were sent, and how many there are, while it is uploaded.

        Raises:
            BadArguments: no such connector or tool, or the arguments do not fit its schema.
            NotConnected, Ambiguous, Reconnect: which account it would act on.
            NotAllowed: the grant lacks a scope.
            Refused, RateLimited, Unreachable: what the provider said.
            TimedOut: the time is over, and nothing was changed there.
            OutcomeUnknown: something may have been changed there.
            Crashed: the tool itself failed.
        """
        # Whoever is not checked by a type checker is told here.
        if not isinstance(arguments, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise BadArguments("arguments are a mapping of names to values")
        connector, found = self._find(tool)
        work = Work(connector=connector, tool=found, owner=owner, arguments=dict(arguments))
        self._runner.check(work)
        seconds = found.timeout if timeout is None else timeout
        if not 0 < seconds <= _MAX_TIMEOUT:
            raise BadArguments(f"a timeout is more than 0 and at most {_MAX_TIMEOUT:.0f} seconds")
        begun = asyncio.get_running_loop().time()
        row = await self._account(connector, found, owner, connection)
        tokens, _ = await self._vault.room.keyring.open(row)
        _check_scopes(connector, found, tokens.scopes)
        value, isolation = await self._audited(work, row, begun + seconds, progress)
        took = asyncio.get_running_loop().time() - begun
        return Result(value=value, tool=tool, connection=row.id, isolation=isolation, seconds=took)

    async def _offers(
        self, connector: Connector, connections: tuple[Connection, ...]
    ) -> list[Offer]:
        try:
            described = await self._runner.describe(connector)
        except ConnectorVaultError as error:
            _log.warning("no tools of %s: %s", connector.name, error)
            return []
        known = {one.name: one for one in described}
        return [
            Offer(
                name=f"{connector.name}.{tool.name}",
                description=known[tool.name].description,
                effect=tool.effect,
                scopes=tool.scopes,
                input_schema=known[tool.name].input_schema,
                output_schema=known[tool.name].output_schema,
                connections=connections,
                able=tuple(_able(connector, tool, connections)),
            )
            for tool in connector.tools
            if tool.name in known
        ]

    def _loaded(self, provider: str) -> tuple[Connector, ...]:
        if provider not in self._vault.room.catalog.names():
            return ()
        try:
            return (self._vault.room.catalog.load(provider),)
        except Misconfigured as error:
            _log.warning("no tools of %s: %s", provider, error)
            return ()

    def _find(self, name: str) -> tuple[Connector, Tool]:
        provider, dot, tool = name.partition(".")
        if not dot:
            raise BadArguments("a tool is named PROVIDER.TOOL, such as github.create_issue")
        connector = self._vault.room.catalog.load(provider)
        for found in connector.tools:
            if found.name == tool:
                return connector, found
        names = ", ".join(found.name for found in connector.tools) or "none"
        raise BadArguments(f"{connector.title} has no tool of that name: it has {names}")

    async def _account(
        self, connector: Connector, tool: Tool, owner: Owner, connection: str | None
    ) -> Row:
        if connection is None:
            connection = await self._only(connector, tool, owner)
        row = await self._vault.room.row(connection, owner)
        if row.provider != connector.name:
            raise BadArguments(f"{row.id} is a connection to {row.provider}, not {connector.name}")
        check_usable(row)
        return row

    async def _only(self, connector: Connector, tool: Tool, owner: Owner) -> str:
        found = self._vault.room.store.rows(Owned(owner=owner, provider=connector.name))
        rows = {row.id: row async for row in found if row.state in _USABLE}
        usable = [connection_of(row) for row in rows.values()]
        live = [one for one in usable if one.live] or usable
        if not live:
            words = f"{owner} has not connected {connector.title}"
            how = "connect" if connector.oauth else "add"
            raise NotConnected(f"{words}: run `connector-vault {how} {connector.name}`")
        # A consent may give several, and each may do something else: a Slack bot does not search.
        fitting = _able(connector, tool, live)
        grants = {rows[one.id].grant_key for one in fitting}
        # What reads and needs no scope does the same with each connection on one grant.
        free = tool.effect == "reads" and not tool.scopes
        alike = free and len(grants) == 1 and b"" not in grants
        if len(fitting) > 1 and not alike:
            named = ", ".join(f"{one.id} ({one.label})" for one in fitting)
            raise Ambiguous(f"{owner} has several {connector.title} accounts, name one: {named}")
        return fitting[0].id

    async def _audited(
        self, work: Work, row: Row, deadline: float, progress: Progress | None
    ) -> tuple[Json, Isolation]:
        room = self._vault.room
        detail = {"tool": work.tool.name, "effect": work.tool.effect}
        # What is about to happen is on the disk before anything is sent.
        await room.store.commit(room.audit.line(row, "call", "begun", **detail))
        outcome = "cancelled"
        try:
            value = await self._run(work, row, deadline, progress)
            outcome = "ok"
        except ConnectorVaultError as error:
            outcome = type(error).__name__
            raise
        finally:
            room.audit.note(row, "call", outcome, **detail)
        return value

    async def _run(
        self, work: Work, row: Row, deadline: float, progress: Progress | None
    ) -> tuple[Json, Isolation]:
        async def token(newer_than: int | None) -> AccessToken:
            return await self._vault.current(row.id, owner=work.owner, newer_than=newer_than)

        egress = Egress(
            work.connector,
            work.tool,
            self._vault.room.http,
            token,
            deadline=deadline,
            progress=progress,
            proof=self._vault.room.proof(row),
            account=row.account,
        )
        try:
            return await self._runner.run(work, egress, deadline)
        except OutcomeUnknown:
            raise
        except ConnectorVaultError as error:
            if egress.wrote:
                # Any other error would invite to do again what may be done.
                words = f"{error}; a change was sent, and may have been made: look for it"
                raise OutcomeUnknown(words) from error
            if isinstance(error, Reconnect):
                raise Reconnect(error.reason, row.id) from error
            raise


def _able(
    connector: Connector, tool: Tool, connections: Iterable[Connection]
) -> Sequence[Connection]:
    found = [*connections]
    return [one for one in found if not connector.lacking(tool, one.scopes)] or found


def _check_scopes(connector: Connector, tool: Tool, granted: frozenset[str] | None) -> None:
    lacking = connector.lacking(tool, granted)
    if lacking:
        words = f"{tool.name} needs the scope {' '.join(sorted(lacking))}, which was not granted"
        raise NotAllowed(f"{words}: connect {connector.title} again with it")

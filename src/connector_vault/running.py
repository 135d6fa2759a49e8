"""Running a tool: in a worker, or in this process if that was asked for."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from inspect import getdoc
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from connector_vault.catalog import Catalog
from connector_vault.connector import Connector, File, Json, Tool
from connector_vault.connector.parts import Function
from connector_vault.egress import Direct, Egress
from connector_vault.errors import (
    ConnectorVaultError,
    Crashed,
    NotAllowed,
    TimedOut,
)
from connector_vault.model import Owner
from connector_vault.sandbox.box import Job, Sandbox, is_possible
from connector_vault.sandbox.level import INLINE, Isolation, Mode
from connector_vault.sandbox.pool import Breed
from connector_vault.sandbox.readable import readable_for
from connector_vault.signature import Signature, signature_of, text_of

__all__ = ["Choice", "Description", "Require", "Runner", "Work"]

_log = logging.getLogger(__name__)

_FORGET = 60.0
"""Seconds until a third party's tools that could not be described are tried again."""

_MAX_DESCRIPTION = 4000
"""Characters."""

Choice = Literal["auto", "fresh", "inline"]
Require = Literal["third-party", "all", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One call, decided on and not yet run."""

    connector: Connector
    tool: Tool
    owner: Owner
    arguments: Mapping[str, Json]

    @property
    def name(self) -> str:
        return f"{self.connector.name}.{self.tool.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What an agent is told of a tool."""

    name: str
    description: str = ""
    input_schema: dict[str, Json] = field(default_factory=dict[str, Json])
    output_schema: dict[str, Json] = field(default_factory=dict[str, Json])
    failed: str = ""
    """Why it cannot be described, where it cannot."""


_READER = TypeAdapter(tuple[Description, ...])


class Runner:
    """Runs tools, and has described what it alone may import."""

    def __init__(self, choice: Choice, require: Require, catalog: Catalog) -> None:
        self._catalog = catalog
        self._inline = choice == "inline" or not is_possible()
        self._choice = choice
        self._require = require
        self._sandbox = None if self._inline else Sandbox()
        self._described: dict[str, tuple[Connector, tuple[Description, ...]]] = {}
        self._failed: dict[str, tuple[ConnectorVaultError, float]] = {}

    async def start(self) -> None:
        """Start now what would otherwise wait for the first call."""
        if self._sandbox is not None:
            await self._sandbox.start()

    async def close(self) -> None:
        """End every process that runs tools."""
        if self._sandbox is not None:
            await self._sandbox.close()

    def check(self, work: Work) -> None:
        """Let only arguments pass that the tool takes, as far as this process may know them.

        Raises:
            BadArguments: they do not fit.
        """
        if self._sandbox is None or not isinstance(work.tool.function, str):
            _, signature = _loaded(work)
            signature.bind(work.arguments)
        else:
            # Its code is not imported here: the worker tells whether they fit.
            files = _files(work.arguments)
            text_of({name: one for name, one in work.arguments.items() if name not in files})

    async def run(self, work: Work, egress: Egress, deadline: float) -> tuple[Json, Isolation]:
        """Run a tool. `deadline`: a time of the loop's clock, at which it is ended.

        Raises:
            TimedOut: it is over.
            Crashed: the tool itself failed.
            ConnectorVaultError: what the tool met.
        """
        limit = asyncio.timeout_at(deadline)
        try:
            async with limit:
                if self._sandbox is None:
                    return await self._inside(work, egress), INLINE
                return await self._sandbox.run(self._job(work), egress)
        except TimeoutError as error:
            if not limit.expired():
                raise Crashed(f"{work.name} gave up by a deadline of its own") from error
            raise TimedOut(f"{work.name} did not end before its deadline") from error

    async def describe(self, connector: Connector) -> tuple[Description, ...]:
        """Say what a connector's tools take and give.

        Raises:
            ConnectorVaultError: a third party's code cannot be imported.
        """
        known, described = self._described.get(connector.name, (None, ()))
        if known is connector:
            return described
        now = asyncio.get_running_loop().time()
        error, until = self._failed.get(connector.name, (None, 0.0))
        if error is not None and now < until:
            raise error
        try:
            described = await self._ask(connector)
        except ConnectorVaultError as error:
            self._failed[connector.name] = (error, now + _FORGET)
            raise
        self._described[connector.name] = (connector, described)
        return described

    def _job(self, work: Work) -> Job:
        files = _files(work.arguments)
        return Job(
            connector=self._catalog.place(work.connector.name),
            called=work.name,
            tool=work.tool.name,
            arguments={name: one for name, one in work.arguments.items() if name not in files},
            files=files,
            owner=work.owner,
            mode=self._mode(work.connector),
            breed=self._breed(work.connector),
        )

    def _mode(self, connector: Connector) -> Mode:
        return "fresh" if self._choice == "fresh" or self._is_third_party(connector) else "pooled"

    def _breed(self, connector: Connector) -> Breed:
        third = self._is_third_party(connector)
        sandboxed = self._require == "all" or (third and self._require == "third-party")
        place = self._catalog.place(connector.name)
        if not third:
            return Breed(ours=place, sandboxed=sandboxed)
        return Breed(place, readable_for(place.module), sandboxed)

    def _is_third_party(self, connector: Connector) -> bool:
        return not self._catalog.is_ours(connector.name)

    async def _inside(self, work: Work, egress: Egress) -> Json:
        third = self._is_third_party(work.connector) and self._choice != "inline"
        if self._require == "all" or (third and self._require == "third-party"):
            words = f"{work.name} may only run in a sandbox, and this system has none"
            raise NotAllowed(f"{words}: `connector-vault doctor` says what is missing")
        function, signature = _loaded(work)
        try:
            value = await function(Direct(egress), **signature.bind(work.arguments))
            return signature.dump(value)
        except (ConnectorVaultError, TimeoutError):
            raise
        except Exception as error:
            # A tool is somebody else's code: whatever it raises, its caller gets one kind of error.
            what = type(error).__name__
            raise Crashed(f"{work.name} failed with {what}: tell its author") from error

    async def _ask(self, connector: Connector) -> tuple[Description, ...]:
        named = any(isinstance(tool.function, str) for tool in connector.tools)
        if self._sandbox is None or not named:
            said = tuple(map(_described, connector.tools))
            return _sound(connector, said)
        place, breed = self._catalog.place(connector.name), self._breed(connector)
        try:
            said = _READER.validate_python(await self._sandbox.describe(place, breed))
        except ValidationError:
            words = f"{connector.title} described its tools in a way that is none"
            raise Crashed(f"{words}: tell its author") from None
        return _sound(connector, said)


def _loaded(work: Work) -> tuple[Function, Signature]:
    try:
        function = work.tool.load()
        return function, signature_of(function)
    except ConnectorVaultError:
        raise
    except Exception as error:
        what = type(error).__name__
        raise Crashed(f"{work.name} cannot be imported ({what}): tell its author") from error


def _sound(connector: Connector, said: Iterable[Description]) -> tuple[Description, ...]:
    """Leave out what cannot be described: it hides no others."""
    sound: list[Description] = []
    for one in said:
        if one.failed:
            words = "%s.%s cannot be described: %s"
            _log.warning(words, connector.name, one.name, _readable(one.failed))
        else:
            sound.append(replace(one, description=_readable(one.description)))
    return tuple(sound)


def _described(tool: Tool) -> Description:
    try:
        return _description(tool)
    except Exception as error:  # noqa: BLE001  # its code is somebody else's
        told = str(error) if isinstance(error, ConnectorVaultError) else type(error).__name__
        return Description(name=tool.name, failed=told)


def _description(tool: Tool) -> Description:
    function = tool.load()
    signature = signature_of(function)
    return Description(
        name=tool.name,
        description=getdoc(function) or "",
        input_schema=signature.input_schema(),
        output_schema=signature.output_schema(),
    )


def _readable(text: str) -> str:
    # A third party's words: they must not drive a terminal, nor fill a model's memory.
    kept = (one if one.isprintable() or one == "\n" else " " for one in text[:_MAX_DESCRIPTION])
    return "".join(kept)


def _files(arguments: Mapping[str, Json]) -> dict[str, File]:
    return {name: one for name, one in arguments.items() if isinstance(one, File)}

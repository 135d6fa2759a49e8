"""What the gateway offers, as MCP tools. Pure.

https://modelcontextprotocol.io/specification/2026-07-28/server/tools
"""

import hashlib
import logging
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mcp.types import Tool, ToolAnnotations

from connector_vault import Connection, Offer
from connector_vault.connector import Json

__all__ = ["Listed", "listed"]

_log = logging.getLogger(__name__)

Schema = Mapping[str, Json]

_UNUSUAL = re.compile(r"[^A-Za-z0-9_]")
"""What some model API refuses in a tool's name; the dot is one."""

_MAX_NAME = 64
"""Characters. Model APIs refuse longer names."""

_MARK = 8
"""Characters of a hash that tell apart two names which would be the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A tool as an MCP client sees it, and what it takes to call it."""

    tool: Tool
    name: str
    """What the gateway calls it: `github.create_issue`."""
    argument: str
    """Says which account: `account`, unless the tool has an argument of that name."""
    accounts: Mapping[str, str]
    """Ids of connections, by whatever a model may call them."""
    is_wrapped: bool
    """Whether the result stands below `result`."""

    @property
    def provider(self) -> str:
        return self.name.partition(".")[0]


def listed(offers: Iterable[Offer], titles: Mapping[str, str]) -> dict[str, Listed]:
    """Write offers as MCP tools, by their MCP names. `titles` are providers' names for people.

    A tool that needs a file is left out: a program hands it over, and JSON cannot carry it.
    """
    fit = [one for one in offers if _binary(one).isdisjoint(one.input_schema["required"])]
    names = _names([one.name for one in fit])
    return {names[one.name]: _listed(one, names[one.name], titles) for one in fit}


def _names(names: list[str]) -> dict[str, str]:
    short = {name: _UNUSUAL.sub("_", name) for name in names}
    count = Counter(short.values())
    for name in names:
        if count[short[name]] > 1:
            _log.warning("%s shares its MCP name with another tool: both get a longer one", name)
    return {
        name: plain if count[plain] == 1 and len(plain) <= _MAX_NAME else _marked(plain, name)
        for name, plain in short.items()
    }


def _marked(short: str, name: str) -> str:
    mark = hashlib.sha256(name.encode()).hexdigest()[:_MARK]
    return f"{short[: _MAX_NAME - _MARK - 1]}_{mark}"


def _listed(offer: Offer, name: str, titles: Mapping[str, str]) -> Listed:
    provider, _, words = offer.name.partition(".")
    accounts = _accounts(offer.able)
    argument = _free("account", offer.input_schema["properties"])
    several = {argument: _account(titles[provider], [*accounts])} if len(accounts) > 1 else {}
    # Before 2026-07-28 a result has to be an object.
    wrapped = offer.output_schema.get("type") != "object"
    tool = Tool(
        name=name,
        title=f"{titles[provider]}: {words.replace('_', ' ')}",
        description=offer.description,
        input_schema=_input(offer, several),
        output_schema=_wrapped(offer.output_schema) if wrapped else offer.output_schema,
        annotations=_annotations(offer),
    )
    by_any_name = accounts | {one.id: one.id for one in offer.able}
    return Listed(
        tool=tool, name=offer.name, argument=argument, accounts=by_any_name, is_wrapped=wrapped
    )


def _annotations(offer: Offer) -> ToolAnnotations:
    reads = offer.effect == "reads"
    return ToolAnnotations(
        read_only_hint=reads,
        destructive_hint=offer.effect == "destroys",
        # What writes twice may write two: no connector says otherwise.
        idempotent_hint=reads,
        open_world_hint=True,
    )


def _accounts(connections: Iterable[Connection]) -> dict[str, str]:
    """Name accounts by what people call them, and by their ids where that would not do."""
    found = [*connections]
    count = Counter(one.label for one in found)
    return {one.label if one.label and count[one.label] == 1 else one.id: one.id for one in found}


def _account(title: str, names: list[str]) -> dict[str, Json]:
    return {"type": "string", "enum": names, "description": f"Which {title} account acts."}


def _free(name: str, taken: Schema) -> str:
    return _free(f"{name}_", taken) if name in taken else name


def _input(offer: Offer, several: dict[str, Json]) -> dict[str, Json]:
    schema, binary = offer.input_schema, _binary(offer)
    own = {name: one for name, one in schema["properties"].items() if name not in binary}
    return {**schema, "properties": several | own, "required": [*several, *schema["required"]]}


def _binary(offer: Offer) -> set[str]:
    properties = offer.input_schema["properties"]
    return {name for name, one in properties.items() if one.get("format") == "binary"}


def _wrapped(schema: Schema) -> dict[str, Json]:
    """Put a result below `result`, and what its schema refers to where `#/$defs` finds it."""
    inner = dict(schema)
    definitions = {"$defs": inner.pop("$defs")} if "$defs" in inner else {}
    return {
        "type": "object",
        "properties": {"result": inner},
        "required": ["result"],
        **definitions,
    }

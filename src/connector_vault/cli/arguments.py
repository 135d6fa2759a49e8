"""Arguments of a tool, from the command line. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence

from connector_vault.connector import BadArguments, Json

__all__ = ["read_arguments", "read_object"]

Schema = Mapping[str, Json]

_MAX_DEPTH = 8
"""How deep a schema may hide the type of an argument."""


def read_arguments(
    given: Sequence[str], schema: Schema, more: Mapping[str, Json]
) -> dict[str, Json]:
    """Read `name=value` arguments by a tool's input schema, and put them to those in `more`.

    Where the schema takes text, a value is text; anywhere else it is JSON.

    Raises:
        BadArguments: one has no name, comes twice, or is not JSON; no value is repeated.
    """
    read = dict(more)
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name:
            raise BadArguments("write --arg as name=value")
        if name in read:
            raise BadArguments(f"{name[:64]}: given twice")
        read[name] = _value(name, value, schema)
    return read


def read_object(text: str) -> dict[str, Json]:
    """Read all arguments from one JSON object.

    Raises:
        BadArguments: it is none.
    """
    value = _json("--json-args", text)
    if not isinstance(value, dict):
        raise BadArguments("--json-args is one JSON object")
    return {**value}


def _value(name: str, text: str, schema: Schema) -> Json:
    known = _object(schema.get("properties")).get(name)
    # What the schema does not know is refused later, by whoever knows the tool.
    takes_text = known is None or "string" in _types(_object(known), schema, _MAX_DEPTH)
    return text if takes_text else _json(name[:64], text)


def _types(one: Schema, whole: Schema, depth: int) -> Iterator[str]:
    """Give the JSON types a part of a schema allows."""
    if depth == 0:
        return
    yield from map(str, (one.get("type"), *_list(one.get("type"))))
    yield from (
        "string" for value in (*_list(one.get("enum")), one.get("const")) if isinstance(value, str)
    )
    for choice in (*_list(one.get("anyOf")), *_list(one.get("oneOf")), _target(one, whole)):
        yield from _types(_object(choice), whole, depth - 1)


def _target(one: Schema, whole: Schema) -> Json:
    name = str(one.get("$ref", "")).removeprefix("#/$defs/")
    return _object(whole.get("$defs")).get(name)


def _object(value: Json) -> Schema:
    return {**value} if isinstance(value, dict) else {}


def _list(value: Json) -> Sequence[Json]:
    return [*value] if isinstance(value, list) else []


def _json(name: str, text: str) -> Json:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise BadArguments(f'{name}: this is not JSON, such as 7, true or ["a"]') from None


def _no_constant(name: str) -> None:
    raise ValueError(name)

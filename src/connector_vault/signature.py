"""What a tool takes and gives, read from its function: schemas for models, checks for us."""

import inspect
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model
from pydantic.json_schema import GenerateJsonSchema

from connector_vault.connector import BadArguments, File, Json
from connector_vault.connector.parts import Function
from connector_vault.errors import Misconfigured

__all__ = ["Signature", "signature_of", "text_of"]

_MAX_ARGUMENTS = 1024 * 1024
"""Bytes of a call's arguments as JSON, files apart."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,31}")
_POINT_ZERO = re.compile(r"\d\.0\b")
_EXACT = 2**53
"""Beyond it a float does not hold every integer."""

_FILE_SCHEMA = {"type": "string", "format": "binary", "description": "handed over by the program"}


class _Untitled(GenerateJsonSchema):
    """Leaves out titles made from names: a model reads the names anyway, and pays for both."""

    def field_title_should_be_set(self, schema: Json) -> bool:  # noqa: ARG002  # pydantic's name
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A tool's arguments and result."""

    arguments: type[BaseModel]
    files: Mapping[str, bool]
    """Arguments that are files, and whether each is needed."""
    result: TypeAdapter[Json] = field(repr=False)

    def input_schema(self) -> dict[str, Json]:
        """Give the JSON schema of the arguments."""
        schema = self.arguments.model_json_schema(schema_generator=_Untitled)
        schema.pop("title", None)
        properties = schema.setdefault("properties", {})
        properties |= dict.fromkeys(self.files, _FILE_SCHEMA)
        schema["required"] = [
            *schema.get("required", []),
            *(n for n, need in self.files.items() if need),
        ]
        return schema

    def output_schema(self) -> dict[str, Json]:
        """Give the JSON schema of the result."""
        return self.result.json_schema(mode="serialization", schema_generator=_Untitled)

    def bind(self, arguments: Mapping[str, Json]) -> dict[str, Json]:
        """Check arguments, and give what the function is called with.

        Raises:
            BadArguments: some are missing, unknown or of the wrong type; no value is repeated.
        """
        plain = {name: value for name, value in arguments.items() if name not in self.files}
        try:
            read = self.arguments.model_validate_json(_whole(text_of(plain)), strict=True)
        except ValidationError as error:
            raise BadArguments(_told(error)) from None
        return {name: getattr(read, name) for name in read.model_fields_set} | self._held(arguments)

    def dump(self, value: object) -> Json:
        """Give a result as what JSON can say."""
        kept = self.result.validate_python(value, strict=True)
        return self.result.dump_python(kept, mode="json", warnings="error")

    def _held(self, arguments: Mapping[str, Json]) -> dict[str, File]:
        held: dict[str, File] = {}
        for name, needed in self.files.items():
            given = arguments.get(name)
            if isinstance(given, File):
                held[name] = given
            elif needed or given is not None:
                raise BadArguments(f"{name}: a file is handed over by the calling program")
        return held


def _whole(text: str) -> str:
    # In JSON Schema 1.0 is an integer, and clients whose numbers are all floats send it.
    if not _POINT_ZERO.search(text):
        return text
    return json.dumps(json.loads(text, parse_float=_integral))


def _integral(digits: str) -> float:
    number = float(digits)
    return int(number) if number.is_integer() and abs(number) < _EXACT else number


def text_of(arguments: Mapping[str, Json]) -> str:
    """Write arguments as JSON.

    Raises:
        BadArguments: it cannot say them, or they are too long.
    """
    try:
        text = json.dumps(arguments, allow_nan=False)
    except (RecursionError, TypeError, ValueError):
        raise BadArguments("arguments are what JSON can say") from None
    if len(text) > _MAX_ARGUMENTS:
        raise BadArguments(f"arguments are at most {_MAX_ARGUMENTS:,} bytes")
    return text


@lru_cache(maxsize=1024)
def signature_of(function: Function) -> Signature:
    """Read a tool's function: its first parameter is the `Api`, the others are the arguments.

    Raises:
        Misconfigured: no schema can be made of it.
    """
    hints = get_type_hints(function, include_extras=True)
    parameters = list(inspect.signature(function).parameters.values())[1:]
    _check_typed(function, parameters, hints)
    files = {
        parameter.name: parameter.default is inspect.Parameter.empty
        for parameter in parameters
        if _is_file(hints[parameter.name])
    }
    fields: dict[str, Json] = {
        parameter.name: (
            hints[parameter.name],
            ... if parameter.default is inspect.Parameter.empty else parameter.default,
        )
        for parameter in parameters
        if parameter.name not in files
    }
    model = create_model(function.__name__, __config__=ConfigDict(extra="forbid"), **fields)
    return Signature(arguments=model, files=files, result=TypeAdapter(hints["return"]))


def _check_typed(
    function: Function, parameters: Sequence[inspect.Parameter], hints: Mapping[str, object]
) -> None:
    name = function.__name__
    if any(one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD) for one in parameters):
        raise Misconfigured(f"{name} takes *args or **kwargs, which no schema can say")
    untyped = [one for one in (*(each.name for each in parameters), "return") if one not in hints]
    if untyped:
        raise Misconfigured(f"{name} gives no type for {', '.join(untyped)}")


def _is_file(hint: Json) -> bool:
    return File in (hint, *get_args(hint))


def _told(error: ValidationError) -> str:
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    told = (f"{'.'.join(map(_named, fault['loc']))[:64]}: {fault['msg']}" for fault in faults[:8])
    return "; ".join(told)


def _named(part: str | int) -> str:
    # The name of an argument that there is not may be anything, a secret in the wrong place too.
    return str(part) if isinstance(part, int) or _NAME.fullmatch(part) else "…"

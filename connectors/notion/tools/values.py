"""Properties of pages: what is written into them, plainly.

https://developers.notion.com/reference/page-property-values
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from connector_vault.connector import BadArguments, Json

from .parameters import Id, Url, given
from .texts import Text, rich

__all__ = ["Date", "Linked", "Value", "Values", "sent"]

_NAME = Annotated[str, Field(min_length=1, max_length=100)]


class Date(BaseModel):
    """A day, a time or a span of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: Annotated[str, Field(description="2026-03-11, or 2026-03-11T09:00:00+01:00.")]
    end: str | None = None
    time_zone: Annotated[str | None, Field(description="Europe/Berlin, if not in `start`.")] = None


class Linked(BaseModel):
    """A file that lies somewhere else."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: _NAME
    url: Url


class Value(BaseModel):
    """What to set a property to: exactly one of these, the one of its type. null clears it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Text | None = None
    rich_text: Text | None = None
    number: int | float | None = None
    checkbox: bool = False
    select: Annotated[_NAME | None, Field(description="An option's name; new ones are made.")] = (
        None
    )
    status: Annotated[_NAME | None, Field(description="An option's name; it has to exist.")] = None
    multi_select: Annotated[tuple[_NAME, ...] | None, Field(max_length=100)] = None
    date: Date | None = None
    url: Url | None = None
    email: Annotated[str | None, Field(max_length=200)] = None
    phone_number: Annotated[str | None, Field(max_length=200)] = None
    people: Annotated[tuple[Id, ...] | None, Field(max_length=100, description="User ids.")] = None
    relation: Annotated[tuple[Id, ...] | None, Field(max_length=100, description="Page ids.")] = (
        None
    )
    files: Annotated[tuple[Linked, ...] | None, Field(max_length=100)] = None


Values: TypeAlias = Annotated[
    Mapping[str, Value],
    Field(
        description='Property values by name or id: {"Name": {"title": "Milk"}, "Done": '
        '{"checkbox": true}}. retrieve_data_source tells names and types.'
    ),
]


def sent(values: Mapping[str, Value]) -> dict[str, Json]:
    """Write property values as Notion takes them.

    Raises:
        BadArguments: one sets several types, or none.
    """
    return {name: _one(name, value) for name, value in values.items()}


def _one(name: str, value: Value) -> Json:
    if len(value.model_fields_set) != 1:
        raise BadArguments(f"property {name!r}: set exactly one type, such as rich_text")
    (kind,) = value.model_fields_set
    return {kind: _written(kind, value)}


def _written(kind: str, value: Value) -> Json:
    said: Json = getattr(value, kind)
    return _WRITERS[kind](said) if kind in _WRITERS else said


def _text(said: str | None) -> Json:
    return rich(said or "")


def _option(said: str | None) -> Json:
    return None if said is None else {"name": said}


def _options(said: Sequence[str] | None) -> Json:
    return [{"name": name} for name in said or ()]


def _ids(said: Sequence[str] | None) -> Json:
    return [{"id": one} for one in said or ()]


def _date(said: Date | None) -> Json:
    return said and given(start=said.start, end=said.end, time_zone=said.time_zone)


def _files(said: Sequence[Linked] | None) -> Json:
    return [{"name": file.name, "external": {"url": file.url}} for file in said or ()]


_WRITERS: dict[str, Callable[[Json], Json]] = {
    "date": _date,
    "files": _files,
    "multi_select": _options,
    "people": _ids,
    "relation": _ids,
    "rich_text": _text,
    "select": _option,
    "status": _option,
    "title": _text,
}
"""Every other type is sent as it stands."""

"""Columns of a data source.

https://developers.notion.com/reference/property-object
"""

from collections.abc import Mapping
from dataclasses import dataclass

from connector_vault.connector import Json, read

__all__ = ["Column", "columns"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A property that every row has."""

    id: str
    type: str
    description: str | None = None
    options: tuple[str, ...] = ()
    """Of a select, multi_select or status."""
    data_source_id: str | None = None
    """Of a relation: where the pages lie that it points to."""
    expression: str | None = None
    """Of a formula."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Raw:
    id: str
    type: str
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Option:
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settings:
    options: tuple[_Option, ...] = ()
    data_source_id: str | None = None
    expression: str | None = None


def columns(properties: Mapping[str, Mapping[str, Json]]) -> dict[str, Column]:
    """Read all columns, by name."""
    return {name: _column(said) for name, said in properties.items()}


def _column(said: Mapping[str, Json]) -> Column:
    raw = read(_Raw, dict(said))
    settings = read(_Settings, said.get(raw.type) or {})
    return Column(
        id=raw.id,
        type=raw.type,
        description=raw.description,
        options=tuple(option.name for option in settings.options),
        data_source_id=settings.data_source_id,
        expression=settings.expression,
    )

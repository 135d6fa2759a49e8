"""Databases, the data sources in them, and the rows of those.

https://developers.notion.com/reference/database
https://developers.notion.com/reference/data-source
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from connector_vault.connector import Api, Json

from .columns import Column, columns
from .pages import Page, RawPage, page_of
from .parameters import Cursor, DataSourceId, Id, PageSize, given, one_of
from .parents import Parent, parent_of
from .texts import Piece, plain

__all__ = [
    "DataSource",
    "Database",
    "Rows",
    "Sort",
    "Source",
    "query_data_source",
    "retrieve_data_source",
    "retrieve_database",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A data source of a database."""

    id: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A database: what holds one data source, or several."""

    id: str
    title: str
    description: str
    url: str | None
    parent: Parent | None
    data_sources: tuple[Source, ...]
    in_trash: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSource:
    """A table: its columns, without its rows."""

    id: str
    title: str
    description: str
    url: str | None
    database_id: str | None
    properties: dict[str, Column]
    in_trash: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """A page of rows. `next_cursor` is null on the last; `incomplete`: Notion gave up early."""

    rows: tuple[Page, ...]
    next_cursor: str | None
    incomplete: bool


class Sort(BaseModel):
    """What rows are put in order by: a property, or when they were made or edited."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    property: Annotated[str | None, Field(description="A property's name.")] = None
    timestamp: Literal["created_time", "last_edited_time"] | None = None
    direction: Literal["ascending", "descending"] = "ascending"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Raw:
    id: str
    title: tuple[Piece, ...] = ()
    description: tuple[Piece, ...] = ()
    url: str | None = None
    parent: Mapping[str, Json] | None = None
    data_sources: tuple[Source, ...] = ()
    properties: Mapping[str, Mapping[str, Json]] = field(
        default_factory=dict[str, Mapping[str, Json]]
    )
    in_trash: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Status:
    type: str = "complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listing:
    results: tuple[RawPage, ...]
    next_cursor: str | None = None
    request_status: _Status = field(default_factory=_Status)


async def retrieve_database(api: Api, database_id: Id) -> Database:
    """Read a database: its title, place, and the ids of its data sources.

    Columns and rows are those of a data source: retrieve_data_source, query_data_source. Refused
    with object_not_found also if the database is not shared with this connection.
    """
    raw = await api.get(_Raw, "/v1/databases/{}", database_id)
    return Database(
        id=raw.id,
        title=plain(raw.title),
        description=plain(raw.description),
        url=raw.url,
        parent=parent_of(raw.parent),
        data_sources=raw.data_sources,
        in_trash=raw.in_trash,
    )


async def retrieve_data_source(api: Api, data_source_id: DataSourceId) -> DataSource:
    """Read a data source's columns: their names, types and options.

    Does not read its rows: query_data_source does. Takes the id of a data source, which is not its
    database's: search and retrieve_database tell it.
    """
    raw = await api.get(_Raw, "/v1/data_sources/{}", data_source_id)
    return DataSource(
        id=raw.id,
        title=plain(raw.title),
        description=plain(raw.description),
        url=raw.url,
        database_id=str((raw.parent or {}).get("database_id") or "") or None,
        properties=columns(raw.properties),
        in_trash=raw.in_trash,
    )


async def query_data_source(
    api: Api,
    data_source_id: DataSourceId,
    filter: Annotated[  # noqa: A002  # Notion's own name
        Mapping[str, Json] | None,
        Field(
            description='As Notion writes it: {"property": "Done", "checkbox": {"equals": true}}, '
            'or several in {"and": […]} or {"or": […]}.'
        ),
    ] = None,
    sorts: Annotated[tuple[Sort, ...] | None, Field(max_length=100)] = None,
    properties: Annotated[
        Sequence[str] | None, Field(description="Only these, by name. Default: all.")
    ] = None,
    in_trash: Annotated[bool, Field(description="Rows in the trash instead.")] = False,
    start_cursor: Cursor = None,
    page_size: PageSize = 50,
) -> Rows:
    """Find rows of a data source.

    Returns one page with properties, without what stands on the rows' pages. Relations show 25
    pages at most. Notion goes through a bounded number of rows: `incomplete` says that it stopped.
    """
    asked = given(
        filter=None if filter is None else dict(filter),
        sorts=[_sort(one) for one in sorts] if sorts else None,
        in_trash=in_trash or None,
        start_cursor=start_cursor,
        page_size=page_size,
    )
    found = await api.post(_Listing, "/v1/data_sources/{}/query", data_source_id, json=asked)
    return Rows(
        rows=tuple(page_of(row, properties) for row in found.results),
        next_cursor=found.next_cursor,
        incomplete=found.request_status.type == "incomplete",
    )


def _sort(one: Sort) -> Json:
    one_of(property=one.property, timestamp=one.timestamp)
    return given(property=one.property, timestamp=one.timestamp, direction=one.direction)

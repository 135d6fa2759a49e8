"""Finding pages and data sources by their titles.

https://developers.notion.com/reference/post-search
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from connector_vault.connector import Api, Json

from .parameters import Cursor, PageSize, given
from .parents import Parent, parent_of
from .properties import title_of, told
from .texts import Piece, plain

__all__ = ["Findings", "Found", "search"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page or data source. `object` says which."""

    object: str
    id: str
    title: str = ""
    url: str | None = None
    parent: Parent | None = None
    in_trash: bool = False
    last_edited_time: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """A page of what was found. `next_cursor` is null on the last."""

    results: tuple[Found, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Raw:
    object: str
    id: str
    title: tuple[Piece, ...] = ()
    """Of a data source. A page's is among its properties."""
    properties: Mapping[str, Mapping[str, Json]] = field(
        default_factory=dict[str, Mapping[str, Json]]
    )
    url: str | None = None
    parent: Mapping[str, Json] | None = None
    in_trash: bool = False
    last_edited_time: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listing:
    results: tuple[_Raw, ...]
    next_cursor: str | None = None


async def search(
    api: Api,
    query: Annotated[str, Field(max_length=2000, description="Empty: all that is shared.")] = "",
    kind: Annotated[
        Literal["page", "data_source"] | None, Field(description="Default: both.")
    ] = None,
    direction: Annotated[
        Literal["ascending", "descending"], Field(description="By the time of the last edit.")
    ] = "descending",
    start_cursor: Cursor = None,
    page_size: PageSize = 20,
) -> Findings:
    """Find pages and data sources by title, among those shared with this connection.

    Returns ids, titles and addresses, last edited first. Does not search what stands on pages, and
    shows what was just made or shared only after a while. query_data_source finds rows.
    """
    asked = given(
        query=query or None,
        filter={"property": "object", "value": kind} if kind else None,
        sort={"timestamp": "last_edited_time", "direction": direction},
        start_cursor=start_cursor,
        page_size=page_size,
    )
    found = await api.post(_Listing, "/v1/search", json=asked)
    return Findings(results=tuple(map(_found, found.results)), next_cursor=found.next_cursor)


def _found(raw: _Raw) -> Found:
    page = raw.object == "page"
    return Found(
        object=raw.object,
        id=raw.id,
        title=title_of(told(raw.properties)) if page else plain(raw.title),
        url=raw.url,
        parent=parent_of(raw.parent),
        in_trash=raw.in_trash,
        last_edited_time=raw.last_edited_time,
    )

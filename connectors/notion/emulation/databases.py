"""Databases, data sources, and rows.

https://developers.notion.com/reference/query-a-data-source
"""

from collections.abc import Mapping, Sequence

from connector_vault.connector import Json, Reply

from .access import named, need
from .answers import say, wrong
from .asked import Asked, Handler, is_list, is_object
from .filters import key_of, passes
from .hub import Hub
from .paging import listing
from .properties import derived
from .records import Database, Page, Source
from .shapes import database_shape, page_shape, source_shape

__all__ = ["ROUTES"]


def _database(hub: Hub, asked: Asked) -> Reply:
    need(asked, "read_content")
    return say(database_shape(hub, asked, named(hub, asked, Database)))


def _source(hub: Hub, asked: Asked) -> Reply:
    need(asked, "read_content")
    return say(source_shape(hub, asked, named(hub, asked, Source)))


def _query(hub: Hub, asked: Asked) -> Reply:
    need(asked, "read_content")
    old = () if asked.newest else ("archived",)
    known = ("filter", "sorts", "start_cursor", "page_size", "in_trash", "result_type", *old)
    body = asked.fields(*known)
    source = named(hub, asked, Source)
    trash = body.get("in_trash", body.get("archived")) is True
    lying = [hub.things[name] for name in hub.below.get(source.id, ())]
    rows = [one for one in lying if isinstance(one, Page) and one.in_trash == trash]
    found = [row for row in rows if passes(row, derived(row, source.columns), body.get("filter"))]
    ordered = _ordered(found, source, body)
    return say(
        listing(
            body,
            "page_or_data_source",
            ordered,
            lambda one: page_shape(hub, asked, one),
            lambda one: one.id,
        )
    )


def _ordered(rows: Sequence[Page], source: Source, body: Mapping[str, Json]) -> list[Page]:
    sorts: Json = body.get("sorts", [])
    if not is_list(sorts):
        raise wrong("body failed validation: body.sorts should be an array.")
    ordered = list(reversed(rows))
    for one in reversed(sorts):
        ordered = _sorted(ordered, source, one)
    return ordered


def _sorted(rows: Sequence[Page], source: Source, said: Json) -> list[Page]:
    down = is_object(said) and said.get("direction") == "descending"
    return sorted(rows, key=lambda row: _key(row, source, said), reverse=down)


def _key(row: Page, source: Source, said: Json) -> str | float:
    return key_of(row, derived(row, source.columns), said)


ROUTES: dict[str, Handler] = {
    "GET /v1/databases/{}": _database,
    "GET /v1/data_sources/{}": _source,
    "POST /v1/data_sources/{}/query": _query,
}

"""Search, by titles.

https://developers.notion.com/reference/post-search
"""

from collections.abc import Mapping

from connector_vault.connector import Json, Reply

from .access import need
from .answers import say, wrong
from .asked import Asked, Handler, is_object
from .hub import Hub
from .paging import listing
from .records import Page, Source
from .shapes import page_shape, source_shape, title_of

__all__ = ["ROUTES"]

_KINDS: dict[str, type[Page | Source]] = {"page": Page, "data_source": Source}


def _search(hub: Hub, asked: Asked) -> Reply:
    need(asked, "read_content")
    body = asked.fields("query", "filter", "sort", "start_cursor", "page_size")
    query = body.get("query") or ""
    if not isinstance(query, str):
        raise wrong("body failed validation: body.query should be a string.")
    kinds = _kinds(body.get("filter"))
    found = [one for one in hub.shared(asked.bot) if isinstance(one, Page | Source)]
    fitting = [
        one
        for one in found
        if isinstance(one, kinds) and not one.in_trash and query.lower() in title_of(one).lower()
    ]
    # What was made last comes first among what was edited at the same time.
    fitting.reverse()
    fitting.sort(key=lambda one: one.edited, reverse=True)
    if not _downwards(body):
        fitting.reverse()
    shown = listing(
        body,
        "page_or_data_source",
        fitting,
        lambda one: (
            page_shape(hub, asked, one) if isinstance(one, Page) else source_shape(hub, asked, one)
        ),
        lambda one: one.id,
    )
    return say({**shown, "request_status": {"type": "complete"}})


def _kinds(said: Json) -> tuple[type[Page | Source], ...]:
    if said is None:
        return (Page, Source)
    value = said.get("value") if is_object(said) else None
    known = isinstance(value, str) and value in _KINDS
    if not is_object(said) or said.get("property") != "object" or not known:
        words = 'body.filter.value should be `"page"` or `"data_source"`'
        raise wrong(f"body failed validation: {words}.")
    return (_KINDS[str(value)],)


def _downwards(body: Mapping[str, Json]) -> bool:
    said = body.get("sort")
    if said is None:
        return True
    if not is_object(said) or said.get("timestamp") != "last_edited_time":
        raise wrong('body failed validation: body.sort.timestamp should be `"last_edited_time"`.')
    return said.get("direction") != "ascending"


ROUTES: dict[str, Handler] = {"POST /v1/search": _search}

"""Lists, a page at a time."""

from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import urlencode

from connector_vault.connector import Json, Reply

from .answers import say
from .asked import Asked

__all__ = ["listing", "page_of"]

T = TypeVar("T")

_DEFAULT_SIZE = 30
_LARGEST = 100


def page_of(asked: Asked, items: Sequence[T]) -> tuple[Sequence[T], dict[str, str]]:
    """Give the page that was asked for, and the `Link` header to the others."""
    size = min(max(_number(asked, "per_page", _DEFAULT_SIZE), 1), _LARGEST)
    page = max(_number(asked, "page", 1), 1)
    last = max(1, -(-len(items) // size))
    return items[(page - 1) * size : page * size], _links(asked, page, last)


def listing(asked: Asked, items: Sequence[T], shape: Callable[[T], Json]) -> Reply:
    """Answer with the page that was asked for."""
    page, headers = page_of(asked, items)
    return say([shape(item) for item in page], headers=headers)


def _links(asked: Asked, page: int, last: int) -> dict[str, str]:
    wanted: dict[str, int] = {}
    if page > 1:
        wanted |= {"prev": min(page - 1, last), "first": 1}
    if page < last:
        wanted |= {"next": page + 1, "last": last}
    address = asked.api + asked.path
    links = [
        f'<{address}?{urlencode({**asked.query, "page": number})}>; rel="{name}"'
        for name, number in wanted.items()
    ]
    return {"link": ", ".join(links)} if links else {}


def _number(asked: Asked, name: str, default: int) -> int:
    text = asked.query.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else default

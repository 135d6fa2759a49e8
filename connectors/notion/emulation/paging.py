"""Lists, a page at a time.

https://developers.notion.com/reference/intro#pagination
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from connector_vault.connector import Json

from .answers import wrong

__all__ = ["listing"]

T = TypeVar("T")

_LARGEST = 100


def listing(
    said: Mapping[str, Json],
    kind: str,
    items: Sequence[T],
    shape: Callable[[T], Json],
    name: Callable[[T], str],
) -> dict[str, Json]:
    """Give the page that was asked for. `name` gives an item's id: the cursor is the next one's."""
    first = _place(said.get("start_cursor"), [name(one) for one in items])
    size = _size(said.get("page_size"))
    following = items[first + size : first + size + 1]
    return {
        "object": "list",
        "results": [shape(one) for one in items[first : first + size]],
        "next_cursor": name(following[0]) if following else None,
        "has_more": bool(following),
        "type": kind,
        kind: {},
    }


def _place(cursor: Json, names: Sequence[str]) -> int:
    if cursor is None:
        return 0
    if cursor not in names:
        raise wrong("The start_cursor provided is invalid.")
    return names.index(cursor)


def _size(said: Json) -> int:
    if said is None:
        return _LARGEST
    number = int(said) if isinstance(said, str) and said.isdecimal() else said
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= _LARGEST:
        raise wrong("page_size should be a number from 1 to 100.")
    return number

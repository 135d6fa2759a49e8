"""One page of a list, and the addresses of those beside it, which have the token in them.

https://developers.facebook.com/docs/graph-api/results
"""

import base64
from collections.abc import Mapping
from urllib.parse import urlencode

from connector_vault.connector import Json
from connector_vault.emulator import Call

__all__ = ["paging", "span"]

_USUAL, _MOST = 25, 100
_SIDES = ("after", "before")


def span(said: Mapping[str, Json], whole: int) -> range:
    """Give the places of a list that are asked for.

    Raises:
        ValueError: they cannot be; its words are Meta's.
    """
    limit = str(said.get("limit") or _USUAL)
    if not limit.isdecimal() or int(limit) < 1:
        raise ValueError("Param limit must be a positive integer")
    size = min(int(limit), _MOST)
    if said.get("before"):
        end = min(_place(said["before"]), whole)
        return range(max(0, end - size), end)
    start = _place(said["after"]) if said.get("after") else 0
    return range(start, min(start + size, whole))


def paging(call: Call, token: str, shown: range, whole: int) -> dict[str, Json]:
    """Tell how to go on from a page in both directions."""
    before, after = _cursor(shown.start), _cursor(shown.stop)
    said: dict[str, Json] = {"cursors": {"before": before, "after": after}}
    said |= {"next": _address(call, token, after=after)} if shown.stop < whole else {}
    return said | ({"previous": _address(call, token, before=before)} if shown.start else {})


def _address(call: Call, token: str, **side: str) -> str:
    query = {name: text for name, text in call.query.items() if name not in _SIDES}
    return f"https://{call.host}{call.path}?{urlencode(query | {'access_token': token} | side)}"


def _cursor(place: int) -> str:
    return base64.urlsafe_b64encode(f"QV{place:07}".encode()).decode()


def _place(cursor: Json) -> int:
    try:
        place = int(base64.urlsafe_b64decode(str(cursor)).decode().removeprefix("QV"))
    except ValueError:
        place = -1
    if place < 0:
        raise ValueError("Invalid cursors values for fields: before, after")
    return place

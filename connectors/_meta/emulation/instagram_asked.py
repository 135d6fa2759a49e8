"""A request to the emulated Instagram, and what all of its rooms need to read one."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from connector_vault.connector import Json, Reply
from connector_vault.emulator import Call, json_reply

from .instagram_answers import invalid
from .instagram_gram import Gram
from .instagram_records import Caller

__all__ = ["Asked", "Handler", "Route", "fields_of", "paged"]

_MOST_LIMIT = 100

Handler = Callable[[Gram, "Asked"], Reply]
"""A function that answers one route. A `Refusal` is answered for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What answers a path, and the permission it needs: `basic`, `content_publish`."""

    handler: Handler
    permission: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, and whose it is."""

    node: str
    said: Mapping[str, Json] = field(repr=False)
    caller: Caller
    now: float
    """Seconds since 1970 UTC."""
    call: Call = field(repr=False)

    def text(self, name: str) -> str:
        """Give a parameter. Empty: it was not sent."""
        value = self.said.get(name, "")
        return value if isinstance(value, str) else json.dumps(value)

    def flag(self, name: str) -> bool:
        """Tell whether a parameter says yes."""
        return self.text(name).lower() in ("true", "1")

    def listed(self, name: str) -> list[str]:
        """Give a list, written as JSON or with commas."""
        text = self.text(name)
        if not text.startswith("["):
            return [one.strip() for one in text.split(",") if one.strip()]
        try:
            items: list[Json] = json.loads(text)
        except ValueError:
            raise invalid(f"Param {name} must be an array.") from None
        return [str(one) for one in items]

    def record(self, name: str) -> dict[str, Json]:
        """Give an object, written as JSON. What is none has no fields."""
        try:
            value: Json = json.loads(self.text(name) or "null")
        except ValueError:
            raise invalid(f"Param {name} must be an object.") from None
        return {**value} if isinstance(value, dict) else {}


def fields_of(text: str) -> dict[str, str]:
    """Read `a,b{c,d}`: the names, and what is asked for within each."""
    found: dict[str, str] = {}
    name, inner, depth = "", "", 0
    for letter in f"{text},":
        depth += (letter == "{") - (letter == "}")
        if letter == "," and depth == 0:
            found |= {name.strip(): inner} if name.strip() else {}
            name, inner = "", ""
        elif depth == 0 and letter != "}":
            name += letter
        elif not (letter == "{" and depth == 1):
            inner += letter
    return found


def paged(asked: Asked, items: Sequence[Json], shape: Callable[[Json], Json]) -> Reply:
    """Answer with one page of a list. The address of the next has the token in it, as at Meta."""
    size, start = _limit(asked), _start(asked)
    page = items[start : start + size]
    said: dict[str, Json] = {"data": [shape(one) for one in page]}
    if page:
        after = _cursor(start + len(page))
        paging: dict[str, Json] = {"cursors": {"before": _cursor(start), "after": after}}
        more = len(items) > start + size
        said["paging"] = paging | ({"next": _next(asked, after)} if more else {})
    return json_reply(200, said)


def _limit(asked: Asked) -> int:
    text = asked.text("limit") or "25"
    if not text.isdecimal() or int(text) < 1:
        raise invalid("Param limit must be a positive integer")
    return min(int(text), _MOST_LIMIT)


def _start(asked: Asked) -> int:
    after = asked.text("after")
    if not after:
        return 0
    try:
        return int(base64.urlsafe_b64decode(after).decode().removeprefix("at:"))
    except ValueError:
        raise invalid("Invalid cursors values for fields: before, after") from None


def _cursor(place: int) -> str:
    return base64.urlsafe_b64encode(f"at:{place:06}".encode()).decode()


def _next(asked: Asked, after: str) -> str:
    call = asked.call
    token = call.headers.get("authorization", "").partition(" ")[2]
    token = token or call.query.get("access_token", "")
    query = {**call.query, "access_token": token, "limit": str(_limit(asked)), "after": after}
    return f"https://{call.host}{call.path}?{urlencode(query)}"

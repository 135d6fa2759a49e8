"""A request to the emulated Instagram, and what all of its rooms need to read one."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from connector_vault.connector import Json, Reply
from connector_vault.emulator import Call, json_reply

from .instagram_answers import invalid
from .instagram_gram import Gram
from .instagram_records import Caller
from .pages import paging, span

__all__ = ["Asked", "Handler", "Route", "fields_of", "paged"]

_MODIFIER = re.compile(r"\.\w+\([^)]*\)")
"""What a field may be asked for with: `.limit(5)`."""

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
    """Read `a,b{c,d{e}},f.limit(0)`: the names, and what is asked for within each."""
    found: dict[str, str] = {}
    word, depth = "", 0
    for letter in f"{_MODIFIER.sub('', text)},":
        depth += (letter == "{") - (letter == "}")
        if letter != "," or depth:
            word += letter
            continue
        name, _, inner = word.partition("{")
        found |= {name.strip(): inner.strip().removesuffix("}")} if name.strip() else {}
        word = ""
    return found


def paged(asked: Asked, items: Sequence[Json], shape: Callable[[Json], Json]) -> Reply:
    """Answer with one page of a list."""
    try:
        shown = span(asked.said, len(items))
    except ValueError as error:
        raise invalid(str(error)) from None
    said: dict[str, Json] = {"data": [shape(items[place]) for place in shown]}
    if shown:
        said["paging"] = paging(asked.call, _token(asked.call), shown, len(items))
    return json_reply(200, said)


def _token(call: Call) -> str:
    token = call.headers.get("authorization", "").partition(" ")[2]
    return token or call.query.get("access_token", "")

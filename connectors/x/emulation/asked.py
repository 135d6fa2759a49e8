"""A request to X's API, and what all of its rooms need to read one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from connector_vault.connector import BadArguments, Json, Reply
from connector_vault.emulator import Call

from .answers import invalid, problem
from .grants import Token
from .hub import Hub
from .records import User

__all__ = ["Asked", "Handler", "Route", "checked", "listed", "named"]

_MAX_ID = 19
"""Digits."""

Handler = Callable[[Hub, "Asked"], Reply]
"""Answers one route. A `Refusal` is answered for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What answers a path, and what it takes."""

    handler: Handler
    name: str
    scopes: tuple[str, ...]
    query: frozenset[str] = frozenset()
    """Parameters it takes. Those of fields are added where it gives posts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, without its transport, and whose it is."""

    now: float
    """Seconds since 1970 UTC."""
    call: Call = field(repr=False)
    names: tuple[str, ...]
    """What stands in the holes of the route."""
    user: User
    token: Token

    @property
    def query(self) -> Mapping[str, str]:
        return self.call.query

    def id(self, hole: int = 0) -> str:
        """Give the id that stands in a hole of the route."""
        return checked(self.names[hole], "id")

    def json(self) -> Mapping[str, Json]:
        """Decode the body, an object."""
        try:
            body = self.call.json()
        except BadArguments:
            raise problem(400, "Invalid Request", "The body is not JSON.") from None
        if not isinstance(body, dict):
            raise problem(400, "Invalid Request", "Requests with bodies must be JSON objects.")
        return {**body}

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """Give a number of the query, between bounds."""
        text = self.query.get(name, str(default))
        if not (text.isascii() and text.isdecimal()) or not least <= int(text[:9]) <= most:
            words = f"The `{name}` query parameter value [{text}] is not between {least} and {most}"
            raise invalid(name, text, words)
        return int(text)


def named(value: Json) -> dict[str, Json]:
    """Give an object's fields. What is no object has none."""
    return {**value} if isinstance(value, dict) else {}


def listed(value: Json) -> list[Json]:
    """Give a list's items. What is no list has none."""
    return [*value] if isinstance(value, list) else []


def checked(text: str, name: str) -> str:
    """Let only what is an id pass."""
    if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_ID):
        words = f"The `{name}` query parameter value [{text}] is not valid"
        raise invalid(name, text, words)
    return text

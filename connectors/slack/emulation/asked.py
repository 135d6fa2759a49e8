"""A call of a method, and what all of its rooms need to read one."""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from connector_vault.connector import Json

from .answers import Problem
from .grants import App, Seat, Token
from .hub import Hub
from .records import Person, Team

__all__ = ["Asked", "Handler", "Method"]

T = TypeVar("T")

_WHOLE = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A call, without its transport, and whose it is."""

    now: float
    """Seconds since 1970 UTC."""
    name: str
    """Of the method."""
    args: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """From the address, the form, or the JSON where a method takes it; all of it as text."""
    app: App
    seat: Seat
    token: Token
    user: Person
    team: Team

    def need(self, name: str, error: str = "invalid_arguments") -> str:
        """Give an argument that has to be there."""
        said = self.args.get(name, "")
        if not said:
            told = {"messages": [f"[ERROR] missing required field: {name}"]}
            raise Problem(error, response_metadata=told)
        return said

    def flag(self, name: str, default: bool = False) -> bool:
        """Give a yes or no."""
        return self.args.get(name, str(default)).lower() in ("1", "true")

    def whole(self, name: str, default: int, most: int) -> int:
        """Give a whole number from 1 to the most that there is."""
        said = self.args.get(name, "")
        if not said:
            return default
        if not _WHOLE.fullmatch(said) or int(said) < 1:
            raise Problem("invalid_limit" if name == "limit" else "invalid_arguments")
        return min(int(said), most)

    def needs(self, *scopes: str) -> None:
        """Refuse who holds none of these scopes."""
        if not set(scopes) & set(self.seat.scopes):
            raise Problem(
                "missing_scope", needed=",".join(scopes), provided=",".join(self.seat.scopes)
            )

    def page(self, items: Sequence[T], limit: int) -> tuple[Sequence[T], dict[str, Json]]:
        """Give the page that was asked for, and what tells of the next."""
        begin = _read_cursor(self.args.get("cursor", ""))
        following = _cursor(begin + limit) if begin + limit < len(items) else ""
        return items[begin : begin + limit], {"response_metadata": {"next_cursor": following}}


Handler = Callable[[Hub, Asked], dict[str, Json]]
"""Answers one method, without `ok`. A `Problem` is answered for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """How one method is called."""

    handler: Handler
    scopes: tuple[str, ...] = ()
    """One of them is needed."""
    tier: int = 50
    """Calls in a minute."""
    bots: bool = True
    """Whether bots may call it."""
    json: bool = False
    """Whether it reads a JSON body."""


def _cursor(place: int) -> str:
    return base64.b64encode(f"next:{place}".encode()).decode()


def _read_cursor(text: str) -> int:
    if not text:
        return 0
    try:
        kind, _, place = base64.b64decode(text, validate=True).decode().partition(":")
    except ValueError:
        raise Problem("invalid_cursor") from None
    if kind != "next" or not _WHOLE.fullmatch(place):
        raise Problem("invalid_cursor")
    return int(place)

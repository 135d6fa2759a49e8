"""A request to the Graph API, and what all of its rooms need to read one."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from connector_vault.connector import Json, Reply
from connector_vault.emulator import Call, json_reply

from ..._meta.emulation.instagram_asked import fields_of
from ..._meta.emulation.pages import paging, span
from .answers import absent, denied, invalid
from .grants import Token
from .hub import Hub
from .records import Page

__all__ = ["Asked", "Handler", "Route", "chosen", "fields_of", "named", "paged"]

Handler = Callable[[Hub, "Asked"], Reply]
"""Answers one route. A `Refusal` is answered for it."""

_READABLE = "pages_read_engagement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What answers a path, and the permission and the task on the Page it needs."""

    handler: Handler
    permission: str = ""
    task: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, without its transport, and whose it is."""

    now: float
    """Seconds since 1970 UTC."""
    call: Call = field(repr=False)
    node: str
    said: Mapping[str, Json] = field(repr=False)
    """What stands in its address and in its body."""
    token: Token = field(repr=False)
    permissions: frozenset[str]
    tasks: tuple[str, ...]

    def text(self, name: str, default: str = "") -> str:
        """Give a parameter. What is no text is given as JSON."""
        value = self.said.get(name, default)
        return value if isinstance(value, str) else json.dumps(value)

    def flag(self, name: str, default: bool) -> bool:
        """Give a parameter that says yes or no."""
        return self.text(name, "true" if default else "false").lower() in ("true", "1")

    def value(self, name: str) -> Json:
        """Give a parameter that is written as JSON."""
        value = self.said.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise invalid(f"Param {name} must be valid JSON") from None

    def needs(self, permission: str, task: str = "") -> None:
        """Let only who has this permission, and may do this on the Page, go on."""
        for one in (_READABLE, permission):
            if one and one not in self.permissions:
                code = 10 if one == _READABLE else 200
                raise denied(code, f"This endpoint requires the '{one}' permission")
        if task and task not in self.tasks:
            words = "as an admin with sufficient administrative permission"
            raise denied(200, f"If posting to a page, requires {permission} {words}")

    def page(self, hub: Hub) -> Page:
        """Give the Page that is asked for: the token's own."""
        page = hub.pages.get(self.node)
        if page is None or self.token.page != page.id:
            raise absent(self.call.method, self.node)
        return page


def named(value: Json) -> dict[str, Json]:
    """Give an object's fields. What is no object has none."""
    return {**value} if isinstance(value, dict) else {}


def chosen(kind: str, wanted: str, everything: Mapping[str, Json], *always: str) -> Json:
    """Give the fields that were asked for, of those that are not empty."""
    names = fields_of(wanted) or dict.fromkeys(always, "")
    for name in names:
        if name not in everything:
            raise invalid(f"Tried accessing nonexisting field ({name}) on node type ({kind})")
    kept = {"id", *names}
    return {name: one for name, one in everything.items() if name in kept and one is not None}


def paged(asked: Asked, items: Sequence[Json]) -> Reply:
    """Answer with one page of a list."""
    try:
        shown = span(asked.said, len(items))
    except ValueError as error:
        raise invalid(str(error)) from None
    said: dict[str, Json] = {"data": [items[place] for place in shown]}
    if shown:
        said["paging"] = paging(asked.call, asked.token.text, shown, len(items))
    return json_reply(200, said)

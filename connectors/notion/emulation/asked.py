"""A request to Notion, and what all of its rooms need to read one."""

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeGuard

from connector_vault.connector import Json, Reply

from .answers import problem, wrong
from .grants import App, Bot, Token

if TYPE_CHECKING:
    from .hub import Hub

__all__ = ["NEWEST", "OLDER", "VERSIONS", "Asked", "Handler", "is_list", "is_object", "uuid_of"]

VERSIONS = ("2025-09-03", "2026-03-11")
"""Those that know data sources; both are played."""

OLDER = ("2021-05-11", "2021-05-13", "2021-08-16", "2022-02-22", "2022-06-28")
"""Those that do not: of them the OAuth endpoints alone are played, which no version changed.

https://developers.notion.com/reference/changes-by-version
"""

NEWEST = VERSIONS[-1]

_UUID = re.compile(r"[0-9a-f]{32}")

Handler = Callable[["Hub", "Asked"], Reply]
"""Answers one route. A `Problem` is answered for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, without its transport, and whose it is."""

    now: float
    """Seconds since 1970 UTC."""
    base: str
    """Where the emulator is."""
    method: str
    names: tuple[str, ...] = ()
    """What stands in the holes of the route."""
    query: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    body: bytes = field(default=b"", repr=False)
    token: Token | None = None
    app: App | None = None

    @property
    def bot(self) -> Bot:
        """The bot that asks. The gate lets nobody else in."""
        if self.token is None:
            raise LookupError
        return self.token.bot

    @property
    def newest(self) -> bool:
        """Whether the newest version was asked for."""
        return self.headers.get("notion-version") == NEWEST

    def can(self, capability: str) -> bool:
        """Tell whether the connection was registered for this."""
        return self.app is not None and capability in self.app.capabilities

    def id(self, hole: int = 0) -> str:
        """Give the id that stands in a hole of the route."""
        return uuid_of(self.names[hole], "path failed validation: path")

    def fields(self, *known: str) -> Mapping[str, Json]:
        """Decode the body, an object that has no fields but these."""
        try:
            body = json.loads(self.body or b"{}")
        except (ValueError, RecursionError):
            raise problem(400, "invalid_json", "Error parsing JSON body.") from None
        if not is_object(body):
            raise wrong("body failed validation: body should be an object.")
        for name in body:
            if name not in known:
                words = f"body.{name} should be not present, instead was {_shown(body[name])}."
                raise wrong(f"body failed validation: {words}")
        return body


def uuid_of(text: Json, where: str) -> str:
    """Read an id, with dashes or without."""
    plain = text.replace("-", "").lower() if isinstance(text, str) else ""
    if not _UUID.fullmatch(plain):
        raise wrong(f"{where} should be a valid uuid, instead was {_shown(text)}.")
    return str(uuid.UUID(plain))


def is_object(value: Json) -> TypeGuard[dict[str, Json]]:
    """Tell whether this is a JSON object."""
    return isinstance(value, dict)


def is_list(value: Json) -> TypeGuard[list[Json]]:
    """Tell whether this is a JSON array."""
    return isinstance(value, list)


def _shown(value: Json) -> str:
    return f"`{json.dumps(value)[:60]}`"

"""What a provider's emulator is made of: a call comes in, a `Reply` goes out."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from typing import Literal, Protocol
from urllib.parse import parse_qsl

from connector_vault.connector import Json, Reply
from connector_vault.errors import BadArguments

__all__ = ["Call", "Clock", "Consent", "Site", "json_reply"]

Consent = Literal["auto", "ask"]
"""Whether people agree at once, or are shown a page with two buttons."""


class Clock:
    """The time at the providers: the real time, and what was added to it."""

    def __init__(self, real: Callable[[], float] = time.time) -> None:
        self._real = real
        self._ahead = 0.0

    def now(self) -> float:
        """Give the seconds since 1970 UTC."""
        return self._real() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let this much time pass at once."""
        self._ahead += seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request as a provider sees it. Header names are lower case."""

    method: str
    """HEAD arrives as GET: the server leaves the body out."""
    base: str
    """Where the emulator is; a provider's own addresses begin with `{base}/HOST`."""
    host: str
    path: str
    """As sent, from its first slash, without the query."""
    segments: tuple[str, ...]
    """The path, split at its slashes and only then decoded: a segment may hold a slash."""
    query: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    body: bytes = field(default=b"", repr=False)
    consent: Consent = "auto"

    def form(self) -> dict[str, str]:
        """Read the body's fields, urlencoded or multipart. Any other body has none."""
        kind = self.headers.get("content-type", "")
        if kind.lower().startswith("multipart/form-data"):
            return _multipart(kind, self.body)
        if kind.lower().startswith("application/x-www-form-urlencoded"):
            return dict(parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True))
        return {}

    def json(self) -> Json:
        """Decode the body; an empty one is None.

        Raises:
            BadArguments: it is not JSON.
        """
        try:
            return json.loads(self.body or b"null")
        except (ValueError, RecursionError):
            raise BadArguments("the body is not JSON") from None


class Site(Protocol):
    """A provider, played. `connectors/NAME/emulator.py` offers `emulate(clock: Clock) -> Site`."""

    @property
    def hosts(self) -> frozenset[str]:
        """Give the names of the machines it answers for."""
        ...

    def answer(self, call: Call) -> Reply:
        """Answer one request. `BadArguments` becomes a 400."""
        ...

    def act(self, deed: str, /, **details: Json) -> Json:
        """Do what a user or an operator does at the provider, such as revoking a grant.

        Raises:
            BadArguments: there is no such deed, or a detail is wrong.
        """
        ...


def json_reply(status: int, value: Json, headers: Mapping[str, str] | None = None) -> Reply:
    """Make a reply of a JSON value."""
    kind = {"content-type": "application/json; charset=utf-8"}
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    return Reply(status, body, {**kind, **(headers or {})})


def _multipart(kind: str, body: bytes) -> dict[str, str]:
    message = message_from_bytes(b"content-type: " + kind.encode("latin-1") + b"\r\n\r\n" + body)
    fields: dict[str, str] = {}
    for part in message.walk():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            fields[name] = content.decode(errors="replace")
    return fields

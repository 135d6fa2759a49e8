"""A request to GitHub, and what all of its rooms need to read one."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from connector_vault.connector import Json, Reply

from .answers import bad_request, not_found
from .grants import App, Token
from .hub import Hub
from .records import User
from .scopes import holds

__all__ = ["VERSIONS", "Asked", "Handler"]

VERSIONS = ("2022-11-28", "2026-03-10")
"""Those that are served, oldest first.

https://docs.github.com/rest/about-the-rest-api/api-versions
"""

_LONGEST_NUMBER = 18
"""Digits. No id at GitHub has more."""

Handler = Callable[[Hub, "Asked"], Reply]
"""Answers one route. A `Problem` is answered for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, without its transport, and whose it is."""

    now: float
    """Seconds since 1970 UTC."""
    base: str
    """Where the emulator is."""
    method: str
    path: str
    names: tuple[str, ...] = ()
    """What stands in the holes of the route."""
    query: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    body: bytes = field(default=b"", repr=False)
    user: User | None = None
    token: Token | None = None
    app: App | None = None
    """Set if an app named itself by HTTP Basic."""

    @property
    def api(self) -> str:
        return f"{self.base}/api.github.com"

    @property
    def web(self) -> str:
        return f"{self.base}/github.com"

    @property
    def version(self) -> str:
        """The API version that was asked for, or the one that stands in for none."""
        return self.headers.get("x-github-api-version", VERSIONS[0])

    def holds(self, scope: str) -> bool:
        """Tell whether the token may do this. A GitHub App's user token has no scopes to lack."""
        if self.token is None:
            return False
        return self.token.scopeless or holds(self.token.scopes, scope)

    def number(self, hole: int) -> int:
        """Give the number that stands in a hole of the route. What is none is not found."""
        text = self.names[hole]
        if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER):
            raise not_found()
        return int(text)

    def json(self) -> Mapping[str, Json]:
        """Decode the body, an object."""
        try:
            body = json.loads(self.body or b"{}")
        except (ValueError, RecursionError):
            raise bad_request("Problems parsing JSON") from None
        if not isinstance(body, dict):
            raise bad_request("Body should be a JSON object")
        return {**body}

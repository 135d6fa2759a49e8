"""A request to TikTok's API, and what all of its rooms need to read one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from connector_vault.connector import BadArguments, Json, Reply
from connector_vault.emulator import Call

from .answers import refused
from .grants import Token
from .hub import Hub
from .records import User

__all__ = ["Asked", "Handler", "Route", "named"]

Handler = Callable[[Hub, "Asked"], Reply]
"""Answers one route. A `Refusal` is answered for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What answers a path, and what it takes."""

    handler: Handler
    name: str
    scopes: tuple[str, ...] = ()
    """Any of them will do. None: it is seen to where it is answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, without its transport, and whose it is."""

    now: float
    """Seconds since 1970 UTC."""
    call: Call = field(repr=False)
    user: User
    token: Token

    def json(self) -> Mapping[str, Json]:
        """Decode the body, an object; none at all is an empty one."""
        try:
            body = self.call.json()
        except BadArguments:
            raise refused(400, "invalid_params", "The body is not JSON") from None
        return named(body)

    def need(self, *scopes: str) -> None:
        """Let nobody pass who was granted none of these."""
        if not set(scopes) & set(self.token.scopes):
            words = f"The user did not authorize the scope required: {' or '.join(scopes)}"
            raise refused(401, "scope_not_authorized", words)


def named(value: Json) -> dict[str, Json]:
    """Give an object's fields. What is no object has none."""
    return {**value} if isinstance(value, dict) else {}

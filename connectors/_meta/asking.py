"""How a tool asks Meta, and how it changes something there, once."""

import json
from typing import TypeVar

from connector_vault.connector import (
    Api,
    Json,
    OutcomeUnknown,
    Refused,
    Request,
    Unreachable,
    fill,
    read,
)

from .answers import Failed

__all__ = ["SPARE", "ask", "change", "form_of"]

T = TypeVar("T")

SPARE = 5.0
"""Seconds of a call that no tool waits away: what it knows by then, it tells."""

_UNREADABLE = frozenset({"200", "unexpected_answer"})
"""Codes of an answer that says yes, and not to what."""


async def ask(api: Api, into: type[T], path: str, *values: str | int, **query: Json) -> T:
    """Ask something.

    Raises:
        Unreachable: Meta failed.
    """
    wanted = {name: _text(value) for name, value in query.items() if value is not None}
    try:
        return read(into, await api.send(Request("GET", fill(path, *values), query=wanted)))
    except Failed as error:
        raise Unreachable(f"{error}: try again") from error


async def change(api: Api, into: type[T], request: Request, look: str) -> T:
    """Change something: send it once, and never again.

    `look`: where to look for what was done.

    Raises:
        OutcomeUnknown: there was no answer, or none that says what was done.
    """
    try:
        return read(into, await api.send(request))
    except (Failed, OutcomeUnknown) as error:
        raise OutcomeUnknown(f"{error}: {look}") from error
    except Refused as error:
        if error.code not in _UNREADABLE:
            raise
        # It is no error of Meta's: whatever is missing, the change may be made.
        raise OutcomeUnknown(f"{error}: {look}") from error


def form_of(**fields: Json) -> dict[str, str]:
    """Make a form of what the caller said: what is no text is written as JSON."""
    return {name: _text(value) for name, value in fields.items() if value is not None}


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))

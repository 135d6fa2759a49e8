"""How a tool asks Facebook, and how it changes something there, once."""

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

from ..._meta.answers import Failed

__all__ = ["ask", "change", "form_of", "page_of", "sent"]

T = TypeVar("T")


def page_of(api: Api) -> str:
    """Give the id of the connection's Page; to a Page's token it is `me` as well.

    Connections are named `person/page`; a token that was pasted by its Page alone.
    """
    return api.account.rpartition("/")[2] or "me"


async def ask(api: Api, into: type[T], path: str, *values: str | int, **query: Json) -> T:
    """Ask something.

    Raises:
        Unreachable: Facebook failed.
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
    said = await sent(api, request, look)
    try:
        return read(into, said)
    except Refused as error:
        # It is no error of Facebook's: whatever is missing, the change was made.
        raise OutcomeUnknown(f"{error}: {look}") from error


async def sent(api: Api, request: Request, look: str) -> Json:
    """Send a change once, and give what is answered. Raises as `change` does."""
    try:
        return await api.send(request)
    except (Failed, OutcomeUnknown) as error:
        raise OutcomeUnknown(f"{error}: {look}") from error


def form_of(**fields: Json) -> dict[str, str]:
    """Make a form of what the caller said: what is no text is written as JSON."""
    return {name: _text(value) for name, value in fields.items() if value is not None}


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))

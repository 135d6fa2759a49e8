"""How a tool asks Slack, and how it changes something there."""

import json
from typing import TypeVar

from connector_vault.connector import (
    Api,
    Json,
    OutcomeUnknown,
    Refused,
    Request,
    Unreachable,
    read,
)

from ..answers import Failed

__all__ = ["ask", "change"]

T = TypeVar("T")


async def ask(api: Api, into: type[T], method: str, **query: Json) -> T:
    """Ask something. Slack reads the arguments of its reading methods from the address.

    Raises:
        Unreachable: Slack failed, or gave no usable answer.
    """
    try:
        said = await api.send(Request("GET", f"/{method}", query=_texts(query)))
    except Failed as error:
        raise Unreachable(f"{error}: try again") from error
    if said is None:
        raise Unreachable(f"Slack gave no usable answer to {method}: try again")
    return read(into, said)


async def change(api: Api, into: type[T], method: str, **form: Json) -> T:
    """Change something, once.

    Raises:
        OutcomeUnknown: Slack failed while it worked, or did not say what it did.
    """
    look = f"look whether {method} happened before repeating it"
    try:
        said = await api.send(Request("POST", f"/{method}", form=_texts(form)))
    except Failed as error:
        raise OutcomeUnknown(f"{error}: {look}") from error
    if said is None:
        raise OutcomeUnknown(f"Slack gave no usable answer: {look}")
    try:
        return read(into, said)
    except Refused as error:
        # It said ok: whatever is missing from the answer, the change was made.
        raise OutcomeUnknown(f"{error}: {look}") from error


def _texts(fields: dict[str, Json]) -> dict[str, str]:
    return {name: _text(value) for name, value in fields.items() if value is not None}


def _text(value: Json) -> str:
    # In a form, and in an address, what is not text is written as JSON: true, 7, [{"id": …}].
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))

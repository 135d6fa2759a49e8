"""How the emulated Instagram answers, and how it is asked.

https://developers.facebook.com/docs/graph-api/guides/error-handling
https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/error-codes
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from connector_vault.connector import BadArguments, Json, Reply
from connector_vault.emulator import Call, json_reply

__all__ = ["Refusal", "absent", "asked_of", "chosen", "forbidden", "invalid", "refusal", "stamp"]


class Refusal(Exception):
    """Carry an error's reply out of the room that found it."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def refusal(
    code: int,
    message: str,
    *,
    subcode: int = 0,
    for_people: str = "",
    status: int = 400,
    transient: bool = False,
) -> Refusal:
    """Make an error as the Graph API has them."""
    said: dict[str, Json] = {"message": message, "type": "OAuthException", "code": code}
    said |= {"error_subcode": subcode} if subcode else {}
    said |= {"is_transient": transient}
    said |= {"error_user_title": "Error", "error_user_msg": for_people} if for_people else {}
    return Refusal(json_reply(status, {"error": {**said, "fbtrace_id": "A6LJylpZRKw2xKLFsAPcJh"}}))


def invalid(message: str, subcode: int = 0, for_people: str = "") -> Refusal:
    """Say that a parameter is wrong."""
    return refusal(100, f"(#100) {message}", subcode=subcode, for_people=for_people)


def absent(method: str, node: str) -> Refusal:
    """Say that there is no such thing, for this caller."""
    words = (
        f"Unsupported {method.lower()} request. Object with ID '{node}' does not exist, cannot be "
        "loaded due to missing permissions, or does not support this operation."
    )
    return refusal(100, words, subcode=33)


def forbidden(permission: str) -> Refusal:
    """Say that a permission is missing."""
    return refusal(10, f"(#10) This endpoint requires the {permission} permission", status=403)


def asked_of(call: Call) -> dict[str, Json]:
    """Give a request's parameters: they may stand in the query, in a form or in JSON."""
    body: Json = None
    if call.headers.get("content-type", "").lower().startswith("application/json"):
        try:
            body = call.json()
        except BadArguments:
            raise invalid("The body is not JSON") from None
    members: dict[str, Json] = {**body} if isinstance(body, dict) else {}
    return {**call.query, **call.form(), **members}


def chosen(
    everything: Mapping[str, Json], wanted: Iterable[str], default: Iterable[str] = ("id",)
) -> dict[str, Json]:
    """Give the fields that were asked for, and always the id. One there is not is an error."""
    names = [one for one in wanted if one] or list(default)
    for name in names:
        if name not in everything:
            raise invalid(f"Tried accessing nonexisting field ({name})")
    kept = {"id", *names}
    return {name: said for name, said in everything.items() if name in kept and said is not None}


def stamp(time: float) -> str:
    """Write a time as the Graph API does."""
    return datetime.fromtimestamp(int(time), UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")

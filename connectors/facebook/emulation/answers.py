"""The shapes that answers share.

https://developers.facebook.com/docs/graph-api/guides/error-handling
"""

from datetime import UTC, datetime

from connector_vault.connector import Json, Reply
from connector_vault.emulator import json_reply

__all__ = ["Refusal", "absent", "denied", "ended", "invalid", "stamp", "upload_failed"]


class Refusal(Exception):
    """Carry an error's reply out of the room that found it."""

    def __init__(self, status: int, code: int, message: str, subcode: int = 0) -> None:
        super().__init__(message)
        error: dict[str, Json] = {"message": message, "type": "OAuthException", "code": code}
        error |= {"error_subcode": subcode} if subcode else {}
        self.reply = json_reply(status, {"error": error | {"fbtrace_id": "AbCdEfGhIjKlMnOpQr"}})


def invalid(message: str, subcode: int = 0) -> Refusal:
    """Say that a parameter is wrong."""
    return Refusal(400, 100, f"(#100) {message}", subcode)


def absent(method: str, node: str) -> Refusal:
    """Say that there is no such thing, for this caller."""
    words = (
        f"Unsupported {method.lower()} request. Object with ID '{node}' does not exist, cannot be "
        "loaded due to missing permissions, or does not support this operation."
    )
    return Refusal(400, 100, words, 33)


def denied(code: int, message: str) -> Refusal:
    """Say that a permission, or a role on the Page, is missing."""
    return Refusal(403, code, f"(#{code}) {message}")


def ended(subcode: int, message: str) -> Refusal:
    """Say that a token does not live."""
    return Refusal(400, 190, f"Error validating access token: {message}", subcode)


def upload_failed(kind: str, message: str, *, retriable: bool = False) -> Reply:
    """Answer as the host for uploads does."""
    said = {"retriable": retriable, "type": kind, "message": message}
    return json_reply(400, {"debug_info": said})


def stamp(time: float) -> str:
    """Write a time the way the Graph API does."""
    return datetime.fromtimestamp(int(time), UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")

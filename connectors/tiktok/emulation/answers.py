"""The shapes that answers of many kinds share."""

from secrets import token_hex

from connector_vault.connector import Json, Reply
from connector_vault.emulator import json_reply

__all__ = ["Refusal", "oauth_error", "refused", "said"]


class Refusal(Exception):
    """Carry an error's reply out of the room that found it."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def said(data: Json) -> Reply:
    """Answer that all is well, with data."""
    error = {"code": "ok", "message": "", "log_id": _log_id()}
    return json_reply(200, {"data": data, "error": error})


def refused(status: int, code: str, message: str = "") -> Refusal:
    """Say no as the API does: with a nested error, whatever the status."""
    error = {"code": code, "message": message, "log_id": _log_id()}
    return Refusal(json_reply(status, {"data": {}, "error": error}))


def oauth_error(status: int, error: str, description: str) -> Reply:
    """Say no as the addresses for tokens do: flat."""
    words = {"error": error, "error_description": description, "log_id": _log_id()}
    return json_reply(status, words)


def _log_id() -> str:
    return f"20261122{token_hex(12).upper()}"

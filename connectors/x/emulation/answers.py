"""The shapes that answers of many kinds share."""

from datetime import UTC, datetime

from connector_vault.connector import Json, Reply
from connector_vault.emulator import json_reply

__all__ = ["Refusal", "absent", "given", "invalid", "oauth_error", "problem", "stamp"]

_PROBLEMS = "https://api.x.com/2/problems/"


class Refusal(Exception):
    """Carry an error's reply out of the room that found it."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def given(data: Json, status: int = 200, **more: Json) -> Reply:
    """Answer with data."""
    return json_reply(status, {"data": data, **{name: one for name, one in more.items() if one}})


def problem(status: int, title: str, detail: str = "", kind: str = "") -> Refusal:
    """Make a problem of the whole request."""
    said = {
        "title": title,
        "detail": detail or title,
        "type": f"{_PROBLEMS}{kind}" if kind else "about:blank",
        "status": status,
    }
    return Refusal(json_reply(status, said))


def invalid(name: str, value: str, message: str) -> Refusal:
    """Say which parameter is wrong, and how."""
    said = {
        "errors": [{"parameters": {name: [value]}, "message": message}],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": f"{_PROBLEMS}invalid-request",
    }
    return Refusal(json_reply(400, said))


def absent(kind: str, parameter: str, value: str) -> dict[str, Json]:
    """Tell that one of the things asked for is not there."""
    return {
        "value": value,
        "detail": f"Could not find {kind} with {parameter}: [{value}].",
        "title": "Not Found Error",
        "resource_type": kind,
        "parameter": parameter,
        "resource_id": value,
        "type": f"{_PROBLEMS}resource-not-found",
    }


def oauth_error(status: int, error: str, description: str) -> Reply:
    """Answer as the token endpoint does."""
    return json_reply(status, {"error": error, "error_description": description})


def stamp(time: float) -> str:
    """Write a time the way X does."""
    return datetime.fromtimestamp(int(time), UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")

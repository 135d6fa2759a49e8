"""The shapes that answers of many kinds share."""

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime

from connector_vault.connector import Json, Reply

__all__ = [
    "Problem",
    "conflict",
    "missing",
    "problem",
    "restricted",
    "say",
    "stamp",
    "unauthorized",
    "wrong",
]


class Problem(Exception):
    """Carry an error's reply out of the room that found it."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def say(
    value: Mapping[str, Json], status: int = 200, headers: Mapping[str, str] | None = None
) -> Reply:
    """Answer with a JSON value. Each answer has a number, in its headers and in its body."""
    number = str(uuid.uuid4())
    told = {**value, "request_id": number}
    kind = {"content-type": "application/json; charset=utf-8", "x-notion-request-id": number}
    return Reply(status, json.dumps(told, ensure_ascii=False).encode(), {**kind, **(headers or {})})


def problem(
    status: int,
    code: str,
    message: str,
    *,
    more: Mapping[str, Json] | None = None,
    retry_after: int | None = None,
) -> Problem:
    """Make an error in Notion's shape.

    https://developers.notion.com/reference/status-codes
    """
    body: dict[str, Json] = {"object": "error", "status": status, "code": code, "message": message}
    if more:
        body["additional_data"] = {**more}
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    return Problem(say(body, status, headers))


def wrong(message: str) -> Problem:
    """Say that the body does not fit, and where."""
    return problem(400, "validation_error", message)


def missing(kind: str, name: str) -> Problem:
    """Say that there is no such thing, or that it is not shared with the connection."""
    words = f"Could not find {kind} with ID: {name}. Make sure the relevant pages and databases"
    return problem(404, "object_not_found", f"{words} are shared with your integration.")


def restricted(what: str) -> Problem:
    """Say that the connection lacks a capability."""
    words = f"Insufficient permissions for this endpoint: the integration lacks {what}."
    return problem(403, "restricted_resource", words)


def conflict() -> Problem:
    """Say that something else was changed at the same time."""
    return problem(409, "conflict_error", "Conflict occurred while saving. Please try again.")


def unauthorized() -> Problem:
    """Say that the token is none, or has ended."""
    return problem(401, "unauthorized", "API token is invalid.")


def stamp(time: float) -> str:
    """Write a time the way Notion does, to the minute."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:00.000Z")

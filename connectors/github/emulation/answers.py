"""The shapes that answers of many kinds share."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime

from connector_vault.connector import Json, Reply

__all__ = [
    "Problem",
    "bad_request",
    "forbidden",
    "invalid",
    "node",
    "not_found",
    "problem",
    "say",
    "stamp",
    "unsupplied",
]

_DOCS = "https://docs.github.com/rest"


class Problem(Exception):
    """Carry an error's reply out of the room that found it."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def say(value: Json, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """Answer with a JSON value."""
    kind = {"content-type": "application/json; charset=utf-8"}
    return Reply(
        status, json.dumps(value, ensure_ascii=False).encode(), {**kind, **(headers or {})}
    )


def problem(status: int, message: str, **more: Json) -> Problem:
    """Make an error in GitHub's shape."""
    body = {"message": message, **more, "documentation_url": _DOCS, "status": str(status)}
    return Problem(say(body, status))


def bad_request(message: str) -> Problem:
    """Say that the body cannot be read."""
    return problem(400, message)


def not_found() -> Problem:
    """Say that there is no such thing, or none that this token may know of."""
    return problem(404, "Not Found")


def forbidden(message: str) -> Problem:
    """Say that this person may not do that."""
    return problem(403, message)


def unsupplied(name: str) -> Problem:
    """Say that a parameter is missing, as the endpoints that check a schema do."""
    return problem(422, f'Invalid request.\n\n"{name}" wasn\'t supplied.')


def invalid(resource: str, field: str, code: str, message: str | None = None) -> Problem:
    """Say which field of the body is wrong, and how.

    https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
    """
    error = {"resource": resource, "field": field, "code": code}
    said = {} if message is None else {"message": message}
    return problem(422, "Validation Failed", errors=[{**error, **said}])


def stamp(time: float | None) -> str | None:
    """Write a time the way GitHub does, to the second."""
    if time is None:
        return None
    return datetime.fromtimestamp(int(time), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def node(kind: str, number: int | str) -> str:
    """Make a GraphQL id: opaque, and different for each kind of thing."""
    return base64.b64encode(f"{kind}:{number}".encode()).decode()

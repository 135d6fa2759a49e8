"""The one tool of a configured service: a request, limited to what its configuration allows."""

import json
from collections.abc import Mapping, Sequence
from typing import Literal

from connector_vault.connector import (
    Api,
    Connector,
    Json,
    RateLimited,
    Reconnect,
    Refused,
    Reply,
    Request,
    retry_after,
)
from connector_vault.connector.parts import Function, Tool

__all__ = ["STAND_IN", "answer", "field_of", "request_tool"]

Method = Literal["DELETE", "GET", "PATCH", "POST", "PUT"]

_MAX_WORDS = 200
"""Characters of what a service says when it refuses."""


def request_tool(title: str, allowed: Sequence[str]) -> Function:
    """Make the tool of a service: its docstring says what is allowed."""

    async def request(
        api: Api,
        method: Method,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Json = None,
    ) -> Json:
        return await api.send(Request(method, path, query=query or {}, json=body))

    request.__doc__ = "\n".join(
        (
            f"Send one request to {title}, and give its answer: JSON, or text if it is none.",
            "",
            "The credential is put on by itself. `path` begins with a slash, and has no query:",
            "that is given as `query`. `body` is sent as JSON. A change is never repeated.",
            "Only this is allowed, {} being any one part of a path and * any path below:",
            *(f"- {one}" for one in allowed),
        )
    )
    return request


def answer(reply: Reply) -> Json:
    """Give what a reply says, or raise the error its status names, in the service's own words."""
    said = _said(reply)
    if reply.status == 401:
        raise Reconnect("401")
    if reply.status == 429:
        raise RateLimited(retry_after(reply))
    if reply.status >= 300:
        raise Refused(str(reply.status), _words(said))
    return said


def field_of(said: Json, name: str | int) -> Json:
    """Give a field of an object, or an item of a list. None: there is none."""
    try:
        return None if isinstance(said, str) else said[name]
    except (LookupError, TypeError):
        return None


def _said(reply: Reply) -> Json:
    text = reply.body.decode(errors="replace")
    try:
        return json.loads(text or "null")
    except (RecursionError, ValueError):
        return text


def _words(said: Json) -> str:
    """Find the message in an error: RFC 9457, OAuth and most others have one of these."""
    for name in ("error", "errors", 0, "message", "detail", "error_description", "title"):
        said = field_of(said, name) or said
    text = said if isinstance(said, str) else ""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())[:_MAX_WORDS]


connector = Connector(
    name="service",
    title="this service",
    api="https://service.invalid",
    tools=(
        Tool(
            function=request_tool("this service", ()),
            scopes=frozenset(),
            effect="writes",
            timeout=60,
        ),
    ),
    answer=answer,
)
"""Stands for every service in a worker, which is told where the service is with each call."""

STAND_IN = (__name__, "connector")

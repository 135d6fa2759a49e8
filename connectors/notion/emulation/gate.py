"""The gate of the API: who asks, in which version, how often, and what goes wrong on purpose."""

from collections.abc import Sequence
from dataclasses import replace

from connector_vault.connector import Json, Reply

from .answers import Problem, problem, unauthorized, wrong
from .asked import VERSIONS, Asked, Handler
from .hub import Hub

__all__ = ["admit", "check_version"]

_QUESTIONS = ("POST /v1/search", "POST /v1/data_sources")
"""What is sent by POST and changes nothing."""


def admit(hub: Hub, asked: Asked, path: str, handler: Handler | None) -> Reply:
    """Answer a request, or say why not. Without a handler there is nothing at that address."""
    try:
        asked = _identified(hub, asked)
        check_version(asked)
        plan = hub.person(asked.bot).workspace.plan
        hub.limits.count(asked.bot.id, plan, asked.now)
        if handler is None:
            raise problem(400, "invalid_request_url", "Invalid request URL.")
        reply = handler(hub, asked)
    except Problem as found:
        return found.reply
    question = asked.method == "GET" or f"{asked.method} {path}".startswith(_QUESTIONS)
    return reply if question or not hub.failing else _failed(hub, reply)


def check_version(asked: Asked, known: Sequence[str] = VERSIONS) -> None:
    """Let only a request pass that names a version that is played.

    https://developers.notion.com/reference/versioning
    """
    said = asked.headers.get("notion-version")
    if said is None:
        words = "Notion-Version header should be defined, instead was `undefined`."
        raise problem(400, "missing_version", f"Notion-Version header failed validation: {words}")
    if said not in known:
        raise wrong(f"Notion-Version header should be one of {', '.join(known)}.")


def _identified(hub: Hub, asked: Asked) -> Asked:
    scheme, _, access = asked.headers.get("authorization", "").partition(" ")
    token = hub.grants.live(access.strip(), asked.now) if scheme.lower() == "bearer" else None
    if token is None:
        raise unauthorized()
    return replace(asked, token=token, app=hub.grants.apps[token.bot.app])


def _failed(hub: Hub, reply: Reply) -> Reply:
    """Say that Notion failed, after the change was made."""
    made = reply.json()
    more: dict[str, Json] = {
        "retry_guidance": "The change was saved. Read it instead of repeating the request."
    }
    if "results" in made:
        more["committed_child_ids"] = [one["id"] for one in made["results"]]
    elif made.get("object") in ("page", "comment"):
        more["committed_resource_id"] = made["id"]
    wait = hub.failing.pop(0)
    words = "Notion is unavailable. Try again later."
    return problem(503, "service_unavailable", words, more=more, retry_after=wait).reply

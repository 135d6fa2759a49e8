"""What Notion's answers mean.

Errors  https://developers.notion.com/reference/status-codes
Limits  https://developers.notion.com/reference/request-limits
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connector_vault.connector import (
    Account,
    Json,
    OutcomeUnknown,
    RateLimited,
    Reconnect,
    Refused,
    Reply,
    read,
    retry_after,
)

__all__ = ["Failing", "account", "answer", "token_sets"]

_CODES = {
    400: "invalid_request",
    403: "restricted_resource",
    404: "object_not_found",
    409: "conflict_error",
    413: "too_large",
    500: "internal_server_error",
    502: "bad_gateway",
    503: "service_unavailable",
    504: "gateway_timeout",
}
"""Where an answer names none: a proxy in between speaks HTML."""

_BLOCKED = "public_api_request_blocked"
"""A 429 with this reason is a refusal that waiting does not end."""

_FAILED = (500, 502, 503, 504)
_OVERLOADED = 529

_MAX_MESSAGE = 300
"""Characters of an error's text that are passed on."""

_MAX_DIGITS = 9
"""Digits of a pause in seconds."""

_COMMITTED = ("committed_resource_id", "committed_child_ids", "retry_guidance")
"""What a 503 to a change says if the change was, or may have been, made all the same."""


class Failing(RateLimited):
    """Say that Notion failed, and when to come back: whether a change was made is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Problem:
    code: str = ""
    message: str = ""
    additional_data: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Person:
    id: str
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Owner:
    user: _Person | None = None
    """None: the workspace itself, as with an internal connection's token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bot:
    owner: _Owner = field(default_factory=_Owner)
    workspace_id: str | None = None
    workspace_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Me:
    id: str
    name: str | None = None
    bot: _Bot = field(default_factory=_Bot)


def answer(reply: Reply) -> Json:
    """Give what a reply says, or raise what it means.

    Raises:
        Reconnect: the token is dead.
        RateLimited: Notion wants a pause, or is overloaded; `Failing`: it failed.
        OutcomeUnknown: it failed, and says that a change may have been made.
        Refused: anything else; code and message are Notion's.
    """
    if reply.status < 300:
        return reply.json()
    if reply.status == 401:
        raise Reconnect("401")
    problem = _problem(reply)
    more = problem.additional_data or {}
    if reply.status in (429, _OVERLOADED) and more.get("rate_limit_reason") != _BLOCKED:
        raise RateLimited(_pause(reply, more))
    if reply.status in _FAILED:
        raise _failed(reply, more)
    raise Refused(_code(reply, problem, more), _line(problem.message))


def account(reply: Reply) -> Account:
    """Read whose token it is from GET /v1/users/me.

    A person in a workspace stays the same; the bot stands for what they granted, and another one
    may take its place when they remove the connection and make it again. A token that belongs to
    a workspace, or an answer that does not name both, leaves the bot alone.

    https://developers.notion.com/reference/get-self
    """
    me = read(_Me, answer(reply))
    person, workspace = me.bot.owner.user, me.bot.workspace_id
    names = (me.bot.workspace_name, person.name if person else me.name)
    known = f"{workspace}:{person.id}" if person and workspace else me.id
    return Account(id=known, grant=me.id, label=", ".join(filter(None, names)))


def token_sets(reply: Reply) -> Sequence[Json]:
    """Read the token endpoint's answer in the words of RFC 6749.

    Notion's guide has errors in `error`, its reference in `code` and `message`: both are read.

    https://developers.notion.com/reference/create-a-token
    """
    said = json.loads(reply.body)
    if not isinstance(said, dict):
        return ()
    fields: dict[str, Json] = {**said}
    if "access_token" in fields:
        return (fields,)
    fields["error"] = fields.get("error") or fields.get("code")
    fields["error_description"] = fields.get("error_description") or fields.get("message")
    return (fields,)


def _problem(reply: Reply) -> _Problem:
    try:
        return read(_Problem, reply.json())
    except Refused:
        return _Problem()


def _code(reply: Reply, problem: _Problem, more: Mapping[str, Json]) -> str:
    if more.get("rate_limit_reason") == _BLOCKED:
        return _BLOCKED
    code = "".join(letter for letter in problem.code[:64] if letter.isalnum() or letter == "_")
    return code or _CODES.get(reply.status, str(reply.status))


def _failed(reply: Reply, more: Mapping[str, Json]) -> Exception:
    told = {name: more[name] for name in _COMMITTED if more.get(name)}
    if not told:
        return Failing(_pause(reply, more))
    words = "; ".join(f"{name}: {_words(said)}" for name, said in told.items())
    line = f"Notion answered {reply.status} to a change it may have made ({words})"
    return OutcomeUnknown(f"{_line(line)}: look before repeating it")


def _words(said: Json) -> str:
    if not isinstance(said, list):
        return str(said)
    parts: list[Json] = [*said]
    return ", ".join(map(str, parts))


def _pause(reply: Reply, more: Mapping[str, Json]) -> float:
    # The body repeats the header, which a proxy may have taken off.
    said = str(more.get("retry_after", ""))
    if "retry-after" not in reply.headers and said.isdecimal() and len(said) <= _MAX_DIGITS:
        return retry_after(Reply(reply.status, headers={"retry-after": said}))
    return retry_after(reply)


def _line(text: str) -> str:
    plain = "".join(letter if letter.isprintable() else " " for letter in text[:2000])
    return " ".join(plain.split())[:_MAX_MESSAGE]

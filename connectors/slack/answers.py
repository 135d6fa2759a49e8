"""What Slack's answers mean. Nearly all have status 200: `ok` says whether it was done.

Errors  https://docs.slack.dev/apis/web-api/#responses
Limits  https://docs.slack.dev/apis/web-api/rate-limits
"""

import json
import re
from dataclasses import dataclass

from connector_vault.connector import (
    Account,
    Json,
    RateLimited,
    Reconnect,
    Refused,
    Reply,
    Unreachable,
    read,
    retry_after,
)

__all__ = ["DEAD", "LATER", "Failed", "account", "answer", "error_of", "flag", "stale"]

DEAD = frozenset(
    {"account_inactive", "invalid_auth", "not_authed", "token_expired", "token_revoked"},
)
"""The token has ended. Slack also says `invalid_auth` where an allow-list of addresses keeps us
out, so that a connection behind one can look dead."""

LATER = frozenset({"rate_limited", "ratelimited"})

_AWAY = frozenset(
    {"org_login_required", "request_timeout", "service_unavailable", "team_added_to_org"},
)
"""Nothing was done. A workspace that moves into an Enterprise organisation is away until it is
there; `request_timeout` is a body that did not arrive whole."""

_FAILED = frozenset({"fatal_error", "internal_error"})
"""Slack: some of it may have been done before the error."""

_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")

_MAX_MESSAGE = 300
"""Characters of an error's text that are passed on."""


class Failed(Unreachable):
    """Say that Slack failed while it worked: whether anything was done is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Metadata:
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Problem:
    error: str = ""
    needed: str = ""
    provided: str = ""
    response_metadata: _Metadata | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Whose:
    user_id: str = ""
    team_id: str = ""
    user: str = ""
    team: str = ""
    enterprise_id: str | None = None
    is_enterprise_install: bool = False


def answer(reply: Reply) -> Json:
    """Give what a reply says, or raise what it means.

    A 200 that is no JSON is None: the host for uploads answers in plain text.

    Raises:
        Reconnect: the token is dead.
        RateLimited: Slack wants a pause.
        Failed: whether it was done is open.
        Unreachable: nothing was done.
        Refused: anything else; the code is Slack's.
    """
    if reply.status == 429 or (reply.status == 503 and "retry-after" in reply.headers):
        raise RateLimited(retry_after(reply))
    said = _object(reply)
    if "ok" in said and said["ok"] is not True:
        raise _explained(reply, said)
    if reply.status < 300 and "ok" in said:
        return said
    if reply.status < 300 and not _is_json(reply):
        return None
    raise _unusable(reply)


def stale(reply: Reply) -> bool:
    """Tell whether a 200 says that an access token of twelve hours has ended."""
    return b"token_expired" in reply.body and error_of(reply) == "token_expired"


def error_of(reply: Reply) -> str:
    """Give the code of the error a reply names. Empty: it names none."""
    said = _object(reply)
    if said.get("ok") is not False:
        return ""
    code = said.get("error")
    return code if isinstance(code, str) and _CODE.fullmatch(code) else "unreadable_error"


def flag(reply: Reply, name: str) -> bool:
    """Tell whether a reply says true at this name."""
    return _object(reply).get(name) is True


def account(reply: Reply) -> Account:
    """Read whose token it is from auth.test: a person's in a workspace, or a bot's.

    Without rotation, revoking one token ends what the workspace authorised, so that all
    connections to it hang together; those of an organisation's installation, by organisation.

    https://docs.slack.dev/reference/methods/auth.test
    """
    whose = read(_Whose, answer(reply) or {})
    home = (whose.enterprise_id or "") if whose.is_enterprise_install else ""
    home = home or whose.team_id
    if not home or not whose.user_id:
        raise Unreachable("Slack did not say whose account it is: try again")
    listed = reply.headers.get("x-oauth-scopes", "").replace(",", " ").split()
    return Account(
        id=f"{home}/{whose.user_id}",
        grant=home,
        label=" in ".join(filter(None, (whose.user, whose.team))),
        scopes=frozenset(listed) or None,
    )


def _object(reply: Reply) -> dict[str, Json]:
    """Decode a reply. What is no JSON object is an empty one."""
    try:
        said = json.loads(reply.body)
    except (RecursionError, ValueError):
        return {}
    return {**said} if isinstance(said, dict) else {}


def _is_json(reply: Reply) -> bool:
    try:
        json.loads(reply.body)
    except (RecursionError, ValueError):
        return False
    return True


def _unusable(reply: Reply) -> Exception:
    if reply.status == 401:
        return Reconnect("401")
    if 300 <= reply.status < 500:
        return Refused(str(reply.status))
    return Failed(f"Slack gave no usable answer (HTTP {reply.status})")


def _explained(reply: Reply, said: dict[str, Json]) -> Exception:
    code = error_of(reply) or "unreadable_error"
    if code in DEAD:
        return Reconnect(code)
    if code in LATER:
        return RateLimited(retry_after(reply))
    if code in _AWAY:
        return Unreachable(f"Slack did nothing ({code}): try again in a while")
    if code in _FAILED:
        return Failed(f"Slack failed ({code})")
    return Refused(code, _told(code, said))


def _told(code: str, said: dict[str, Json]) -> str:
    try:
        problem = read(_Problem, said)
    except Refused:
        # What is beside the code has another shape: the code is enough.
        return ""
    words = "; ".join(problem.response_metadata.messages) if problem.response_metadata else ""
    if code == "missing_scope":
        words = f"needs {problem.needed}, has {problem.provided}: connect Slack again with it"
    plain = "".join(letter if letter.isprintable() else " " for letter in words)
    return " ".join(plain.split())[:_MAX_MESSAGE]

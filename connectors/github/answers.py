"""What GitHub's answers mean.

Errors  https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
Limits  https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from connector_vault.connector import (
    Account,
    Json,
    RateLimited,
    Reconnect,
    Refused,
    Reply,
    read,
    retry_after,
)

__all__ = ["account", "answer", "granted"]

_CODES = {
    301: "moved",
    302: "moved",
    307: "moved",
    308: "moved",
    400: "bad_request",
    403: "forbidden",
    404: "not_found",
    405: "not_mergeable",
    409: "conflict",
    410: "gone",
    413: "too_large",
    422: "validation_failed",
    451: "legally_blocked",
    500: "server_error",
    502: "server_error",
    503: "unavailable",
    504: "server_error",
}
"""Only a merge answers 405. A redirect means that the repository has a new name. 404 is also said
of what the account may not see."""

_MAX_MESSAGE = 300
"""Characters of an error's text that are passed on."""

_LEAST_PAUSE = 60.0
"""Seconds, where GitHub says "later" but not when: what it asks for after a secondary limit."""

_MAX_DIGITS = 12
"""Digits of a time in seconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fault:
    field: str | None = None
    code: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Problem:
    message: str = ""
    errors: tuple[_Fault | str, ...] | str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _User:
    id: int
    login: str


def answer(reply: Reply) -> Json:
    """Give what a reply says, or raise what it means.

    Raises:
        Reconnect: the token is dead.
        RateLimited: GitHub wants a pause.
        Refused: anything else; the message is GitHub's, with the fields it found wrong.
    """
    if reply.status < 300:
        return reply.json()
    if reply.status == 401:
        raise Reconnect("401")
    problem = _problem(reply)
    pause = _pause(reply, problem)
    if pause is not None:
        raise RateLimited(pause)
    raise Refused(_code(reply), _told(problem))


def account(reply: Reply) -> Account:
    """Read whose token it is from GET /user. The login may change, the id never does.

    The header is empty or absent for tokens that know no scopes (GitHub Apps, fine-grained ones),
    so without a scope in it nothing is known.

    https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
    """
    user = read(_User, answer(reply))
    listed = reply.headers.get("x-oauth-scopes", "").replace(",", " ").split()
    return Account(id=str(user.id), label=user.login, scopes=frozenset(listed) or None)


def granted(access: str, scopes: frozenset[str]) -> frozenset[str] | None:
    """Tell a grant without scopes (`gho_`) from a GitHub App's, which has permissions instead."""
    return scopes if scopes or access.startswith("gho_") else None


def _problem(reply: Reply) -> _Problem:
    try:
        return read(_Problem, reply.json())
    except Refused:
        # A proxy in between answers in HTML, and some errors have no body: the status is enough.
        return _Problem()


def _code(reply: Reply) -> str:
    # The header's value holds a link that signs somebody in: only that it is there is told.
    if "x-github-sso" in reply.headers:
        return "sso_required"
    return _CODES.get(reply.status, str(reply.status))


def _told(problem: _Problem) -> str:
    errors = problem.errors or ()
    faults = [errors] if isinstance(errors, str) else [_fault(error) for error in errors]
    text = ": ".join(filter(None, (problem.message, "; ".join(faults))))
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(plain.split())[:_MAX_MESSAGE]


def _fault(error: _Fault | str) -> str:
    if isinstance(error, str):
        return error
    return " ".join(filter(None, (error.field, error.message or error.code)))


def _pause(reply: Reply, problem: _Problem) -> float | None:
    asked = retry_after(reply) if "retry-after" in reply.headers else None
    if reply.status not in (403, 429):
        return asked if reply.status == 503 else None
    if reply.headers.get("x-ratelimit-remaining") == "0":
        return max(_until_reset(reply), asked or 0.0)
    if asked is None and (reply.status == 429 or "secondary rate limit" in problem.message.lower()):
        return _LEAST_PAUSE
    return asked


def _until_reset(reply: Reply) -> float:
    # By GitHub's own clock: ours may be wrong, and this function has none.
    reset = reply.headers.get("x-ratelimit-reset", "")
    if not reset.isdecimal() or len(reset) > _MAX_DIGITS:
        return _LEAST_PAUSE
    try:
        now = parsedate_to_datetime(reply.headers.get("date", ""))
    except (TypeError, ValueError):
        return _LEAST_PAUSE
    return max(1.0, int(reset) - now.timestamp())

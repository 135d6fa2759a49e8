"""What X's answers mean.

Errors  https://docs.x.com/x-api/fundamentals/response-codes-and-errors
Limits  https://docs.x.com/x-api/fundamentals/rate-limits
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

__all__ = ["Problem", "account", "answer", "code_of", "fields_of", "told"]

_CODES = {
    400: "invalid_request",
    402: "usage_capped",
    403: "forbidden",
    404: "resource_not_found",
    409: "conflict",
    413: "too_large",
    500: "server_error",
    502: "server_error",
    503: "unavailable",
    504: "server_error",
}
"""For problems that name no type of their own. X answers 402 when the credits are used up."""

_CAPPED = "usage_capped"

_LIMITS = ("x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour")
"""Beginnings of the headers that tell what is left: in 15 minutes, and in a day."""

_MAX_MESSAGE = 300
"""Characters of an error's text that are passed on."""

_LEAST_PAUSE = 60.0
"""Seconds, where X says "later" but not when."""

_MAX_DIGITS = 12
"""Digits of a time in seconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What X says is wrong: with a whole request, or with one of the things asked for."""

    type: str = ""
    title: str = ""
    detail: str = ""
    message: str = ""
    resource_id: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    type: str = ""
    title: str = ""
    detail: str = ""
    reason: str = ""
    errors: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _User:
    id: str
    username: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Me:
    data: _User


def answer(reply: Reply) -> Json:
    """Give what a reply says, or raise what it means.

    A status of 200 is no success by itself: a post that is gone is told with 200 and `errors`
    alone. Where there is `data` beside them, both are given.

    Raises:
        Reconnect: the token is dead.
        RateLimited: X wants a pause.
        Refused: anything else; the message is X's. Credits that are used up are `usage_capped`:
            waiting does not bring them back.
    """
    if reply.status < 300:
        return _said(reply)
    if reply.status == 401:
        raise Reconnect("401")
    problem = _problem(reply)
    code = code_of(problem.type) or _CODES.get(reply.status, str(reply.status))
    if code == _CAPPED or reply.status == 402:
        raise Refused(_CAPPED, _text(problem))
    if reply.status == 429:
        raise RateLimited(_until_reset(reply))
    if reply.status == 503 and "retry-after" in reply.headers:
        raise RateLimited(retry_after(reply))
    raise Refused(code, _text(problem))


def account(reply: Reply) -> Account:
    """Read whose token it is from GET /2/users/me. The username may change, the id never does."""
    user = read(_Me, answer(reply)).data
    return Account(id=user.id, label=user.username)


def code_of(kind: str) -> str:
    """Give a problem's name from its address: `resource_not_found`. Empty: it has none."""
    if "/problems/" not in kind:
        return ""
    return kind.rpartition("/")[2].replace("-", "_")[:40]


def fields_of(said: Json) -> dict[str, Json]:
    """Give an object's fields. What is no object has none."""
    return {**said} if isinstance(said, dict) else {}


def told(problem: Problem) -> str:
    """Give a problem in one line."""
    return _one_line(problem.detail or problem.message or problem.title)


def _said(reply: Reply) -> Json:
    said = reply.json()
    fields = fields_of(said)
    if not fields.get("errors") or fields.get("data") is not None:
        return said
    first = (*_problem(reply).errors, Problem())[0]
    raise Refused(code_of(first.type) or "refused", told(first))


def _problem(reply: Reply) -> _Answer:
    try:
        return read(_Answer, reply.json())
    except Refused:
        # A proxy in between answers in HTML, and some errors have no body: the status is enough.
        return _Answer()


def _text(problem: _Answer) -> str:
    faults = [told(error) for error in problem.errors]
    return _one_line(": ".join(filter(None, (problem.detail or problem.title, "; ".join(faults)))))


def _one_line(text: str) -> str:
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(plain.split())[:_MAX_MESSAGE]


def _until_reset(reply: Reply) -> float:
    # By X's own clock: ours may be wrong, and this function has none.
    spent = [limit for limit in _LIMITS if reply.headers.get(f"{limit}-remaining") == "0"]
    resets = [_number(reply, f"{limit}-reset") for limit in spent or _LIMITS[:1]]
    try:
        now = parsedate_to_datetime(reply.headers.get("date", "")).timestamp()
    except (TypeError, ValueError):
        now = 0.0
    reset = max(resets)
    return max(1.0, reset - now) if reset and now else _LEAST_PAUSE


def _number(reply: Reply, name: str) -> int:
    said = reply.headers.get(name, "")
    return int(said) if said.isdecimal() and len(said) <= _MAX_DIGITS else 0

"""What answers of Meta's APIs mean.

Errors  https://developers.facebook.com/docs/graph-api/guides/error-handling
Limits  https://developers.facebook.com/docs/graph-api/overview/rate-limiting
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from connector_vault.connector import (
    Json,
    RateLimited,
    Reconnect,
    Refused,
    Reply,
    Unreachable,
    read,
)

from .pauses import pause

__all__ = ["DEAD", "Failed", "Problem", "answer", "errors", "fields_of", "problem_of", "stale"]

DEAD = frozenset({102, 190})
"""The token has ended. Subcodes say why: 458 the person removed the app, 460 changed the password,
463 it expired, 467 it is invalid."""

_LATER = frozenset({4, 17, 32, 341, 368, 613, *range(80001, 80015)})
"""Limits of an app, a person, a Page or a use case, and 368: blocked for a while."""

_FAILED = frozenset({-1, 1, 2})
"""Meta: whether anything was done is open."""

_PERMISSION = frozenset({3, 10, *range(200, 300)})

_CLIENT = frozenset({101, 191})
"""The app, or the address it named, is not known."""

_SPENT_CODES = frozenset({36007, 36009})
"""Subcodes of 100: a code that has expired, or was used."""

_OF_CODES = ("authorization code", "code was not found")
_OF_CLIENTS = ("appsecret_proof", "client secret", "client_secret", "platform app")
"""What errors without a number of their own speak of."""

_NAMES = {
    100: "invalid_parameter",
    506: "duplicate_post",
    803: "not_found",
    1609005: "bad_link",
}
_SUBNAMES = {
    33: "not_found",
    2018278: "outside_window",
}
"""Of subcodes: what does not exist, or may not be seen; a message after the 24 hours."""

_WORDS = re.compile(r"\b(?:ads|business|instagram|pages|public|publish|read)_[a-z_]{3,40}")
"""A permission, in the words of an error."""

_MAX_MESSAGE = 300
"""Characters of an error's text that are passed on."""


class Failed(Unreachable):
    """Say that Meta failed while it worked: whether anything was done is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What an error says."""

    message: str = ""
    code: int = 0
    """0: it has none."""
    error_subcode: int = 0
    error_user_title: str = ""
    error_user_msg: str = ""
    is_transient: bool = False

    @property
    def words(self) -> str:
        """Give its text in one line: the one for people, if there is one."""
        return _one_line(self.error_user_msg or self.message)

    @property
    def number(self) -> str:
        """Give its code, with the subcode if there is one: `190/458`. Empty: it has none."""
        if not self.code:
            return ""
        return f"{self.code}/{self.error_subcode}" if self.error_subcode else f"{self.code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Upload:
    type: str = ""
    message: str = ""
    retriable: bool = False


def answer(reply: Reply) -> Json:
    """Give what a reply says, or raise what it means.

    Raises:
        Reconnect: the token is dead; the reason is Meta's number for it.
        RateLimited: Meta wants a pause.
        Failed: whether it was done is open.
        Unreachable: there is no usable answer.
        Refused: anything else.
    """
    found = problem_of(reply)
    if found is not None:
        _explain(reply, found)
    if reply.status == 401:
        raise Reconnect("401")
    if reply.status == 429:
        raise RateLimited(pause(reply, 0))
    if reply.status >= 500:
        raise Failed(f"Meta gave no usable answer (HTTP {reply.status})")
    if reply.status >= 300:
        raise Refused(str(reply.status))
    return reply.json()


def stale(reply: Reply) -> bool:
    """Tell whether an answer that is no 401 says that the token has ended."""
    found = problem_of(reply) if reply.status == 400 else None
    return found is not None and found.code in DEAD


def errors(reply: Reply) -> dict[str, Json] | None:
    """Give the error of a token endpoint in the words of RFC 6749 §5.2. None: it is no error.

    Of the Graph API an error is an object, Instagram's own endpoint has `error_type` and
    `error_message`. What ended is `invalid_grant`, a client that is wrong `invalid_client`.

    Raises:
        RateLimited: Meta wants a pause.
        ValueError: it is no JSON.
    """
    json.loads(reply.body or b"null")
    found = problem_of(reply)
    if found is None and reply.status < 300:
        return None
    if found is None:
        kind = "server_error" if reply.status >= 500 else "invalid_request"
        return {"error": kind, "error_description": f"HTTP {reply.status}"}
    if found.code in _LATER or reply.status == 429:
        raise RateLimited(pause(reply, found.code))
    words = (found.words, f"({found.number})" if found.number else "")
    return {"error": _grant_error(found), "error_description": " ".join(filter(None, words))}


def problem_of(reply: Reply) -> Problem | None:
    """Read what an answer says is wrong. None: nothing, or nothing that can be read."""
    said = fields_of(reply)
    if "error_type" in said or "error_message" in said:
        # The number beside these is the status again, and none of the Graph API's.
        return Problem(message=str(said.get("error_message", "")))
    if isinstance(said.get("error"), str):
        return Problem(message=str(said.get("error_description") or said["error"]))
    if "error" in said:
        return _read(said["error"])
    if reply.status >= 300 and "debug_info" in said:
        return _of_upload(said["debug_info"])
    return None


def fields_of(reply: Reply) -> dict[str, Json]:
    """Give the fields of the object in an answer. What holds none has none."""
    try:
        said: Json = json.loads(reply.body or b"null")
    except (RecursionError, ValueError):
        return {}
    return {**said} if isinstance(said, dict) else {}


def _explain(reply: Reply, found: Problem) -> NoReturn:
    if found.code in DEAD or (reply.status == 401 and not found.code):
        raise Reconnect(found.number or "401")
    if found.code in _LATER or reply.status == 429:
        raise RateLimited(pause(reply, found.code))
    if found.code in _FAILED or found.is_transient or reply.status >= 500:
        what = " ".join(filter(None, (found.number, found.words)))
        raise Failed(f"Meta failed ({what or reply.status})")
    if found.error_subcode in _SUBNAMES:
        raise Refused(_SUBNAMES[found.error_subcode], found.words)
    if found.code in _PERMISSION:
        raise Refused("permission_missing", _lacking(found))
    raise Refused(_NAMES.get(found.code) or found.number or "refused", found.words)


def _lacking(found: Problem) -> str:
    names = list(dict.fromkeys(_WORDS.findall(found.message)))
    wanted = f"grant {', '.join(names)}" if names else "grant what it needs"
    return f"{wanted} and connect again: {found.words}"[:_MAX_MESSAGE]


def _grant_error(found: Problem) -> str:
    text = found.message.lower()
    if found.code in DEAD or found.error_subcode in _SPENT_CODES or _has(text, _OF_CODES):
        return "invalid_grant"
    if found.code in _CLIENT or _has(text, _OF_CLIENTS):
        return "invalid_client"
    if found.code in _FAILED or found.is_transient:
        return "temporarily_unavailable"
    return "access_denied" if found.code in _PERMISSION else "invalid_request"


def _has(text: str, words: Iterable[str]) -> bool:
    return any(word in text for word in words)


def _of_upload(said: Json) -> Problem:
    try:
        found = read(_Upload, said)
    except Refused:
        return Problem()
    return Problem(message=": ".join(filter(None, (found.type, found.message))))


def _read(said: Json) -> Problem:
    fields: dict[str, Json] = {**said} if isinstance(said, dict) else {}
    try:
        return read(Problem, {name: one for name, one in fields.items() if one is not None})
    except Refused:
        # Of another shape than ever before: the number is what matters.
        code = fields.get("code")
        return Problem(code=code if isinstance(code, int) else 0)


def _one_line(text: str) -> str:
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(plain.split())[:_MAX_MESSAGE]

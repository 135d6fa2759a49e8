"""How many requests a connection may make.

https://developers.notion.com/reference/request-limits
"""

import math
from dataclasses import dataclass, replace

from .answers import Problem, problem

__all__ = ["Limits"]

_WINDOW = 60
"""Seconds."""

_MOST = {"free": 180, "business": 600}
"""Requests in a window, by the workspace's plan."""

_OWN = "public_api_request_rate_limit"
_BLOCKED = "public_api_request_blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    left: int
    ends: float
    reason: str = _OWN


class Limits:
    """The windows of all bots."""

    def __init__(self) -> None:
        self._windows: dict[str, _Window] = {}

    def count(self, bot: str, plan: str, now: float) -> None:
        """Count one request, or raise what says that it is one too many."""
        window = self._windows.get(bot)
        if window is None or now >= window.ends:
            window = _Window(left=_MOST[plan], ends=now + _WINDOW)
        if window.left <= 0:
            raise _too_many(window, now)
        self._windows[bot] = replace(window, left=window.left - 1)

    def leave(self, bot: str, left: int, seconds: float, reason: str, now: float) -> None:
        """Begin a window in which only so many requests are left, for this reason."""
        self._windows[bot] = _Window(left=left, ends=now + seconds, reason=reason or _OWN)


def _too_many(window: _Window, now: float) -> Problem:
    more = {"rate_limit_reason": window.reason}
    if window.reason == _BLOCKED:
        words = "This request is blocked. Do not retry it."
        return problem(429, "rate_limited", words, more=more)
    wait = max(1, math.ceil(window.ends - now))
    words = "You have been rate limited. Please try again in a few minutes."
    more["retry_after"] = str(wait)
    return problem(429, "rate_limited", words, more=more, retry_after=wait)

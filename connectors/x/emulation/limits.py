"""How many requests are left to whom.

https://docs.x.com/x-api/fundamentals/rate-limits
"""

from dataclasses import dataclass, replace

__all__ = ["Limits", "Window"]

_LENGTH = 900
"""Seconds of a window."""

_MOST = {
    "POST /2/tweets": 100,
    "DELETE /2/tweets/{}": 50,
    "GET /2/users/{}/tweets": 900,
    "GET /2/users/{}/mentions": 300,
    "GET /2/tweets/search/recent": 300,
    "GET /2/users/me": 75,
    "GET /2/tweets": 900,
    "GET /2/tweets/{}": 900,
}
_MOST_ELSE = 500
"""Requests in a window, of one person by one app."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What somebody may still ask until `reset`."""

    limit: int
    used: int
    reset: int
    """Seconds since 1970 UTC."""

    @property
    def headers(self) -> dict[str, str]:
        return {
            "x-rate-limit-limit": str(self.limit),
            "x-rate-limit-remaining": str(max(0, self.limit - self.used)),
            "x-rate-limit-reset": str(self.reset),
        }


class Limits:
    """The windows of everybody, one for each route."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], Window] = {}

    def window(self, who: str, route: str, now: float) -> Window:
        """Look at somebody's window."""
        window = self._windows.get((who, route))
        if window is not None and now < window.reset:
            return window
        return Window(limit=_MOST.get(route, _MOST_ELSE), used=0, reset=int(now) + _LENGTH)

    def count(self, who: str, route: str, now: float) -> bool:
        """Count one request. False: it is one too many."""
        window = self.window(who, route, now)
        if window.used >= window.limit:
            return False
        self._windows[who, route] = replace(window, used=window.used + 1)
        return True

    def leave(self, who: str, route: str, remaining: int, now: float) -> None:
        """Begin a window in which only so many requests are left."""
        whole = replace(self.window(who, route, now), reset=int(now) + _LENGTH)
        self._windows[who, route] = replace(whole, used=whole.limit - remaining)

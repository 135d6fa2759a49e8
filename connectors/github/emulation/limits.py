"""How many requests are left to whom: a person by login, an app by its id.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from dataclasses import dataclass, replace

__all__ = ["Limits", "Window", "resource_of"]

_LENGTH = {"core": 3600, "search": 60, "code_search": 60}
"""Seconds of a window."""

_MOST = {"core": 5000, "search": 30, "code_search": 10}
"""Requests in a window, with a token."""

_MOST_UNKNOWN = {"core": 60, "search": 10, "code_search": 0}
"""Requests in a window, without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What somebody may still ask until `reset`."""

    resource: str
    limit: int
    used: int
    reset: int
    """Seconds since 1970 UTC."""

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)

    @property
    def headers(self) -> dict[str, str]:
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-used": str(self.used),
            "x-ratelimit-reset": str(self.reset),
            "x-ratelimit-resource": self.resource,
        }


class Limits:
    """The windows of everybody; who does not say who asks has an empty name."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], Window] = {}
        self._paused: dict[str, float] = {}

    def window(self, login: str, resource: str, now: float) -> Window:
        """Look at somebody's window."""
        window = self._windows.get((login, resource))
        if window is not None and now < window.reset:
            return window
        most = _MOST if login else _MOST_UNKNOWN
        reset = int(now) + _LENGTH[resource]
        return Window(resource=resource, limit=most[resource], used=0, reset=reset)

    def count(self, login: str, resource: str, now: float) -> bool:
        """Count one request. False: it is one too many."""
        window = self.window(login, resource, now)
        if window.remaining == 0:
            self._windows[login, resource] = window
            return False
        self._windows[login, resource] = replace(window, used=window.used + 1)
        return True

    def leave(self, login: str, resource: str, remaining: int, now: float) -> None:
        """Begin a window in which only so many requests are left."""
        whole = replace(self.window(login, resource, now), reset=int(now) + _LENGTH[resource])
        self._windows[login, resource] = replace(whole, used=whole.limit - remaining)

    def pause(self, login: str, seconds: float, now: float) -> None:
        """Begin a secondary limit."""
        self._paused[login] = now + seconds

    def paused(self, login: str, now: float) -> float:
        """Give the seconds that are left of a secondary limit; 0 if there is none."""
        return max(0.0, self._paused.get(login, 0.0) - now)


def resource_of(path: str) -> str:
    """Tell which limit a path falls under."""
    if path.startswith("/search/code"):
        return "code_search"
    return "search" if path.startswith("/search/") else "core"

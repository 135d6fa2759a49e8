"""How often an app may ask in a workspace, for each method.

https://docs.slack.dev/apis/web-api/rate-limits
"""

from dataclasses import dataclass
from math import ceil

__all__ = ["HISTORY", "Limits"]

HISTORY = frozenset({"conversations.history", "conversations.replies"})

_MINUTE = 60.0


@dataclass(slots=True, kw_only=True)
class _Window:
    ends: float
    count: int = 0


class Limits:
    """The calls of the last minute, and pauses that were asked for."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], _Window] = {}
        self._paused: dict[str, tuple[float, int]] = {}

    def count(self, who: str, method: str, most: int, now: float) -> int:
        """Count one call. Gives the seconds to wait if it is one too many, else 0."""
        window = self._windows.get((who, method))
        if window is None or now >= window.ends:
            window = self._windows[who, method] = _Window(ends=now + _MINUTE)
        if window.count >= most:
            return max(1, ceil(window.ends - now))
        window.count += 1
        return 0

    def pause(self, method: str, seconds: float, status: int, now: float) -> None:
        """Refuse a method to everybody for so many seconds, with this status."""
        self._paused[method] = (now + seconds, status)

    def paused(self, method: str, now: float) -> tuple[int, int]:
        """Give the seconds that are left of a pause, and the status it is told with."""
        until, status = self._paused.get(method, (0.0, 429))
        return max(0, ceil(until - now)), status

"""How often an account may be asked about, in a minute.

https://developers.tiktok.com/doc/tiktok-api-v2-rate-limit
"""

__all__ = ["Limits"]

_LENGTH = 60.0
"""Seconds of a window."""

_MOST = {
    "POST /v2/post/publish/creator_info/query/": 20,
    "POST /v2/post/publish/video/init/": 6,
    "POST /v2/post/publish/inbox/video/init/": 6,
    "POST /v2/post/publish/content/init/": 6,
    "POST /v2/post/publish/status/fetch/": 30,
}
_MOST_ELSE = 600


class Limits:
    """The windows of everybody, one for each route."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}
        """When it began, and how often was asked since."""

    def count(self, who: str, route: str, now: float) -> bool:
        """Count one request. False: it is one too many."""
        begun, used = self._windows.get((who, route), (now, 0))
        if now >= begun + _LENGTH:
            begun, used = now, 0
        self._windows[who, route] = (begun, used + 1)
        return used < _MOST.get(route, _MOST_ELSE)

    def spend(self, who: str, route: str, now: float) -> None:
        """Begin a window in which nothing is left."""
        self._windows[who, route] = (now, _MOST.get(route, _MOST_ELSE))

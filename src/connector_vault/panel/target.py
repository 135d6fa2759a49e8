"""What a request asks for, where it is said with the name of the host before it.

RFC 9112, section 3.2.2
"""

import re
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["absolute"]

_WHOLE = re.compile(rb"https?://([^/]*)(/.*)?", re.IGNORECASE | re.DOTALL)
"""Who is asked, and for what."""


def absolute(site: ASGIApp) -> ASGIApp:
    """Take targets in absolute form too, for a site that nothing else stands before."""

    async def take(scope: Scope, receive: Receive, send: Send) -> None:
        found = _WHOLE.fullmatch(scope.get("raw_path", b""))
        await site(_at(scope, found[1], found[2] or b"/") if found else scope, receive, send)

    return take


def _at(scope: Scope, host: bytes, raw_path: bytes) -> Scope:
    # The target's host replaces the header's: the guard must judge the one that counts.
    others = [(name, value) for name, value in scope["headers"] if name != b"host"]
    path = unquote(raw_path.decode("ascii"))
    return {**scope, "path": path, "raw_path": raw_path, "headers": [(b"host", host), *others]}

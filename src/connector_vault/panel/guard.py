"""What is refused before anybody asks who is there."""

import re
from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connector_vault.panel.answers import refusal

__all__ = ["Guard"]

_SAFE = ("GET", "HEAD", "OPTIONS")
_OURS = ("same-origin", "none")
"""A page of this very site; or no page at all, but a person who typed the address."""

_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]{0,5})?")
"""A name or an address, and perhaps a port (RFC 9110, section 7.2). Nobody's name holds more."""


class Guard:
    """Lets through what came to one of our names, and from no page but our own.

    Bodies are not read: nothing here takes one.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] | None = None) -> None:
        self._app = app
        self._hosts = None if hosts is None else {_plain(host) for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Cache-Control"] = "no-store"
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        refused = self._refused(scope["method"], Headers(scope=scope))
        await (refused or self._app)(scope, receive, answer)

    def _refused(self, method: str, headers: Headers) -> Response | None:
        # A name that a stranger's page made point at this machine is refused (DNS rebinding).
        if self._hosts is not None and _host(headers) not in self._hosts:
            return refusal(421, "Misdirected", "this does not answer to the name in Host")
        if method not in _SAFE and not _is_from_here(headers):
            words = "a page of another site may not ask for this: ask from your own server"
            return refusal(403, "NotAllowed", words)
        return None


def _host(headers: Headers) -> str | None:
    given = headers.getlist("host")
    found = _HOST.fullmatch(given[0]) if len(given) == 1 else None
    return _plain(found[1] or found[2]) if found else None


def _plain(host: str) -> str:
    # The dot at its end only says that a name is whole.
    return host.lower().removesuffix(".")


def _is_from_here(headers: Headers) -> bool:
    # A browser sends somebody's cookies along, whoever made the page. What it says of the page it
    # says in these headers, which no page can write; other programs send neither.
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in _OURS
    origin = headers.get("origin")
    return origin is None or origin.partition("://")[2].lower() == headers.get("host", "").lower()

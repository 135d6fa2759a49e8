"""Agreeing: what an app asks for, and the way back to it.

https://developers.notion.com/guides/get-started/authorization
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from connector_vault.connector import Reply

from .grants import App, Code
from .hub import Hub

__all__ = ["Asking", "agree", "ask", "decline"]

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What an app asks somebody to agree to."""

    app: App
    redirect_uri: str
    named: bool
    """Whether the address named it: then the exchange has to name it too."""
    state: str = field(repr=False)


def ask(hub: Hub, query: Mapping[str, str]) -> Asking | Reply:
    """Read what an app asks for. A reply says why it may not: nobody is sent anywhere then."""
    app = hub.grants.apps.get(query.get("client_id", ""))
    if app is None:
        return _page("Missing or invalid client_id.")
    if query.get("response_type") != "code" or query.get("owner") != "user":
        return _page("Missing or invalid response_type or owner.")
    address = query.get("redirect_uri", "")
    if not address and len(app.redirect_uris) > 1:
        return _page("Missing redirect_uri: this integration has several.")
    if address and not _registered(app, address):
        return _page("Missing or invalid redirect_uri.")
    return Asking(
        app=app,
        redirect_uri=address or next(iter(app.redirect_uris)),
        named=bool(address),
        state=query.get("state", ""),
    )


def agree(hub: Hub, asking: Asking, login: str, now: float) -> Reply:
    """Let somebody agree and pick their pages: back to the app, with a code."""
    person = hub.people[login]
    code = Code(
        app=asking.app.id,
        login=login,
        redirect_uri=asking.redirect_uri if asking.named else "",
        pages=hub.top(person.workspace) if hub.picks is None else hub.picks,
        born=now,
    )
    return _back(asking, code=hub.grants.agree(code))


def decline(asking: Asking) -> Reply:
    """Let somebody say no: back to the app, with an error."""
    return _back(asking, error="access_denied")


def _registered(app: App, address: str) -> bool:
    try:
        place = urlsplit(address)
        host = place.hostname
    except ValueError:
        return False
    if not address.isascii() or not address.isprintable():
        return False
    near = place.scheme == "http" and host in _LOOPBACK and "@" not in place.netloc
    return address in app.redirect_uris or (app.loopback and near)


def _back(asking: Asking, **said: str) -> Reply:
    query = urlencode({**said, "state": asking.state} if asking.state else said)
    joint = "&" if "?" in asking.redirect_uri else "?"
    headers = {"location": f"{asking.redirect_uri}{joint}{query}", "cache-control": "no-store"}
    return Reply(302, b"", headers)


def _page(words: str) -> Reply:
    page = f"<!doctype html><title>Notion</title><h1>Something went wrong</h1><p>{words}</p>"
    return Reply(400, page.encode(), {"content-type": "text/html; charset=utf-8"})

"""OAuth at Slack: agreeing, and turning an agreement, or a refresh token, into tokens.

https://docs.slack.dev/authentication/installing-with-oauth
https://docs.slack.dev/reference/methods/oauth.v2.access
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from connector_vault.connector import Reply

from .answers import page
from .grants import App, Code
from .hub import Hub
from .records import Person
from .scopes import split, unknown

__all__ = ["Asking", "agree", "ask", "decline"]

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What an app asks somebody to agree to."""

    app: App
    scopes: tuple[str, ...]
    user_scopes: tuple[str, ...]
    redirect_uri: str
    state: str = field(repr=False)
    team: str
    """Where it hopes to be installed. Empty: anywhere."""


def ask(hub: Hub, query: Mapping[str, str]) -> Asking | Reply:
    """Read what an app asks for. A reply says why it may not: it is shown, never redirected to."""
    app = hub.grants.apps.get(query.get("client_id", ""))
    if app is None:
        return page("invalid_client_id: no app has this client id.")
    asking = Asking(
        app=app,
        scopes=split(query.get("scope", "")),
        user_scopes=split(query.get("user_scope", "")),
        redirect_uri=query.get("redirect_uri") or app.redirect_uris[0],
        state=query.get("state", ""),
        team=query.get("team", ""),
    )
    if not _registered(app, asking.redirect_uri):
        return page("bad_redirect_uri: this address is not one of the app's.")
    if not asking.scopes and not asking.user_scopes:
        return page("no_scopes: the app asks for nothing.")
    if unknown(asking.scopes, asking.user_scopes):
        return page("invalid_scope: the app asks for what nobody can grant.")
    if "code_challenge" in query:
        return page("pkce_not_allowed: this app is no public client.")
    return asking


def agree(hub: Hub, asking: Asking, person: Person, now: float) -> Reply:
    """Let somebody agree: back to the app, with a code."""
    enterprise = hub.teams[person.team].enterprise
    whole = hub.policy.org_install and enterprise is not None
    withheld = set(hub.policy.withheld)
    code = Code(
        app=asking.app.id,
        person=person.id,
        team=person.team,
        home=enterprise.id if whole and enterprise else person.team,
        scopes=tuple(scope for scope in asking.scopes if scope not in withheld),
        user_scopes=tuple(scope for scope in asking.user_scopes if scope not in withheld),
        redirect_uri=asking.redirect_uri,
        born=now,
    )
    return _redirect(asking, code=hub.grants.agree(code))


def decline(asking: Asking) -> Reply:
    """Let somebody say no: back to the app, with an error."""
    return _redirect(asking, error="access_denied")


def _registered(app: App, address: str) -> bool:
    """Compare as Slack does: the path at or below the registered one."""
    if not address.isascii() or not address.isprintable():
        return False
    if app.loopback and _parts(address)[:2] == ("http", "loopback"):
        return True
    return any(_below(address, registered) for registered in app.redirect_uris)


def _below(address: str, registered: str) -> bool:
    ours, theirs = _parts(address), _parts(registered)
    inside = ours[3] == theirs[3] or ours[3].startswith(theirs[3].rstrip("/") + "/")
    return ours[:3] == theirs[:3] and inside


def _parts(address: str) -> tuple[str, str, int | None, str]:
    try:
        url = urlsplit(address)
        host, port = url.hostname or "", url.port
    except ValueError:
        return "", "", None, ""
    if host in _LOOPBACK:
        return url.scheme, "loopback", None, url.path
    return url.scheme, host, port, url.path


def _redirect(asking: Asking, **said: str) -> Reply:
    query = urlencode({**said, "state": asking.state})
    joint = "&" if "?" in asking.redirect_uri else "?"
    headers = {"location": f"{asking.redirect_uri}{joint}{query}", "cache-control": "no-store"}
    return Reply(302, b"", headers)

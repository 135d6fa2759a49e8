"""OAuth: agreeing at x.com, and turning an agreement into tokens at api.x.com.

https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote, urlencode, urlsplit

from connector_vault.connector import BadArguments, Reply
from connector_vault.emulator import Call, json_reply

from .answers import oauth_error
from .asked import named
from .grants import ACCESS_LIFE, App, Code, Token
from .hub import Hub
from .scopes import known

__all__ = ["Asking", "agree", "ask", "decline", "exchange", "revoke"]

_MAX_STATE = 500
"""Characters."""

_LOOPBACK = ("127.0.0.1", "localhost", "::1")

_NO_HEADER = "Missing valid authorization header"
_DEAD = "Value passed for the token was invalid."


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What an app asks somebody to agree to."""

    app: App
    scopes: tuple[str, ...]
    redirect_uri: str
    state: str = field(repr=False)
    challenge: str = field(repr=False)
    method: Literal["S256", "plain"]


def ask(hub: Hub, query: Mapping[str, str]) -> Asking | Reply:
    """Read what an app asks for. A reply is the page that says that it may not."""
    app = hub.grants.apps.get(query.get("client_id", ""))
    address, state = query.get("redirect_uri", ""), query.get("state", "")
    scopes = tuple(dict.fromkeys(query.get("scope", "").split()))
    challenge = query.get("code_challenge", "")
    # twitter-api-v2 for Node writes s256, and X takes it.
    method = query.get("code_challenge_method", "plain").lower()
    if app is None or not _registered(app, address) or query.get("response_type") != "code":
        return _page_of_error()
    if not state or len(state) > _MAX_STATE or not scopes or not known(scopes):
        return _page_of_error()
    if not challenge or method not in ("s256", "plain"):
        return _page_of_error()
    return Asking(
        app=app,
        scopes=scopes,
        redirect_uri=address,
        state=state,
        challenge=challenge,
        method="S256" if method == "s256" else "plain",
    )


def agree(hub: Hub, asking: Asking, username: str, now: float) -> Reply:
    """Let somebody agree: back to the app, with a code."""
    code = Code(
        app=asking.app.id,
        username=username,
        scopes=tuple(one for one in asking.scopes if hub.grantable is None or one in hub.grantable),
        redirect_uri=asking.redirect_uri,
        challenge=asking.challenge,
        method=asking.method,
        born=now,
    )
    return _back(asking, code=hub.grants.agree(code))


def decline(asking: Asking) -> Reply:
    """Let somebody say no: back to the app, with an error."""
    return _back(asking, error="access_denied")


def exchange(hub: Hub, call: Call, now: float) -> Reply:
    """Turn a code, or a refresh token, into tokens."""
    form = _fields(call)
    app = _client(hub, call, form)
    if isinstance(app, Reply):
        return app
    match form.get("grant_type"):
        case "authorization_code":
            return _by_code(hub, app, form, now)
        case "refresh_token":
            return _by_refresh(hub, app, form, now)
        case _:
            words = "Missing required parameter [grant_type]."
            return oauth_error(400, "invalid_request", words)


def revoke(hub: Hub, call: Call, now: float) -> Reply:
    """End an access token or a refresh token."""
    form = _fields(call)
    app = _client(hub, call, form)
    if isinstance(app, Reply):
        return app
    if not form.get("token"):
        return oauth_error(400, "invalid_request", "Missing required parameter [token].")
    reach = hub.policy.revoke_reach
    lived = reach == "nothing" or hub.grants.revoke(
        form["token"], app.id, now, family=reach == "family"
    )
    if not lived and hub.policy.revoke_dead == 400:
        return oauth_error(400, "invalid_request", _DEAD)
    match hub.policy.revoked:
        case "flag":
            return json_reply(200, {"revoked": True})
        case "false":
            return json_reply(200, {"revoked": False})
        case "empty":
            return Reply(200)


def _by_code(hub: Hub, app: App, form: Mapping[str, str], now: float) -> Reply:
    for name in ("code", "redirect_uri", "code_verifier"):
        if not form.get(name):
            return oauth_error(400, "invalid_request", f"Missing required parameter [{name}].")
    code = hub.grants.take_code(form["code"], app.id, now)
    if code is None:
        return _wrong("authorization code was invalid")
    if form["redirect_uri"] != code.redirect_uri:
        return _wrong("redirect uri did not match the uri of the authorization code")
    if not _proven(code, form["code_verifier"]):
        return _wrong("code verifier did not match the code challenge")
    return _answer(hub.grants.mint(code, now))


def _by_refresh(hub: Hub, app: App, form: Mapping[str, str], now: float) -> Reply:
    token = hub.grants.refresh(
        form.get("refresh_token", ""),
        app.id,
        now,
        kill=hub.policy.reuse == "kill",
        old_dies=hub.policy.old_access == "dies",
    )
    return oauth_error(400, hub.policy.dead, _DEAD) if token is None else _answer(token)


def _answer(token: Token) -> Reply:
    said = {
        "token_type": "bearer",
        "expires_in": ACCESS_LIFE,
        "access_token": token.access,
        "scope": " ".join(token.scopes),
    }
    return json_reply(200, said | ({"refresh_token": token.refresh} if token.refresh else {}))


def _wrong(what: str) -> Reply:
    return oauth_error(400, "invalid_request", f"Value passed for the {what}.")


def _fields(call: Call) -> Mapping[str, str]:
    """Read a form, as documented, or JSON, as twitter-api-v2 for Node sends it."""
    if not call.headers.get("content-type", "").startswith("application/json"):
        return call.form()
    try:
        return {name: str(said) for name, said in named(call.json()).items()}
    except BadArguments:
        return {}


def _client(hub: Hub, call: Call, form: Mapping[str, str]) -> App | Reply:
    """Tell who asks: a confidential client by its header, a public one by its id alone."""
    named, secret = _basic(call)
    if named:
        app = hub.grants.apps.get(named)
        right = app is not None and hmac.compare_digest(secret.encode(), app.secret.encode())
        if app is None or not app.secret or not right:
            return oauth_error(401, "unauthorized_client", _NO_HEADER)
        return app
    if not form.get("client_id"):
        return oauth_error(401, "unauthorized_client", _NO_HEADER)
    app = hub.grants.apps.get(form["client_id"])
    if app is None:
        words = "Value passed for the client id was invalid."
        return oauth_error(401, "invalid_client", words)
    return oauth_error(401, "unauthorized_client", _NO_HEADER) if app.secret else app


def _basic(call: Call) -> tuple[str, str]:
    scheme, _, credential = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, secret = base64.b64decode(credential, validate=True).decode().partition(":")
    except ValueError:
        return "?", ""
    return unquote(name), unquote(secret)


def _proven(code: Code, verifier: str) -> bool:
    if code.method == "plain":
        return hmac.compare_digest(verifier.encode(), code.challenge.encode())
    digest = hashlib.sha256(verifier.encode()).digest()
    made = base64.urlsafe_b64encode(digest).rstrip(b"=")
    return hmac.compare_digest(made, code.challenge.encode())


def _registered(app: App, address: str) -> bool:
    """Compare as X does, letter by letter; for the app to try things out any port will do."""
    if not address.isascii() or not address.isprintable():
        return False
    if address in app.redirect_uris:
        return True
    try:
        url = urlsplit(address)
    except ValueError:
        return False
    return app.loopback and url.scheme == "http" and url.hostname in _LOOPBACK


def _back(asking: Asking, **said: str) -> Reply:
    query = urlencode({**said, "state": asking.state})
    joint = "&" if "?" in asking.redirect_uri else "?"
    return Reply(302, b"", {"location": f"{asking.redirect_uri}{joint}{query}"})


def _page_of_error() -> Reply:
    page = b"<!doctype html><title>X</title><h1>Something went wrong</h1><p>No access was given."
    return Reply(400, page, {"content-type": "text/html; charset=utf-8"})

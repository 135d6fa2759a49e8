"""OAuth: agreeing at www.tiktok.com, and turning an agreement into tokens.

Web      https://developers.tiktok.com/doc/login-kit-web
Desktop  https://developers.tiktok.com/doc/login-kit-desktop
Tokens   https://developers.tiktok.com/doc/oauth-user-access-token-management
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from connector_vault.connector import Reply
from connector_vault.emulator import Call, json_reply

from .answers import oauth_error
from .grants import App, Code, Token
from .hub import BY_THE_DEVELOPER, SCOPES, Hub

__all__ = ["Asking", "agree", "ask", "decline", "exchange", "revoke"]

_HERE = ("localhost", "127.0.0.1")

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")

_NO_CLIENT = "Client key or secret is incorrect."


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What an app asks somebody to agree to."""

    app: App
    scopes: tuple[str, ...]
    redirect_uri: str
    state: str = field(repr=False)
    challenge: str = field(repr=False)


def ask(hub: Hub, query: Mapping[str, str]) -> Asking | Reply:
    """Read what an app asks for. A reply is the page that says that it may not."""
    app = hub.grants.apps.get(query.get("client_key", ""))
    if app is None:
        return _page_of_error("client_key")
    address = query.get("redirect_uri", "")
    here = app.desktop and _is_here(address)
    if not here and address not in app.redirect_uris:
        return _page_of_error("redirect_uri")
    scopes = tuple(query.get("scope", "").split(","))
    if not set(scopes) <= (SCOPES if app.scopes is None else app.scopes):
        return _page_of_error("scope")
    if query.get("response_type") != "code" or not query.get("state"):
        return _page_of_error("response_type or state")
    challenge = query.get("code_challenge", "") if here else ""
    if here and (not challenge or query.get("code_challenge_method") != "S256"):
        return _page_of_error("code_challenge")
    return Asking(
        app=app,
        scopes=scopes,
        redirect_uri=address,
        state=query["state"],
        challenge=challenge,
    )


def agree(hub: Hub, asking: Asking, username: str, now: float) -> Reply:
    """Let somebody agree, perhaps to less than was asked for: back to the app, with a code."""
    granted = [one for one in asking.scopes if hub.grantable is None or one in hub.grantable]
    code = Code(
        app=asking.app.key,
        username=username,
        scopes=tuple(granted),
        redirect_uri=asking.redirect_uri,
        challenge=asking.challenge,
        born=now,
    )
    return _back(asking, code=hub.grants.agree(code), scopes=",".join(granted))


def decline(asking: Asking) -> Reply:
    """Let somebody say no: back to the app, with an error."""
    return _back(asking, error="access_denied", error_description="User cancelled")


def exchange(hub: Hub, call: Call, now: float) -> Reply:
    """Turn a code, or a refresh token, into tokens."""
    form = call.form()
    app = _client(hub, form)
    if app is None:
        return oauth_error(401, "invalid_client", _NO_CLIENT)
    match form.get("grant_type"):
        case "authorization_code":
            return _by_code(hub, app, form, now)
        case "refresh_token":
            return _by_refresh(hub, app, form, now)
        case _:
            return _error(hub, "unsupported_grant_type", "Grant type is not supported.")


def revoke(hub: Hub, call: Call, now: float) -> Reply:
    """End all that an account granted to an app, by one of its access tokens."""
    form = call.form()
    app = _client(hub, form)
    if app is None:
        return oauth_error(401, "invalid_client", _NO_CLIENT)
    token = hub.grants.live(form.get("token", ""), now)
    if token is None or token.app != app.key:
        dead = hub.policy.revoke_dead
        words = "The token is invalid or has expired."
        return json_reply(200, {}) if dead == "ok" else _error(hub, dead, words)
    hub.withdraw(hub.people[token.username], app.key, BY_THE_DEVELOPER, now)
    return json_reply(200, {})


def _by_code(hub: Hub, app: App, form: Mapping[str, str], now: float) -> Reply:
    if not form.get("code"):
        return _error(hub, "invalid_request", "Code is missing.")
    code = hub.grants.take_code(form.get("code", ""), app.key, now)
    if code is None:
        return _error(hub, "invalid_grant", "Authorization code is expired.")
    if form.get("redirect_uri") != code.redirect_uri:
        words = "Redirect_uri is not matched with the uri when requesting code."
        return _error(hub, "invalid_request", words)
    if code.challenge and not _proven(code, form.get("code_verifier", "")):
        return _error(hub, "invalid_request", "Code verifier or code challenge is invalid.")
    return _answer(hub, hub.grants.mint(code, hub.policy, now), now)


def _by_refresh(hub: Hub, app: App, form: Mapping[str, str], now: float) -> Reply:
    if not form.get("refresh_token"):
        return _error(hub, "invalid_request", "Refresh token is missing.")
    token = hub.grants.refresh(form["refresh_token"], app.key, hub.policy, now)
    if token is None:
        return _error(hub, "invalid_grant", "Refresh token is invalid or expired.")
    return _answer(hub, token, now)


def _proven(code: Code, verifier: str) -> bool:
    # In hexadecimal: the challenge of RFC 7636 is found wrong only here.
    made = hashlib.sha256(verifier.encode()).hexdigest().encode()
    right = _VERIFIER.fullmatch(verifier) is not None
    return right and hmac.compare_digest(made, code.challenge.encode())


def _answer(hub: Hub, token: Token, now: float) -> Reply:
    said = {
        "open_id": hub.open_id(token.app, token.username),
        "scope": ",".join(token.scopes),
        "access_token": token.access,
        "expires_in": int(token.expires - now),
        "refresh_token": token.refresh,
        "refresh_expires_in": int(token.refresh_expires - now),
        "token_type": "Bearer",
    }
    return json_reply(200, said)


def _error(hub: Hub, error: str, description: str) -> Reply:
    return oauth_error(hub.policy.token_errors, error, description)


def _client(hub: Hub, form: Mapping[str, str]) -> App | None:
    app = hub.grants.apps.get(form.get("client_key", ""))
    secret = form.get("client_secret", "").encode()
    return app if app and hmac.compare_digest(secret, app.secret.encode()) else None


def _is_here(address: str) -> bool:
    try:
        url = urlsplit(address)
        port = url.port
    except ValueError:
        return False
    return url.hostname in _HERE and port is not None


def _back(asking: Asking, **said: str) -> Reply:
    query = urlencode({**said, "state": asking.state})
    return Reply(302, b"", {"location": f"{asking.redirect_uri}?{query}"})


def _page_of_error(what: str) -> Reply:
    page = f"<!doctype html><title>TikTok</title><h1>Something went wrong</h1><p>{what}"
    return Reply(400, page.encode(), {"content-type": "text/html; charset=utf-8"})

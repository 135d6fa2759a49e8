"""OAuth's two addresses at github.com: agreeing, and turning an agreement into tokens.

https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from connector_vault.connector import Json, Reply

from .answers import say
from .grants import ACCESS_LIFE, REFRESH_LIFE, App, Code, Token
from .hub import Hub
from .scopes import OFFLINE, normal, split, unknown

__all__ = ["Asking", "agree", "ask", "decline", "exchange", "page_not_found"]

_DOCS = "https://docs.github.com/apps/managing-oauth-apps/"
_ISSUER = "https://github.com/login/oauth"
"""Stands in every callback since 2026 (RFC 9207). Its real name, here too."""

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
"""A SHA-256 in base64url without padding (RFC 7636 §4.2)."""

_LOOPBACK = ("127.0.0.1", "localhost", "::1")

_CANNOT = {
    "incorrect_client_credentials": "The client_id and/or client_secret passed are incorrect.",
    "redirect_uri_mismatch": (
        "The redirect_uri MUST match the registered callback URL for this application."
    ),
    "bad_verification_code": "The code passed is incorrect or expired.",
    "bad_refresh_token": "The refresh token passed is incorrect or expired.",
    "unsupported_grant_type": "The grant type is not supported.",
    "invalid_request": "A scope cannot be changed by a refresh.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What an app asks somebody to agree to."""

    app: App
    scopes: tuple[str, ...] | None
    """None: it names none, and is given what the person has agreed to before."""
    offline: bool
    redirect_uri: str
    state: str = field(repr=False)
    challenge: str = field(repr=False)
    login: str
    """Who it hopes will agree. Empty: anybody."""


def ask(hub: Hub, query: Mapping[str, str]) -> Asking | Reply:
    """Read what an app asks for. A reply says why it may not."""
    app = hub.grants.apps.get(query.get("client_id", ""))
    if app is None:
        return page_not_found()
    asking = _asking(app, query)
    if not _registered(app, asking.redirect_uri):
        home = app.redirect_uris[0]
        return _back(home, asking, error="redirect_uri_mismatch")
    if wrong := unknown(asking.scopes or ()):
        described = f"The scopes requested are invalid: {', '.join(wrong)}."
        return _back(asking.redirect_uri, asking, error="invalid_scope", described=described)
    if "code_challenge" in query and not _provable(query):
        described = "The code_challenge_method must be S256, and the challenge its 43 characters."
        return _back(asking.redirect_uri, asking, error="invalid_request", described=described)
    return asking


def agree(hub: Hub, asking: Asking, login: str, now: float) -> Reply:
    """Let somebody agree: back to the app, with a code."""
    before = hub.grants.granted(asking.app.id, login)
    code = Code(
        text="",
        app=asking.app.id,
        login=login,
        scopes=before if asking.scopes is None else normal(asking.scopes),
        offline=asking.offline,
        redirect_uri=asking.redirect_uri,
        challenge=asking.challenge,
        born=now,
    )
    return _redirect(asking.redirect_uri, code=hub.grants.agree(code), state=asking.state)


def decline(asking: Asking) -> Reply:
    """Let somebody say no: back to the app, with an error."""
    described = "The user has denied your application access."
    return _back(asking.redirect_uri, asking, error="access_denied", described=described)


def exchange(hub: Hub, given: Mapping[str, str], accept: str, now: float) -> Reply:
    """Turn a code, or a refresh token, into tokens. Errors have status 200."""
    app = hub.grants.apps.get(given.get("client_id", ""))
    if app is None:
        return say({"error": "Not Found"}, 404)
    said = _tokens(hub, app, given, now)
    if "application/json" in accept:
        return say(said)
    kind = "application/x-www-form-urlencoded; charset=utf-8"
    return Reply(200, urlencode(said).encode(), {"content-type": kind})


def _tokens(hub: Hub, app: App, given: Mapping[str, str], now: float) -> dict[str, Json]:
    if not hmac.compare_digest(given.get("client_secret", "").encode(), app.secret.encode()):
        return _error("incorrect_client_credentials")
    match given.get("grant_type") or "authorization_code":
        case "authorization_code":
            return _by_code(hub, app, given, now)
        case "refresh_token":
            return _by_refresh(hub, app, given, now)
        case _:
            return _error("unsupported_grant_type")


def _by_code(hub: Hub, app: App, given: Mapping[str, str], now: float) -> dict[str, Json]:
    code = hub.grants.take_code(given.get("code", ""), app.id, now)
    if code is None or not _proven(code, given.get("code_verifier", "")):
        return _error("bad_verification_code")
    if given.get("redirect_uri", code.redirect_uri) != code.redirect_uri:
        return _error("redirect_uri_mismatch")
    return _answer(hub.grants.mint(code, now))


def _by_refresh(hub: Hub, app: App, given: Mapping[str, str], now: float) -> dict[str, Json]:
    if "scope" in given:
        return _error("invalid_request")
    token = hub.grants.refresh(given.get("refresh_token", ""), app.id, now)
    return _error("bad_refresh_token") if token is None else _answer(token)


def _answer(token: Token) -> dict[str, Json]:
    said: dict[str, Json] = {"access_token": token.access}
    if token.refresh:
        said |= {
            "expires_in": ACCESS_LIFE,
            "refresh_token": token.refresh,
            "refresh_token_expires_in": REFRESH_LIFE,
        }
    return {**said, "scope": ",".join(token.scopes), "token_type": "bearer"}


def _error(code: str) -> dict[str, Json]:
    place = f"troubleshooting-oauth-app-access-token-request-errors/#{code.replace('_', '-')}"
    return {"error": code, "error_description": _CANNOT[code], "error_uri": _DOCS + place}


def _asking(app: App, query: Mapping[str, str]) -> Asking:
    wanted = split(query.get("scope", ""))
    return Asking(
        app=app,
        scopes=_scopes(app, wanted),
        offline=OFFLINE in wanted,
        redirect_uri=query.get("redirect_uri") or app.redirect_uris[0],
        state=query.get("state", ""),
        challenge=query.get("code_challenge", ""),
        login=query.get("login", ""),
    )


def _scopes(app: App, wanted: frozenset[str]) -> tuple[str, ...] | None:
    if app.github_app:
        return ()
    return tuple(sorted(wanted - {OFFLINE})) if wanted else None


def _provable(query: Mapping[str, str]) -> bool:
    method = query.get("code_challenge_method")
    return method == "S256" and _CHALLENGE.fullmatch(query["code_challenge"]) is not None


def _proven(code: Code, verifier: str) -> bool:
    if not code.challenge:
        return True
    digest = hashlib.sha256(verifier.encode()).digest()
    return hmac.compare_digest(
        base64.urlsafe_b64encode(digest).rstrip(b"="), code.challenge.encode()
    )


def _registered(app: App, address: str) -> bool:
    """Compare as GitHub does: host and port alike, the path at or below the registered one."""
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
    if not address.isascii() or not address.isprintable():
        return "", "", None, ""
    if host in _LOOPBACK:
        # A program that listens on this machine takes whatever port is free (RFC 8252 §7.3).
        return url.scheme, "loopback", None, url.path
    return url.scheme, host, port, url.path


def _back(address: str, asking: Asking, *, error: str, described: str = "") -> Reply:
    place = f"troubleshooting-authorization-request-errors/#{error.replace('_', '-')}"
    told = described or _CANNOT[error]
    said = {"error": error, "error_description": told, "error_uri": _DOCS + place}
    return _redirect(address, **said, state=asking.state)


def _redirect(address: str, **said: str) -> Reply:
    # Errors name the issuer too (RFC 9207 §2).
    query = urlencode({name: value for name, value in {**said, "iss": _ISSUER}.items() if value})
    joint = "&" if "?" in address else "?"
    return Reply(302, b"", {"location": f"{address}{joint}{query}", "cache-control": "no-store"})


def page_not_found() -> Reply:
    page = b"<!doctype html><title>Page not found</title><h1>404</h1><p>This is not a page.</p>"
    return Reply(404, page, {"content-type": "text/html; charset=utf-8"})

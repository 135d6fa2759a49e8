"""Turning an agreement into tokens, asking about tokens, and ending them.

https://developers.notion.com/reference/create-a-token
https://developers.notion.com/reference/revoke-token
https://developers.notion.com/reference/introspect-token
"""

import base64
import hmac
from collections.abc import Mapping
from urllib.parse import unquote_plus

from connector_vault.connector import Json, Reply

from .answers import Problem, problem, say, wrong
from .asked import OLDER, VERSIONS, Asked
from .gate import check_version
from .grants import App, Token
from .hub import Hub

__all__ = ["ROUTES", "answer"]

_CANNOT = {
    "invalid_client": (401, "Client authentication failed."),
    "invalid_grant": (400, "Invalid code or refresh token: it is unknown, used or revoked."),
    "invalid_request": (400, "A parameter is missing, or one too many."),
    "unsupported_grant_type": (400, "The grant type is not supported."),
}

_EXCHANGE = frozenset({"grant_type", "code", "redirect_uri", "external_account"})
_REFRESH = frozenset({"grant_type", "refresh_token"})


def answer(hub: Hub, asked: Asked, path: str) -> Reply:
    """Answer one of the three, or say why not."""
    try:
        app = _client(hub, asked)
        check_version(asked, (*OLDER, *VERSIONS))
        return ROUTES[path](hub, asked, app, _body(asked))
    except Problem as found:
        return found.reply


def _exchange(hub: Hub, asked: Asked, app: App, body: Mapping[str, Json]) -> Reply:
    match body.get("grant_type"):
        case "authorization_code":
            token = _by_code(hub, asked, app, body)
        case "refresh_token" if set(body) <= _REFRESH:
            token = hub.grants.refresh(str(body.get("refresh_token", "")), app.id, asked.now)
        case "refresh_token":
            raise _error(hub, "invalid_request")
        case _:
            raise _error(hub, "unsupported_grant_type")
    if token is None:
        raise _error(hub, "invalid_grant")
    return say(_shape(hub, token))


def _by_code(hub: Hub, asked: Asked, app: App, body: Mapping[str, Json]) -> Token | None:
    if not set(body) <= _EXCHANGE:
        raise _error(hub, "invalid_request")
    code = hub.grants.take_code(str(body.get("code", "")), app.id, asked.now)
    if code is None or body.get("redirect_uri", "") != code.redirect_uri:
        return None
    return hub.grants.mint(code, asked.now)


def _shape(hub: Hub, token: Token) -> dict[str, Json]:
    person = hub.person(token.bot)
    user = {"object": "user", "id": person.id, "name": person.name, "avatar_url": None}
    app = hub.grants.apps[token.bot.app]
    seen = {"email": person.email} if "read_emails" in app.capabilities else {}
    return {
        "access_token": token.access,
        "token_type": "bearer",
        "refresh_token": token.refresh,
        "bot_id": token.bot.id,
        "workspace_id": person.workspace.id,
        "workspace_name": person.workspace.name,
        "workspace_icon": None,
        "owner": {"type": "user", "user": {**user, "type": "person", "person": seen}},
        "duplicated_template_id": None,
    }


def _introspect(hub: Hub, asked: Asked, app: App, body: Mapping[str, Json]) -> Reply:
    token = hub.grants.known(_named(hub, body), app.id, asked.now)
    if token is None:
        return say({"active": False})
    return say({"active": True, "scope": "", "iat": int(token.born)})


def _revoke(hub: Hub, asked: Asked, app: App, body: Mapping[str, Json]) -> Reply:
    if not hub.grants.revoke(_named(hub, body), app.id, asked.now):
        raise _error(hub, hub.grants.policy.dead)
    return say({})


def _named(hub: Hub, body: Mapping[str, Json]) -> str:
    token = body.get("token")
    if set(body) != {"token"} or not isinstance(token, str):
        raise _error(hub, "invalid_request")
    return token


def _client(hub: Hub, asked: Asked) -> App:
    scheme, _, credential = asked.headers.get("authorization", "").partition(" ")
    try:
        pair = base64.b64decode(credential, validate=True).decode()
    except ValueError:
        pair = ""
    name, _, secret = pair.partition(":")
    app = hub.grants.apps.get(unquote_plus(name))
    known = app.secret if app else ""
    right = hmac.compare_digest(unquote_plus(secret).encode(), known.encode())
    if scheme.lower() != "basic" or app is None or not right:
        raise _error(hub, "invalid_client")
    return app


def _body(asked: Asked) -> Mapping[str, Json]:
    if not asked.headers.get("content-type", "").startswith("application/json"):
        raise wrong("body failed validation: body should be JSON.")
    known = _EXCHANGE | _REFRESH | {"token"}
    return asked.fields(*known)


def _error(hub: Hub, code: str) -> Problem:
    status, words = _CANNOT[code]
    if hub.grants.policy.errors == "code":
        return problem(status, code, words)
    return Problem(say({"error": code, "error_description": words}, status))


ROUTES = {
    "/v1/oauth/token": _exchange,
    "/v1/oauth/introspect": _introspect,
    "/v1/oauth/revoke": _revoke,
}

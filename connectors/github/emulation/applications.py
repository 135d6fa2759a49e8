"""What an app may ask and do about the tokens it was given.

https://docs.github.com/en/rest/apps/oauth-applications
"""

import hashlib

from connector_vault.connector import Json, Reply

from .answers import forbidden, node, not_found, problem, say, stamp, unsupplied
from .asked import Asked, Handler
from .given import Given
from .grants import Token
from .hub import Hub
from .limits import Window
from .people import known, simple_user

__all__ = ["ROUTES"]

_MOST_CREDENTIALS = 1_000
"""That can be revoked at once."""

_RIGHTS = {"metadata": "read", "contents": "write", "issues": "write", "pull_requests": "write"}


def _authorization(hub: Hub, asked: Asked, token: Token) -> dict[str, Json]:
    app = hub.grants.apps[token.app]
    born = stamp(token.born)
    return {
        "id": token.id,
        "url": f"{asked.api}/authorizations/{token.id}",
        "app": {"client_id": app.id, "name": app.name, "url": app.redirect_uris[0]},
        "token": token.access,
        "token_last_eight": token.access[-8:],
        "hashed_token": hashlib.sha256(token.access.encode()).hexdigest(),
        "scopes": list(token.scopes),
        "note": None,
        "note_url": None,
        "fingerprint": None,
        "created_at": born,
        "updated_at": born,
        "expires_at": stamp(token.ends),
        "user": simple_user(asked, hub.people[token.login]),
    }


def _named(hub: Hub, asked: Asked) -> Token:
    """Find the live token of this app that the body names."""
    if asked.app is None:
        raise problem(401, "Requires authentication")
    if asked.app.id != asked.names[0]:
        raise not_found()
    text = Given(asked, "Authorization").text("access_token")
    if text is None:
        raise unsupplied("access_token")
    token = hub.grants.live(text, asked.now)
    if token is None or token.app != asked.app.id:
        raise not_found()
    return token


def _check(hub: Hub, asked: Asked) -> Reply:
    return say(_authorization(hub, asked, _named(hub, asked)))


def _reset(hub: Hub, asked: Asked) -> Reply:
    return say(_authorization(hub, asked, hub.grants.reset(_named(hub, asked), asked.now)))


def _revoke_token(hub: Hub, asked: Asked) -> Reply:
    hub.grants.revoke(_named(hub, asked).access)
    return Reply(204)


def _revoke_grant(hub: Hub, asked: Asked) -> Reply:
    token = _named(hub, asked)
    hub.grants.revoke_grant(token.login, token.app)
    return Reply(204)


def _revoke_leaked(hub: Hub, asked: Asked) -> Reply:
    if asked.token or asked.app:
        raise forbidden("This endpoint takes no authentication.")
    secrets = Given(asked, "Credential").names("credentials")
    if not secrets or len(secrets) > _MOST_CREDENTIALS:
        raise problem(422, f"credentials are 1 to {_MOST_CREDENTIALS} texts")
    for secret in secrets:
        hub.grants.revoke(secret)
    return say({}, 202)


def _installations(hub: Hub, asked: Asked) -> Reply:
    user = known(asked)
    if asked.token is None or not asked.token.scopeless:
        raise forbidden("This takes a token that a person gave to a GitHub App.")
    app, account = hub.grants.apps[asked.token.app], simple_user(asked, user)
    told: dict[str, Json] = {
        "id": user.id,
        "node_id": node("Installation", user.id),
        "account": account,
        "app_id": 1,
        "app_slug": app.name.lower().replace(" ", "-"),
        "client_id": app.id,
        "target_id": user.id,
        "target_type": "User",
        "repository_selection": "all",
        "permissions": _RIGHTS,
        "events": [],
        "single_file_name": None,
        "access_tokens_url": f"{asked.api}/app/installations/{user.id}/access_tokens",
        "repositories_url": f"{asked.api}/installation/repositories",
        "html_url": f"{asked.web}/settings/installations/{user.id}",
        "created_at": stamp(asked.token.born),
        "updated_at": stamp(asked.token.born),
        "suspended_by": None,
        "suspended_at": None,
    }
    return say({"total_count": 1, "installations": [told]})


def _rate_limit(hub: Hub, asked: Asked) -> Reply:
    login = asked.user.login if asked.user else ""
    kinds = ("core", "search", "code_search")
    windows = {kind: _window(hub.limits.window(login, kind, asked.now)) for kind in kinds}
    told: dict[str, Json] = {"resources": windows}
    if asked.version < "2026-03-10":
        told["rate"] = windows["core"]
    return say(told)


def _window(window: Window) -> dict[str, Json]:
    return {
        "limit": window.limit,
        "used": window.used,
        "remaining": window.remaining,
        "reset": window.reset,
        "resource": window.resource,
    }


ROUTES: dict[str, Handler] = {
    "POST /applications/{}/token": _check,
    "PATCH /applications/{}/token": _reset,
    "DELETE /applications/{}/token": _revoke_token,
    "DELETE /applications/{}/grant": _revoke_grant,
    "POST /credentials/revoke": _revoke_leaked,
    "GET /user/installations": _installations,
    "GET /rate_limit": _rate_limit,
}

"""The gate of open.tiktokapis.com: who asks, for what, and how often."""

from connector_vault.connector import Reply
from connector_vault.emulator import Call, Routes

from . import login, people, publishing, state, videos
from .answers import Refusal, refused
from .asked import Asked, Route
from .grants import Token
from .hub import Hub

__all__ = ["admit"]

_ROUTES = Routes[Route](
    {
        route.name: route
        for route in (*people.ROUTES, *publishing.ROUTES, *state.ROUTES, *videos.ROUTES)
    }
)


_STATUSES = {
    "access_token_invalid": 401,
    "internal_error": 500,
    "invalid_param": 400,
    "invalid_params": 400,
    "rate_limit_exceeded": 429,
    "scope_not_authorized": 401,
}
"""Of errors that are asked for. All others have 403."""


def admit(hub: Hub, call: Call, now: float) -> Reply:
    """Answer a request, or say why not."""
    match call.method, call.path:
        case "POST", "/v2/oauth/token/":
            return login.exchange(hub, call, now)
        case "POST", "/v2/oauth/revoke/":
            return login.revoke(hub, call, now)
        case _:
            pass
    try:
        return _answered(hub, call, now)
    except Refusal as found:
        return found.reply


def _answered(hub: Hub, call: Call, now: float) -> Reply:
    found = _ROUTES.find(call.method, call.segments)
    if found is None:
        raise refused(404, "unsupported_path", "There is nothing here")
    route, _ = found
    token = _token(hub, call, now)
    asked = Asked(now=now, call=call, user=hub.people[token.username], token=token)
    if route.scopes:
        asked.need(*route.scopes)
    if not hub.limits.count(token.username, route.name, now):
        raise refused(429, "rate_limit_exceeded", "The API rate limit was exceeded")
    if hub.failures:
        code = hub.failures.pop(0)
        raise refused(_STATUSES.get(code, 403), code, "As it was wished for")
    hub.settle(now)
    return route.handler(hub, asked)


def _token(hub: Hub, call: Call, now: float) -> Token:
    scheme, _, credential = call.headers.get("authorization", "").partition(" ")
    token = hub.grants.live(credential.strip(), now) if scheme.lower() == "bearer" else None
    if token is None:
        words = "The access token is invalid or not found in the request."
        raise refused(401, "access_token_invalid", words)
    return token

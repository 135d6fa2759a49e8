"""The gate of api.x.com: who asks, for what, how often, and what stands on replies."""

from dataclasses import replace

from connector_vault.connector import Reply
from connector_vault.emulator import Call, Routes

from . import media, people, posts, timelines
from .answers import Refusal, invalid, problem
from .asked import Asked, Route
from .grants import Token
from .hub import Hub

__all__ = ["admit"]

_ROUTES = Routes[Route](
    {
        route.name: route
        for route in (*media.ROUTES, *people.ROUTES, *posts.ROUTES, *timelines.ROUTES)
    }
)


def admit(hub: Hub, call: Call, now: float) -> Reply:
    """Answer a request, or say why not."""
    try:
        return _answered(hub, call, now)
    except Refusal as found:
        return found.reply


def _answered(hub: Hub, call: Call, now: float) -> Reply:
    token = _token(hub, call, now)
    found = _ROUTES.find(call.method, call.segments)
    if found is None:
        raise problem(404, "Not Found")
    route, names = found
    if hub.policy.capped:
        words = "Usage cap exceeded: your account has no credits left."
        raise problem(hub.policy.capped, "UsageCapExceeded", words, "usage-capped")
    if not set(route.scopes) <= set(token.scopes):
        raise problem(403, "Forbidden", f"This needs {' '.join(route.scopes)}.")
    allowed = hub.limits.count(token.username, route.name, now)
    headers = hub.limits.window(token.username, route.name, now).headers
    user = hub.people[token.username]
    asked = Asked(now=now, call=call, names=names, user=user, token=token)
    reply = _handled(hub, asked, route, allowed=allowed)
    return replace(reply, headers={**reply.headers, **headers})


def _handled(hub: Hub, asked: Asked, route: Route, *, allowed: bool) -> Reply:
    try:
        if not allowed:
            raise problem(429, "Too Many Requests")
        for strange in sorted(asked.query.keys() - route.query):
            words = f"The query parameter [{strange}] is not one of {sorted(route.query)}"
            raise invalid(strange, asked.query[strange], words)
        return route.handler(hub, asked)
    except Refusal as found:
        return found.reply


def _token(hub: Hub, call: Call, now: float) -> Token:
    scheme, _, credential = call.headers.get("authorization", "").partition(" ")
    token = hub.grants.live(credential.strip(), now) if scheme.lower() == "bearer" else None
    if token is None:
        raise problem(401, "Unauthorized")
    return token

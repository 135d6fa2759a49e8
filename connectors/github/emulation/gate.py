"""The gate of api.github.com: who asks, in which version, how often, and what stands on replies."""

import base64
import hashlib
import hmac
import math
from dataclasses import replace
from urllib.parse import unquote_plus

from connector_vault.connector import Reply

from .answers import Problem, not_found, problem
from .asked import VERSIONS, Asked, Handler
from .hub import Hub
from .limits import resource_of

__all__ = ["admit"]

_MEDIA = "github.v3; format=json"


def admit(hub: Hub, asked: Asked, handler: Handler | None) -> Reply:
    """Answer a request, or say why not. Without a handler there is nothing at that address."""
    try:
        _check_agent(asked)
        _check_version(asked)
        asked = _identified(hub, asked)
        _check_limits(hub, asked)
        reply = _handle(hub, asked, handler)
    except Problem as found:
        reply = found.reply
    selected = asked.version if asked.version in VERSIONS else VERSIONS[0]
    about = {"x-github-media-type": _MEDIA, "x-github-api-version-selected": selected}
    headers = {**about, **_scope_headers(asked), **_limit_headers(hub, asked), **reply.headers}
    return _unless_known(asked, replace(reply, headers=headers))


def _handle(hub: Hub, asked: Asked, handler: Handler | None) -> Reply:
    if handler is None:
        raise not_found()
    try:
        return handler(hub, asked)
    except Problem as found:
        return found.reply


def _unless_known(asked: Asked, reply: Reply) -> Reply:
    """Leave out a body the client has already (RFC 9110 §13.1.2)."""
    if asked.method != "GET" or reply.status != 200:
        return reply
    tag = f'W/"{hashlib.sha256(reply.body).hexdigest()}"'
    headers = {**reply.headers, "etag": tag}
    known = {one.strip() for one in asked.headers.get("if-none-match", "").split(",")}
    if known & {tag, tag.removeprefix("W/"), "*"}:
        return Reply(304, b"", headers)
    return replace(reply, headers=headers)


def _check_agent(asked: Asked) -> None:
    if not asked.headers.get("user-agent"):
        said = b"Request forbidden by administrative rules: it has no User-Agent header.\r\n"
        raise Problem(Reply(403, said, {"content-type": "text/plain; charset=utf-8"}))


def _check_version(asked: Asked) -> None:
    if asked.version in VERSIONS:
        return
    if asked.version < VERSIONS[0]:
        raise problem(410, f"API version {asked.version[:20]} is no longer supported.")
    raise problem(400, f"{asked.version[:20]} is not a valid API version.")


def _identified(hub: Hub, asked: Asked) -> Asked:
    scheme, _, credential = asked.headers.get("authorization", "").partition(" ")
    match scheme.lower():
        case "":
            return asked
        case "bearer" | "token":
            return _by_token(hub, asked, credential.strip())
        case "basic":
            return _by_pair(hub, asked, credential.strip())
        case _:
            raise problem(401, "Bad credentials")


def _by_token(hub: Hub, asked: Asked, access: str) -> Asked:
    token = hub.grants.use(access, asked.now)
    if token is None:
        raise problem(401, "Bad credentials")
    return replace(asked, token=token, user=hub.people[token.login])


def _by_pair(hub: Hub, asked: Asked, credential: str) -> Asked:
    """Read HTTP Basic: an app's id and secret, or a token in either half."""
    try:
        pair = base64.b64decode(credential, validate=True).decode()
    except ValueError:
        raise problem(401, "Bad credentials") from None
    name, _, secret = pair.partition(":")
    app = hub.grants.apps.get(unquote_plus(name))
    if app is None:
        return _by_token(hub, asked, secret if hub.grants.live(secret, asked.now) else name)
    if not hmac.compare_digest(unquote_plus(secret).encode(), app.secret.encode()):
        raise problem(401, "Bad credentials")
    return replace(asked, app=app)


def _check_limits(hub: Hub, asked: Asked) -> None:
    if asked.path == "/rate_limit":
        return
    if asked.path == "/search/code" and asked.user is None:
        raise problem(401, "Requires authentication")
    who = _who(asked)
    if pause := hub.limits.paused(who, asked.now):
        found = problem(403, "You have exceeded a secondary rate limit. Please wait, then retry.")
        later = {**found.reply.headers, "retry-after": str(math.ceil(pause))}
        raise Problem(replace(found.reply, headers=later))
    if not hub.limits.count(who, resource_of(asked.path), asked.now):
        whose = f"user ID {asked.user.id}" if asked.user else "127.0.0.1"
        raise problem(403, f"API rate limit exceeded for {whose}.")


def _limit_headers(hub: Hub, asked: Asked) -> dict[str, str]:
    return hub.limits.window(_who(asked), resource_of(asked.path), asked.now).headers


def _who(asked: Asked) -> str:
    if asked.user is not None:
        return asked.user.login
    return asked.app.id if asked.app else ""


def _scope_headers(asked: Asked) -> dict[str, str]:
    if asked.token is None or asked.token.scopeless:
        return {}
    return {
        "x-oauth-scopes": ", ".join(asked.token.scopes),
        "x-accepted-oauth-scopes": _accepted(asked.path),
        "x-oauth-client-id": asked.token.app,
    }


def _accepted(path: str) -> str:
    if path.startswith("/user/emails"):
        return "user, user:email"
    return "repo" if path.startswith(("/repos/", "/user/repos")) else ""

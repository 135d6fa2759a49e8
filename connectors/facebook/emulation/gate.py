"""The gate of graph.facebook.com: who asks, for what, how often, and by which version.

https://developers.facebook.com/docs/graph-api/overview
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import replace

from connector_vault.connector import BadArguments, Json, Reply
from connector_vault.emulator import Call, Routes

from ..._meta.emulation.instagram import Caller, Instagram
from . import accounts, comments, insights, login, messages, nodes, photos, posts, reels
from .answers import Refusal, absent, invalid
from .asked import Asked, Route
from .grants import Token
from .hub import Hub

__all__ = ["admit", "caller_of", "token_of", "told"]

_VERSION = re.compile(r"v(\d{1,2})\.\d{1,2}")
_OLDEST, _NEWEST = 21, 26
"""The versions that live: one before them is taken for the oldest.

https://developers.facebook.com/docs/graph-api/guides/versioning
"""

_ROUTES = Routes[Route](
    {
        **accounts.ROUTES,
        **comments.ROUTES,
        **insights.ROUTES,
        **messages.ROUTES,
        **nodes.ROUTES,
        **photos.ROUTES,
        **posts.ROUTES,
        **reels.ROUTES,
    }
)

_SECRETS = ("access_token", "client_secret", "code", "fb_exchange_token", "input_token")
"""Parameters that belong into a body or a header."""


def admit(hub: Hub, instagram: Instagram, call: Call, now: float) -> Reply:
    """Answer a request, or say why not."""
    note_leaks(hub, call)
    try:
        reply = _answered(hub, instagram, call, now)
    except Refusal as found:
        reply = found.reply
    use = json.dumps({"call_count": 3, "total_time": 2, "total_cputime": 2})
    version = f"v{max(_OLDEST, _version(call))}.0"
    headers = {"x-app-usage": use, "facebook-api-version": version, "x-fb-trace-id": "AbCdEfGh"}
    return replace(reply, headers={**headers, **reply.headers})


def note_leaks(hub: Hub, call: Call) -> None:
    """Note an address that holds what is secret: it would stand in a log somewhere."""
    secrets = hub.grants.secrets()
    names = [name for name in _SECRETS if name in call.query]
    if names or any(one in secrets for one in (*call.query.values(), *call.segments)):
        hub.leaks.append(f"{call.method} {call.path} {','.join(names)}")


def told(call: Call) -> dict[str, Json]:
    """Give all that stands in the address and in the body."""
    kind = call.headers.get("content-type", "").lower()
    body: Json = None
    if kind.startswith("application/json"):
        try:
            body = call.json()
        except BadArguments:
            raise invalid("The body is not JSON") from None
    form = photos.texts(call) if kind.startswith("multipart/") else call.form()
    return {**call.query, **form, **(body if isinstance(body, dict) else {})}


def token_of(hub: Hub, call: Call, said: Mapping[str, Json], now: float) -> Token:
    """Give the token a call carries, in a header or among its parameters."""
    scheme, _, text = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() not in ("bearer", "oauth"):
        text = str(said.get("access_token", ""))
    if not text.strip():
        words = "An active access token must be used to query information about the current user."
        raise Refusal(400, 2500, words)
    token = hub.grants.live(text.strip(), now)
    if now < hub.limited.get(token.page or token.person, 0.0):
        raise _throttled(hub, token, now)
    if hub.failing:
        code = hub.failing.pop(0)
        raise Refusal(500 if code in (1, 2) else 400, code, f"(#{code}) As it was asked for")
    return token


def caller_of(hub: Hub, token: Token) -> Caller:
    """Give whom a token speaks for on Instagram."""
    pages = [token.page] if token.page else list(hub.grants.people[token.person].pages)
    accounts_ = (hub.pages[one].instagram for one in pages)
    return Caller(
        accounts=frozenset(one for one in accounts_ if one),
        permissions=hub.grants.permissions(token),
    )


def _answered(hub: Hub, instagram: Instagram, call: Call, now: float) -> Reply:
    segments = _versionless(call)
    said = told(call)
    if segments == ("oauth", "access_token") and call.method in ("GET", "POST"):
        return login.exchange(hub, {**_basic(call), **said}, now)
    token = token_of(hub, call, said, now)
    _check_proof(hub, token, str(said.get("appsecret_proof", "")))
    if (call.method, segments) == ("GET", ("debug_token",)):
        return login.debug(hub, token, str(said.get("input_token", "")), now)
    node = segments[0] if segments else ""
    node = (token.page or token.person) if node == "me" else node
    if token.person and instagram.knows(node):
        return instagram.answer(call, caller_of(hub, token))
    found = _ROUTES.find(call.method, (node, *segments[1:]))
    if not node or found is None:
        raise absent(call.method, node)
    route, _ = found
    hub.tick(now)
    tasks = hub.grants.people[token.person].pages.get(token.page, ()) if token.person else ()
    asked = Asked(
        now=now,
        call=call,
        node=node,
        said=said,
        token=token,
        permissions=hub.grants.permissions(token),
        tasks=tasks,
    )
    if route.permission:
        asked.needs(route.permission, route.task)
    return _with_use(route.handler(hub, asked), token.page, _use(0))


def _versionless(call: Call) -> tuple[str, ...]:
    # The official clients end their paths with a slash.
    segments = tuple(one for one in call.segments if one)
    if _version(call) > _NEWEST:
        words = f"Unknown path components: /{'/'.join(segments[1:])}"
        raise Refusal(400, 2500, words)
    return segments[1:] if _version(call) else segments


def _version(call: Call) -> int:
    """Give the version that is asked for. 0: none."""
    found = _VERSION.fullmatch(call.segments[0])
    return int(found[1]) if found else 0


def _basic(call: Call) -> dict[str, Json]:
    """Read who asks from HTTP Basic: other clients name themselves so at the token endpoint."""
    scheme, _, text = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        name, _, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except ValueError:
        return {}
    return {"client_id": name, "client_secret": secret}


def _check_proof(hub: Hub, token: Token, proof: str) -> None:
    secret = hub.grants.apps[token.app].secret.encode()
    right = hmac.new(secret, token.text.encode(), hashlib.sha256).hexdigest()
    if not proof and hub.policy.proof == "required":
        raise Refusal(400, 100, "API calls from the server require an appsecret_proof argument")
    if proof and not hmac.compare_digest(proof.encode(), right.encode()):
        raise Refusal(400, 100, "Invalid appsecret_proof provided in the API argument")


def _throttled(hub: Hub, token: Token, now: float) -> Refusal:
    who = token.page or token.person
    minutes = -int(-(hub.limited[who] - now) // 60)
    refusal = Refusal(400, 80001, "(#80001) There have been too many calls to this Page account.")
    refusal.reply = _with_use(refusal.reply, who, _use(minutes))
    return refusal


def _use(minutes: int) -> Json:
    spent = 100 if minutes else 3
    use = {"type": "pages", "call_count": spent, "total_cputime": 2, "total_time": 2}
    return {**use, "estimated_time_to_regain_access": minutes}


def _with_use(reply: Reply, who: str, use: Json) -> Reply:
    """Tell a Page how much of its limit is used."""
    told = {"x-business-use-case-usage": json.dumps({who: [use]})} if who else {}
    return replace(reply, headers={**reply.headers, **told})

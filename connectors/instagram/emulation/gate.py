"""The gate of graph.instagram.com: whose token it is, and how often it was asked."""

import hashlib
import hmac
import json
from dataclasses import replace

from connector_vault.connector import Json, Reply
from connector_vault.emulator import Call

from ..._meta.emulation.instagram import Caller
from .answers import dead_token, graph_error
from .grants import Token
from .hub import Hub
from .people import scoped_id

__all__ = ["admit"]

_THROTTLED = 80002
_WORDS = {
    1: "An unknown error occurred",
    2: "Service temporarily unavailable",
    4: "(#4) Application request limit reached",
    17: "(#17) User request limit reached",
    368: "(#368) The action attempted has been deemed abusive or is otherwise disallowed",
}


def admit(hub: Hub, call: Call, now: float) -> Reply:
    """Answer a request, or say why not."""
    token = _token(hub, call)
    dead = dead_token(token, now, hub.policy.expired_status)
    if token is None or dead is not None:
        return dead or graph_error(190, "Invalid OAuth access token")
    if not _is_proven(hub, call, token):
        return graph_error(100, "Invalid appsecret_proof provided in the API argument")
    person = hub.people[token.login]
    until = hub.throttled.get(token.login, 0.0)
    if now < until:
        return _too_often(person.account.id, until - now)
    if hub.failures:
        return _failed(hub.failures.pop(0), person.account.id)
    caller = Caller(
        accounts=frozenset({person.account.id}),
        permissions=frozenset(token.scopes),
        person=scoped_id(token.app, person),
    )
    call = _named(call, person.account.id, caller.person)
    reply = hub.gram.answer(call, caller)
    return replace(reply, headers={**reply.headers, **_use(person.account.id, 1, 0)})


def _failed(code: int, account: str) -> Reply:
    if code == _THROTTLED:
        return _too_often(account, 600)
    return graph_error(code, _WORDS.get(code, "An error"))


def _named(call: Call, account: str, person: str) -> Call:
    """Put the account's id in the place of `me`, and of the id it has for the app."""
    segments = tuple(account if one in ("me", person) else one for one in call.segments)
    return replace(call, segments=segments)


def _token(hub: Hub, call: Call) -> Token | None:
    scheme, _, credential = call.headers.get("authorization", "").partition(" ")
    text = credential.strip() if scheme.lower() == "bearer" else ""
    return hub.grants.find(text or _sent(call, "access_token"))


def _is_proven(hub: Hub, call: Call, token: Token) -> bool:
    """Check a proof, if one is given: none has to be."""
    given = _sent(call, "appsecret_proof")
    key = hub.grants.apps[token.app].secret.encode()
    digest = hmac.new(key, token.text.encode(), hashlib.sha256).hexdigest()
    return not given or hmac.compare_digest(given, digest)


def _sent(call: Call, name: str) -> str:
    return call.query.get(name) or call.form().get(name, "")


def _too_often(account: str, left: float) -> Reply:
    words = "(#80002) There have been too many calls to this Instagram account."
    reply = graph_error(_THROTTLED, words)
    minutes = max(1, round(left / 60))
    return replace(reply, headers={**reply.headers, **_use(account, 100, minutes)})


def _use(account: str, percent: int, minutes: int) -> dict[str, str]:
    """Give the headers that tell how much of the limits is used."""
    use: dict[str, Json] = {"call_count": percent, "total_cputime": 1, "total_time": 1}
    of_account = {"type": "instagram", **use, "estimated_time_to_regain_access": minutes}
    return {
        "x-app-usage": json.dumps(use),
        "x-business-use-case-usage": json.dumps({account: [of_account]}),
    }

"""The gate of slack.com/api: who asks, how often, with which scopes, and what stands on replies."""

import json
from collections.abc import Mapping

from connector_vault.connector import Json, Reply
from connector_vault.emulator import Call

from .answers import Problem, say
from .asked import Asked, Method
from .hub import Hub
from .limits import HISTORY

__all__ = ["admit", "arguments", "bearer"]

_LIMITED = 1
"""Calls in a minute, of who is limited."""


def admit(hub: Hub, call: Call, name: str, method: Method, now: float) -> Reply:
    """Answer a call of a method, or say why not."""
    args = arguments(call, reads_json=method.json)
    headers: dict[str, str] = {}
    try:
        asked = _identified(hub, name, args, bearer(call, args), now)
        headers = {
            "x-oauth-scopes": ",".join(asked.seat.scopes),
            "x-accepted-oauth-scopes": ",".join(method.scopes),
        }
        if pause := _pause(hub, asked, method):
            return pause
        _check_scopes(asked, method)
        return say({"ok": True, **method.handler(hub, asked)}, headers)
    except Problem as found:
        return say(found.said, headers)


def bearer(call: Call, args: Mapping[str, str]) -> str:
    """Give the token of a call: from its header or, as it used to be, from its body."""
    scheme, _, credential = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return credential.strip()
    return args.get("token", "") if "token" not in call.query else ""


def arguments(call: Call, *, reads_json: bool) -> dict[str, str]:
    """Read the arguments. A JSON body is as if it were empty where a method takes none."""
    said = {**call.query, **call.form()}
    if reads_json and call.headers.get("content-type", "").startswith("application/json"):
        body = call.json()
        given: dict[str, Json] = {**body} if isinstance(body, dict) else {}
        said |= {name: _text(value) for name, value in given.items() if value is not None}
    return said


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _identified(hub: Hub, name: str, args: Mapping[str, str], token: str, now: float) -> Asked:
    if not token:
        raise Problem("not_authed")
    found = hub.grants.live(token, now)
    if found is None:
        raise Problem(hub.grants.blame(token, hub.policy.revoked))
    seat, live = found
    return Asked(
        now=now,
        name=name,
        args=args,
        app=hub.grants.apps[seat.app],
        seat=seat,
        token=live,
        user=hub.people[seat.user],
        team=hub.teams[seat.team],
    )


def _check_scopes(asked: Asked, method: Method) -> None:
    if asked.seat.bot and not method.bots:
        raise Problem("not_allowed_token_type")
    if method.scopes:
        asked.needs(*method.scopes)


def _pause(hub: Hub, asked: Asked, method: Method) -> Reply | None:
    seconds, status = hub.limits.paused(asked.name, asked.now)
    limited = asked.name in HISTORY and hub.policy.history == "limited"
    if not seconds:
        who = f"{asked.seat.app} {asked.seat.home} {asked.seat.user}"
        most = _LIMITED if limited else method.tier
        seconds, status = hub.limits.count(who, asked.name, most, asked.now), 429
    if not seconds:
        return None
    return say({"ok": False, "error": "ratelimited"}, {"retry-after": str(seconds)}, status)

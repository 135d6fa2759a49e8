"""What people and operators do at Notion, other than by its API."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from connector_vault.connector import BadArguments, Json
from connector_vault.emulator import details_of, person_of

from .grants import CAPABILITIES, App, Policy
from .hub import CLIENT, Hub, new_id
from .signing import signature

__all__ = ["DEEDS", "VERIFICATION"]

VERIFICATION = "secret_emulatorEmulatorEmulatorEmulatorEmul"
"""The verification token of the webhook subscription there is. It is one only in name."""

Deed = Callable[[Hub, float, Mapping[str, Json]], Json]
Reason = Literal[
    "public_api_request_rate_limit",
    "public_api_space_request_rate_limit",
    "public_api_endpoint_rate_limit",
    "public_api_request_blocked",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Registration:
    id: str
    secret: str
    redirect_uris: tuple[str, ...]
    name: str = "Another App"
    capabilities: frozenset[str] = frozenset(CAPABILITIES)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Capabilities:
    capabilities: frozenset[str]
    client_id: str = CLIENT.id


@dataclass(frozen=True, slots=True, kw_only=True)
class _Login:
    login: str
    pages: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Withdrawal:
    login: str
    client_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sharing:
    login: str
    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limit:
    login: str
    remaining: int = 0
    seconds: float = 60.0
    reason: Reason = "public_api_request_rate_limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    times: int = 1
    retry_after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    type: str = "page.content_updated"
    entity: str = ""
    handshake: bool = False


def _register(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Registration, details)
    if not wanted.redirect_uris:
        raise BadArguments("an app needs at least one address in redirect_uris")
    hub.grants.apps[wanted.id] = App(
        id=wanted.id,
        secret=wanted.secret,
        name=wanted.name,
        redirect_uris=wanted.redirect_uris,
        capabilities=wanted.capabilities,
    )
    return {"id": wanted.id}


def _capabilities(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Capabilities, details)
    app = hub.grants.apps.get(wanted.client_id)
    if app is None or not wanted.capabilities <= set(CAPABILITIES):
        raise BadArguments(f"capabilities of a known app are among {', '.join(CAPABILITIES)}")
    hub.grants.apps[app.id] = replace(app, capabilities=wanted.capabilities)
    return {"capabilities": sorted(wanted.capabilities)}


def _sign_in(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Login, details)
    hub.signed_in, hub.picks = person_of(hub.people, wanted.login).login, wanted.pages
    return {"login": hub.signed_in}


def _revoke(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Withdrawal, details)
    person = person_of(hub.people, wanted.login)
    # Notion tells nobody: no event says that a connection was removed.
    return {"tokens": hub.grants.remove(person.login, wanted.client_id), "webhook": None}


def _share(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Sharing, details)
    for bot in hub.grants.bots(person_of(hub.people, wanted.login).login):
        bot.shared.add(wanted.page)
    return {"page": wanted.page}


def _unshare(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Sharing, details)
    for bot in hub.grants.bots(person_of(hub.people, wanted.login).login):
        bot.shared.discard(wanted.page)
    return {"page": wanted.page}


def _set_policy(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    hub.grants.policy = details_of(Policy, {**asdict(hub.grants.policy), **details})
    return asdict(hub.grants.policy)


def _limit(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Limit, details)
    for bot in hub.grants.bots(person_of(hub.people, wanted.login).login):
        hub.limits.leave(bot.id, wanted.remaining, wanted.seconds, wanted.reason, now)
    return {"login": wanted.login}


def _fail(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Failure, details)
    hub.failing += [wanted.retry_after] * wanted.times
    return {"waiting": len(hub.failing)}


def _webhook(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Event, details)
    event: dict[str, Any] = {"verification_token": VERIFICATION}
    if not wanted.handshake:
        ada = hub.people["ada"]
        event = {
            "id": new_id(),
            "timestamp": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "workspace_id": ada.workspace.id,
            "subscription_id": new_id(),
            "integration_id": CLIENT.id,
            "type": wanted.type,
            "authors": [{"id": ada.id, "type": "person"}],
            "accessible_by": [],
            "attempt_number": 1,
            "entity": {"id": wanted.entity or hub.top(ada.workspace)[0], "type": "page"},
            "data": {},
        }
    body = json.dumps(event)
    headers = {"content-type": "application/json"}
    if not wanted.handshake:
        headers["x-notion-signature"] = signature(body.encode(), VERIFICATION)
    return {"headers": headers, "body": body}


DEEDS: dict[str, Deed] = {
    "register_client": _register,
    "capabilities": _capabilities,
    "sign_in": _sign_in,
    "revoke": _revoke,
    "share": _share,
    "unshare": _unshare,
    "policy": _set_policy,
    "limit": _limit,
    "fail": _fail,
    "webhook": _webhook,
}

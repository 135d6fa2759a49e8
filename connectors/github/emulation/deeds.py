"""What people and operators do at GitHub, other than by its API."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from connector_vault.connector import BadArguments, Json
from connector_vault.emulator import details_of, person_of

from .grants import App
from .hub import Hub
from .notices import revocation

__all__ = ["DEEDS"]

Deed = Callable[[Hub, float, Mapping[str, Json]], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Registration:
    id: str
    secret: str
    redirect_uris: tuple[str, ...]
    name: str = "Another App"
    github_app: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Withdrawal:
    login: str
    client_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Policy:
    reuse: Literal["kill", "plain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limit:
    login: str
    resource: Literal["core", "search", "code_search"] = "core"
    remaining: int = 0
    secondary: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Login:
    login: str


def _register(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Registration, details)
    if not wanted.redirect_uris:
        raise BadArguments("an app needs at least one address in redirect_uris")
    hub.grants.apps[wanted.id] = App(
        id=wanted.id,
        secret=wanted.secret,
        name=wanted.name,
        redirect_uris=wanted.redirect_uris,
        github_app=wanted.github_app,
    )
    return {"id": wanted.id}


def _sign_in(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    hub.signed_in = person_of(hub.people, details_of(_Login, details).login)
    return {"login": hub.signed_in.login}


def _revoke(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Withdrawal, details)
    person = person_of(hub.people, wanted.login)
    count, apps = hub.grants.revoke_grant(person.login, wanted.client_id)
    # OAuth Apps are told nothing.
    told = [revocation(person) for app in sorted(apps) if hub.grants.apps[app].github_app]
    return {"tokens": count, "deliveries": told}


def _set_policy(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    hub.grants.reuse = details_of(_Policy, details).reuse
    return {"reuse": hub.grants.reuse}


def _limit(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Limit, details)
    person = person_of(hub.people, wanted.login)
    if wanted.secondary:
        hub.limits.pause(person.login, wanted.secondary, now)
    else:
        hub.limits.leave(person.login, wanted.resource, wanted.remaining, now)
    return {"login": person.login}


DEEDS: dict[str, Deed] = {
    "register_client": _register,
    "sign_in": _sign_in,
    "revoke": _revoke,
    "policy": _set_policy,
    "limit": _limit,
}

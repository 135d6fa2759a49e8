"""What people and operators do at Instagram, other than by its API."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from connector_vault.connector import BadArguments, Json
from connector_vault.emulator import details_of, person_of

from .grants import App
from .hub import BASIC, Hub
from .notices import removal
from .people import scoped_id
from .policy import Policy

__all__ = ["DEEDS"]

Deed = Callable[[Hub, float, Mapping[str, Json]], Json]

_REMOVED = 458
"""The subcode of a token whose person removed the app."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Registration:
    id: str
    secret: str
    redirect_uris: tuple[str, ...]
    name: str = "Another App"


@dataclass(frozen=True, slots=True, kw_only=True)
class _SignIn:
    login: str
    scopes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Withdrawal:
    login: str
    client_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfPerson:
    login: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ending:
    login: str
    subcode: Literal[458, 459, 460, 467] = 460


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    code: int
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limit:
    login: str
    minutes: int = 10


def _register(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Registration, details)
    if not wanted.redirect_uris:
        raise BadArguments("an app needs at least one address in redirect_uris")
    hub.grants.apps[wanted.id] = App(**asdict(wanted))
    return {"id": wanted.id}


def _sign_in(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_SignIn, details)
    hub.signed_in = person_of(hub.people, wanted.login)
    hub.grantable = None if wanted.scopes is None else frozenset({BASIC, *wanted.scopes})
    return {"login": hub.signed_in.login}


def _revoke(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Withdrawal, details)
    person = person_of(hub.people, wanted.login)
    ended = hub.grants.of(person.login, wanted.client_id, now)
    for token in ended:
        hub.grants.end(token, _REMOVED)
    apps = [hub.grants.apps[one] for one in sorted({token.app for token in ended})]
    told = [removal(app, scoped_id(app.id, person), now) for app in apps]
    return {"tokens": len(ended), "deliveries": told}


def _end(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Ending, details)
    ended = hub.grants.of(person_of(hub.people, wanted.login).login, None, now)
    for token in ended:
        hub.grants.end(token, wanted.subcode)
    return {"tokens": len(ended)}


def _delete_data(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    person = person_of(hub.people, details_of(_OfPerson, details).login)
    apps = hub.grants.apps.values()
    return {"deliveries": [removal(app, scoped_id(app.id, person), now) for app in apps]}


def _fail(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Failure, details)
    hub.failures = [wanted.code] * wanted.times
    return {"code": wanted.code}


def _set_policy(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    hub.policy = details_of(Policy, {**asdict(hub.policy), **details})
    return asdict(hub.policy)


def _limit(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Limit, details)
    person = person_of(hub.people, wanted.login)
    hub.throttled[person.login] = now + wanted.minutes * 60
    return {"login": person.login}


DEEDS: dict[str, Deed] = {
    "register_client": _register,
    "sign_in": _sign_in,
    "revoke": _revoke,
    "end": _end,
    "delete_data": _delete_data,
    "fail": _fail,
    "policy": _set_policy,
    "limit": _limit,
}

"""What people and operators do at TikTok, other than by its API."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from connector_vault.connector import BadArguments, Json
from connector_vault.emulator import details_of, person_of

from .grants import App
from .hub import Hub
from .policy import Policy

__all__ = ["DEEDS"]

Deed = Callable[[Hub, float, Mapping[str, Json]], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Registration:
    key: str
    secret: str
    redirect_uris: tuple[str, ...] = ()
    desktop: bool = True
    scopes: tuple[str, ...] | None = None
    name: str = "Another App"


@dataclass(frozen=True, slots=True, kw_only=True)
class _SignIn:
    login: str
    scopes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Withdrawal:
    login: str
    client_key: str | None = None
    reason: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limit:
    login: str
    route: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failing:
    code: str
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settings:
    login: str
    private: bool | None = None
    comment_disabled: bool | None = None
    duet_disabled: bool | None = None
    stitch_disabled: bool | None = None
    max_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finish:
    publish_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Nothing:
    pass


def _register(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Registration, details)
    scopes = None if wanted.scopes is None else frozenset(wanted.scopes)
    hub.grants.apps[wanted.key] = App(
        key=wanted.key,
        secret=wanted.secret,
        name=wanted.name,
        redirect_uris=wanted.redirect_uris,
        desktop=wanted.desktop,
        scopes=scopes,
    )
    return {"key": wanted.key}


def _sign_in(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_SignIn, details)
    hub.signed_in = person_of(hub.people, wanted.login)
    hub.grantable = None if wanted.scopes is None else frozenset(wanted.scopes)
    return {"login": hub.signed_in.username}


def _revoke(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Withdrawal, details)
    told = hub.withdraw(person_of(hub.people, wanted.login), wanted.client_key, wanted.reason, now)
    return {"apps": len(told), "deliveries": [*told]}


def _deliveries(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    details_of(_Nothing, details)
    return {"deliveries": list(hub.deliveries)}


def _set_policy(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    hub.policy = details_of(Policy, {**asdict(hub.policy), **details})
    return asdict(hub.policy)


def _limit(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Limit, details)
    hub.limits.spend(person_of(hub.people, wanted.login).username, wanted.route, now)
    return {"login": wanted.login}


def _fail(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Failing, details)
    hub.failures += [wanted.code] * wanted.times
    return list(hub.failures)


def _settings(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = asdict(details_of(_Settings, details))
    person = person_of(hub.people, wanted.pop("login"))
    for name, value in wanted.items():
        if value is not None:
            setattr(person, name, value)
    return {"login": person.username}


def _finish(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    one = hub.publications.get(details_of(_Finish, details).publish_id)
    if one is None or hub.status(one, now) not in ("SEND_TO_USER_INBOX", "PUBLISH_COMPLETE"):
        raise BadArguments("there is no such draft in an inbox")
    one.info = {"privacy_level": one.info.get("privacy_level") or "PUBLIC_TO_EVERYONE", **one.info}
    return {"id": str(hub.post(one, now).id)}


def _posts(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    details_of(_Nothing, details)
    hub.settle(now)
    return [
        {
            "id": str(one.id),
            "login": one.username,
            "title": one.title,
            "privacy_level": one.privacy,
            "publish_id": one.publish_id,
        }
        for one in hub.videos
        if one.publish_id
    ]


def _publications(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    details_of(_Nothing, details)
    hub.settle(now)
    return [
        {
            "publish_id": one.id,
            "status": hub.status(one, now),
            "info": one.info,
            "size": one.upload.received if one.upload else None,
            "chunks": one.upload.chunks if one.upload else None,
            "digest": one.upload.digest.hexdigest() if one.upload else None,
        }
        for one in hub.publications.values()
    ]


DEEDS: dict[str, Deed] = {
    "register_client": _register,
    "sign_in": _sign_in,
    "revoke": _revoke,
    "deliveries": _deliveries,
    "policy": _set_policy,
    "limit": _limit,
    "fail": _fail,
    "settings": _settings,
    "finish": _finish,
    "posts": _posts,
    "publications": _publications,
}

"""What people and operators do at X, other than by its API."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from connector_vault.connector import BadArguments, Json
from connector_vault.emulator import details_of, person_of

from .grants import App
from .hub import Hub
from .notices import revocations
from .policy import Policy
from .records import Post

__all__ = ["DEEDS"]

Deed = Callable[[Hub, float, Mapping[str, Json]], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Registration:
    id: str
    redirect_uris: tuple[str, ...]
    secret: str = ""
    consumer_secret: str = ""
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
class _Limit:
    login: str
    route: str
    remaining: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Posting:
    login: str
    text: str
    reply_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Upload:
    media_id: str


def _register(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Registration, details)
    if not wanted.redirect_uris:
        raise BadArguments("an app needs at least one address in redirect_uris")
    hub.grants.apps[wanted.id] = App(**asdict(wanted))
    return {"id": wanted.id}


def _sign_in(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_SignIn, details)
    hub.signed_in = person_of(hub.people, wanted.login)
    hub.grantable = None if wanted.scopes is None else frozenset(wanted.scopes)
    return {"login": hub.signed_in.username}


def _revoke(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Withdrawal, details)
    person = person_of(hub.people, wanted.login)
    count, apps = hub.grants.withdraw(person.username, wanted.client_id, now)
    told = [revocations(hub.grants.apps[app], person, now) for app in sorted(apps)]
    return {"tokens": count, "deliveries": [one for some in told for one in some]}


def _set_policy(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    hub.policy = details_of(Policy, {**asdict(hub.policy), **details})
    return asdict(hub.policy)


def _limit(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Limit, details)
    person = person_of(hub.people, wanted.login)
    hub.limits.leave(person.username, wanted.route, wanted.remaining, now)
    return {"login": person.username}


def _post(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Posting, details)
    parent = hub.posts.get(wanted.reply_to or "")
    post = Post(
        id=hub.next_id(now),
        author=person_of(hub.people, wanted.login),
        text=wanted.text,
        created=now,
        replies_to=parent.id if parent else None,
        conversation=(parent.conversation or parent.id) if parent else "",
    )
    return {"id": hub.keep(post).id}


def _medium(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Upload, details)
    found = hub.media.get(wanted.media_id)
    if found is None:
        raise BadArguments("there is no such upload")
    whole = {"size": found.size, "digest": found.digest, "alt_text": found.alt_text}
    return {**whole, "type": found.type, "category": found.category}


DEEDS: dict[str, Deed] = {
    "register_client": _register,
    "sign_in": _sign_in,
    "revoke": _revoke,
    "policy": _set_policy,
    "limit": _limit,
    "post": _post,
    "medium": _medium,
}

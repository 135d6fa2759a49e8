"""What people and operators do at Slack, other than by its API."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from connector_vault.connector import BadArguments, Json
from connector_vault.emulator import details_of

from .authorized import end
from .events import challenge, uninstalled
from .grants import App
from .hub import Hub
from .policies import Policy
from .records import Channel, Message, Person

__all__ = ["DEEDS"]

Deed = Callable[[Hub, float, Mapping[str, Json]], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Registration:
    id: str
    secret: str
    redirect_uris: tuple[str, ...]
    name: str = "Another App"
    signing_secret: str = "another-signing-secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Login:
    login: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Withdrawal:
    login: str
    client_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    team: str
    client_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Client:
    client_id: str = "1000.2000"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limit:
    method: str
    seconds: float
    status: int = 429


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    login: str
    channel: str
    text: str
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Invitation:
    channel: str
    client_id: str = "1000.2000"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Nothing:
    pass


def _register(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Registration, details)
    if not wanted.redirect_uris:
        raise BadArguments("an app needs at least one address in redirect_uris")
    hub.grants.apps[wanted.id] = App(
        id=wanted.id,
        app_id=hub.next_id("A"),
        secret=wanted.secret,
        signing_secret=wanted.signing_secret,
        name=wanted.name,
        redirect_uris=wanted.redirect_uris,
    )
    return {"id": wanted.id}


def _sign_in(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    hub.signed_in = _person(hub, details_of(_Login, details).login)
    return {"login": hub.signed_in.name}


def _revoke(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Withdrawal, details)
    person = _person(hub, wanted.login)
    before = len(hub.outbox)
    ended = end(hub, hub.grants.seats(app=wanted.client_id, installer=person.id), now)
    return {"tokens": ended, "deliveries": [one.shown() for one in hub.outbox[before:]]}


def _uninstall(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Place, details)
    seats = hub.grants.seats(home=wanted.team, app=wanted.client_id)
    before = len(hub.outbox)
    for seat in {seat.app: seat for seat in seats}.values():
        hub.outbox.append(uninstalled(hub.grants.apps[seat.app], seat, now))
    ended = end(hub, seats, now)
    return {"tokens": ended, "deliveries": [one.shown() for one in hub.outbox[before:]]}


def _deliveries(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    details_of(_Nothing, details)
    sent = [one.shown() for one in hub.outbox]
    hub.outbox.clear()
    return sent


def _challenge(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    app = hub.grants.apps.get(details_of(_Client, details).client_id)
    if app is None:
        raise BadArguments("no app has this client id")
    return challenge(app, now).shown()


def _set_policy(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(Policy, details)
    # As they were read: a list has become a tuple.
    hub.policy = replace(hub.policy, **{name: getattr(wanted, name) for name in details})
    return dict(details)


def _limit(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Limit, details)
    hub.limits.pause(wanted.method, wanted.seconds, wanted.status, now)
    return {"method": wanted.method}


def _say(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Said, details)
    person, channel = _person(hub, wanted.login), _channel(hub, wanted.channel)
    said = [
        hub.post(channel, Message(ts=hub.next_ts(now), user=person.id, text=wanted.text))
        for _ in range(wanted.times)
    ]
    return {"ts": [one.ts for one in said]}


def _invite(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Invitation, details)
    channel, app = _channel(hub, wanted.channel), hub.grants.apps.get(wanted.client_id)
    if app is None:
        raise BadArguments("no app has this client id")
    bot = hub.bot(app, channel.team, now)
    if bot.id not in channel.members:
        channel.members.append(bot.id)
    return {"user": bot.id}


def _archive(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    channel = _channel(hub, details_of(_Named, details).channel)
    channel.archived = True
    return {"channel": channel.id}


def _files(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    details_of(_Nothing, details)
    return [
        {
            "id": file.id,
            "name": file.name,
            "size": file.size,
            "sha256": hashlib.sha256(file.content).hexdigest() if file.content is not None else "",
            "shared": list(file.shared),
            "completed": file.completed,
        }
        for file in hub.files.values()
    ]


def _channel(hub: Hub, id_: str) -> Channel:
    channel = hub.channels.get(id_)
    if channel is None:
        msg = f"there is no conversation {id_!r}: there are {', '.join(hub.channels)}"
        raise BadArguments(msg)
    return channel


def _person(hub: Hub, login: str) -> Person:
    person = hub.person(login)
    if person is None:
        names = ", ".join(one.name for one in hub.people.values() if not one.bot_id)
        msg = f"nobody here is called {login!r}: there are {names}"
        raise BadArguments(msg)
    return person


DEEDS: dict[str, Deed] = {
    "register_client": _register,
    "sign_in": _sign_in,
    "revoke": _revoke,
    "uninstall": _uninstall,
    "deliveries": _deliveries,
    "challenge": _challenge,
    "policy": _set_policy,
    "limit": _limit,
    "say": _say,
    "invite": _invite,
    "archive": _archive,
    "files": _files,
}

"""A provider that rotates refresh tokens, and the network before it."""

import asyncio
import json
from dataclasses import dataclass, field

from connector_vault import Client, Secret
from connector_vault.connector import Connector, Identity, OAuth, Reply, Request, Revocation
from connector_vault.model import Account

__all__ = ["ORIGIN", "Flight", "Grant", "Network", "Provider", "client_of", "connector_of"]

ORIGIN = "https://torture.example"
UNDER_WAY = 4.9
"""Seconds a request may still be under way after its sender has given it up, or has died."""
_HOUR = 3600


def client_of(name):
    """Give our client at a provider."""
    return Client(provider=name, id=f"client-{name}", secret=Secret("secret"))


def connector_of(setting):
    """Give the provider of a setting, as data."""
    return Connector(
        name=setting.policy,
        title=setting.policy.title(),
        api=ORIGIN,
        identity=Identity(request=Request("GET", "/me"), account=_account)
        if setting.identity
        else None,
        oauth=OAuth(
            authorize=f"{ORIGIN}/authorize",
            token=f"{ORIGIN}/token",
            revocation=Revocation(
                token=_revoke,
                probe=None if setting.deaf else _probe,
                needs_live_token=setting.live,
            ),
        ),
    )


def _account(_reply):
    return Account(id="ada", label="ada")


def _revoke(_client, tokens):
    token = tokens.refresh or tokens.access
    return (Request("POST", f"{ORIGIN}/revoke", form={"token": token.reveal()}),)


def _probe(_client, tokens):
    token = tokens.refresh or tokens.access
    return Request("POST", f"{ORIGIN}/probe", form={"token": token.reveal()})


@dataclass(slots=True)
class Grant:
    """What one consent gave: a family of tokens, of which the last one is live."""

    number: int
    current: int = 1
    alive: bool = True
    access: str = ""

    @property
    def newest(self):
        return f"rt-{self.number}-{self.current}"


class Provider:
    """Answers each request at once, when it arrives."""

    def __init__(self, world, setting):
        self._world = world
        self._setting = setting
        self.grants = {}
        self.issued = {}
        """Every access token there ever was, with its refresh token."""

    def consent(self):
        """Begin a grant, and give what it is answered with."""
        grant = Grant(len(self.grants) + 1)
        self.grants[grant.number] = grant
        return self._tokens(grant) | {"refresh_token": grant.newest}

    def grant_of(self, token):
        """Give the grant of a refresh token."""
        return self.grants[int(token.split("-")[1])]

    def lives(self, token):
        """Tell whether a refresh token is good."""
        grant = self.grant_of(token)
        return grant.alive and grant.newest == token

    def answer(self, request):
        match request.url.removeprefix(ORIGIN):
            case "/token":
                return self._refresh(request.form["refresh_token"])
            case "/revoke":
                return self._revoke(request.form["token"])
            case "/probe":
                return Reply(200 if self.lives(request.form["token"]) else 404)
        bearer = request.headers["Authorization"].removeprefix("Bearer ")
        known = any(one.alive and one.access == bearer for one in self.grants.values())
        return Reply(200 if known else 401, b'{"id": "ada"}')

    def _refresh(self, token):
        grant, policy = self.grant_of(token), self._setting.policy
        spent = grant.newest != token
        if spent and policy == "grace":
            spent = token != f"rt-{grant.number}-{grant.current - 1}"
            if grant.alive and not spent:
                return _json(200, self._tokens(grant))
        if grant.alive and not spent:
            grant.current += policy != "still"
            return _json(200, self._tokens(grant))
        if grant.alive and policy == "kill":
            self._world.note_killed(grant)
            grant.alive = False
        return _json(400, {"error": "invalid_grant"})

    def _revoke(self, token):
        lived = self.lives(token)
        if lived:
            self.grant_of(token).alive = False
            self._world.say("provider", f"revokes {token}")
        return Reply(200 if lived or self._setting.deaf else 404)

    def _tokens(self, grant):
        grant.access = f"at-{grant.number}-{grant.current}-{len(self.issued)}"
        self.issued[grant.access] = grant.newest
        said = {"access_token": grant.access, "expires_in": _HOUR}
        if self._setting.policy != "still":
            said["refresh_token"] = grant.newest
        return said


def _json(status, said):
    return Reply(status, json.dumps(said).encode())


@dataclass(slots=True, eq=False)
class Flight:
    """A request on its way, and its answer on the way back."""

    request: Request
    sender: object
    attempt: str
    checked: int
    """The step at which its sender made sure that it may be sent. -1: it did not."""
    looked: int
    """The step at which its sender last looked at the row."""
    answer: asyncio.Future = field(repr=False)
    timer: asyncio.TimerHandle | None = None
    arrived: bool = False
    dropped: bool = False
    over: bool = False
    """Its sender has given up, or died."""
    reply: Reply | None = None
    given: str = ""
    """The refresh token that was answered."""
    read: bool = False

    @property
    def token(self):
        form = self.request.form or {}
        return form.get("refresh_token")

    @property
    def under_way(self):
        return not (self.arrived or self.dropped)

    @property
    def won(self):
        return self.read and self.reply is not None and self.reply.status == 200


class Network:
    """Carries requests, late or never. Faults strike only where tokens are refreshed or revoked."""

    def __init__(self, world):
        self._world = world
        self.flights = []

    def launch(self, request, sender, attempt, checked, looked):
        world, fate = self._world, self._world.fate
        flight = Flight(request, sender, attempt, checked, looked, world.loop.create_future())
        self.flights.append(flight)
        ahead = 0.0 if fate.setting.tempo == "lockstep" else fate.between(0, 0.3)
        if world.strikes("slow", sender):
            ahead = fate.between(5, 24)
        if world.strikes("request lost", sender):
            flight.dropped = True
            self._maybe_break(flight)
        elif world.strikes("line broken", sender):
            self._later(fate.between(0, 1), lambda: self._break(flight))
            ahead = fate.between(0, UNDER_WAY)
        if not flight.dropped:
            flight.timer = self._later(ahead, lambda: self._arrive(flight))
        return flight

    def give_up(self, flight):
        """Note that nobody waits for an answer any more."""
        flight.over = True
        fate = self._world.fate
        if flight.timer is None or not flight.under_way:
            return
        flight.timer.cancel()
        if fate.coin(0.25):
            flight.dropped = True
            return
        # As late as can be, more often than not.
        late = UNDER_WAY if fate.coin() else fate.between(0, UNDER_WAY)
        flight.timer = self._later(late, lambda: self._arrive(flight))

    def _arrive(self, flight):
        world = self._world
        flight.arrived = True
        flight.reply = reply = self._answer(flight)
        what = f"{flight.request.url.removeprefix(ORIGIN)} {flight.token or ''}"
        world.say("provider", f"answers {what} with {reply.status} {reply.body.decode()}")
        if world.strikes("reply lost", flight.sender):
            self._maybe_break(flight)
            return
        back = 0.0 if world.fate.setting.tempo == "lockstep" else world.fate.between(0, 0.3)
        self._later(back, lambda: _give(flight.answer, reply))

    def _answer(self, flight):
        world = self._world
        if world.strikes("trouble before", flight.sender):
            return Reply(503)
        if world.strikes("too many", flight.sender):
            return Reply(429, b"{}", {"retry-after": "3"})
        reply = world.provider.answer(flight.request)
        if flight.token and reply.status == 200:
            flight.given = world.provider.grant_of(flight.token).newest
        return Reply(503) if world.strikes("trouble after", flight.sender) else reply

    def _maybe_break(self, flight):
        if self._world.fate.coin(0.7):
            self._later(self._world.fate.between(0, 2), lambda: self._break(flight))

    def _break(self, flight):
        _give(flight.answer, None)

    def _later(self, seconds, act):
        world = self._world
        return world.loop.call_later(seconds, act, context=world.context)


def _give(future, what):
    if not future.done():
        future.set_result(what)

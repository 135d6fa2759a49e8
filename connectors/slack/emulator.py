"""Slack, played: its OAuth, the part of its Web API that tools use, and its host for files.

There are one app, `1000.2000` with the secret `emulator-secret` and the signing secret
`emulator-signing-secret`; two workspaces: Acme (`T0ACME`) with `ada` and `grace`, and Globex
(`T0GLOBEX`), of an organisation (`E0GLOBEX`), with `hank`. Acme has the channels general, random
and, private, secrets, and ada's direct messages with grace. The app's bot is a member of none.

Deeds, for `World.act("slack", …)`:

register_client  id, secret, redirect_uris, name, signing_secret: make another app
sign_in          login: say who agrees next, where nobody is asked
revoke           login, client_id: a person takes back what they granted, their bots' tokens too
uninstall        team, client_id: an app, or every one, is taken off a workspace or organisation
deliveries       give, and forget, what was sent to apps; `revoke` and `uninstall` give theirs, too
challenge        client_id: give what Slack sends to an address it does not know yet
policy           any field of `emulation.policies.Policy`: play what is left open the other way
limit            method, seconds, status: refuse a method for so long, with 429 or 200
say              login, channel, text, times: somebody posts a message
invite           channel, client_id: somebody adds the app's bot to a channel
archive          channel: somebody archives a channel
files            tell of each file its size, the digest of its bytes, and where it is shared
"""

import base64
from urllib.parse import unquote_plus

from connector_vault.connector import BadArguments, Json, Reply
from connector_vault.emulator import Call, Clock, Site, consent_page

from .emulation import (
    authorized,
    chat,
    conversations,
    deeds,
    exchange,
    gate,
    login,
    people,
    search,
    uploads,
)
from .emulation.answers import Problem, page
from .emulation.hub import CLIENT, Hub

__all__ = ["CLIENT", "Slack", "emulate"]

_METHODS = {
    **authorized.METHODS,
    **chat.METHODS,
    **conversations.METHODS,
    **people.METHODS,
    **search.METHODS,
    **uploads.METHODS,
}

_TOKENS = {"oauth.v2.access": exchange.access, "oauth.v2.exchange": exchange.exchange}


def emulate(clock: Clock) -> Site:
    """Play Slack from its first day."""
    return Slack(clock)


class Slack:
    """Both of its hosts, over one state."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hub = Hub(clock.now())

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset({"slack.com", "files.slack.com"})

    def answer(self, call: Call) -> Reply:
        """Answer one request."""
        self._hub.settle(self._clock.now())
        if call.host == "files.slack.com":
            return uploads.receive(self._hub, call)
        match call.method, call.segments:
            case "GET", ("oauth", "v2", "authorize"):
                return self._authorize(call)
            case "POST", ("oauth", "v2", "authorize"):
                return self._decide(call)
            case "GET" | "POST", ("api", name):
                return self._api(call, name)
            case _:
                return page("There is no such page.", 404)

    def act(self, deed: str, /, **details: Json) -> Json:
        """Do one of the deeds listed above."""
        if deed not in deeds.DEEDS:
            msg = f"slack knows no deed {deed!r}: there are {', '.join(deeds.DEEDS)}"
            raise BadArguments(msg)
        return deeds.DEEDS[deed](self._hub, self._clock.now(), details)

    def _api(self, call: Call, name: str) -> Reply:
        now = self._clock.now()
        if name in _TOKENS:
            return _TOKENS[name](self._hub, {**call.query, **_sent(call), **_named(call)}, now)
        if name == "auth.revoke":
            args = gate.arguments(call, reads_json=False)
            test = args.get("test", "").lower() in ("1", "true")
            return authorized.revoke(self._hub, gate.bearer(call, args), test=test, now=now)
        if name not in _METHODS:
            return Problem("unknown_method", req_method=name).reply()
        return gate.admit(self._hub, call, name, _METHODS[name], now)

    def _authorize(self, call: Call) -> Reply:
        asking = login.ask(self._hub, call.query)
        if isinstance(asking, Reply):
            return asking
        humans = [one for one in self._hub.people.values() if not one.bot_id]
        first = self._hub.signed_in
        if asking.team and first.team != asking.team:
            first = next((one for one in humans if one.team == asking.team), first)
        if call.consent == "auto":
            return login.agree(self._hub, asking, first, self._clock.now())
        asked = [*asking.scopes, *(f"as you: {scope}" for scope in asking.user_scopes)]
        return consent_page(
            "Slack",
            asking.app.name,
            asked,
            [first.name, *(one.name for one in humans if one != first)],
            action=f"{call.base}/slack.com/oauth/v2/authorize",
            hidden=call.query,
        )

    def _decide(self, call: Call) -> Reply:
        form = call.form()
        asking = login.ask(self._hub, form)
        if isinstance(asking, Reply):
            return asking
        if form.get("decision") != "authorize":
            return login.decline(asking)
        person = self._hub.person(form.get("login", "")) or self._hub.signed_in
        return login.agree(self._hub, asking, person, self._clock.now())


def _sent(call: Call) -> dict[str, str]:
    """Read the form, and the token that Slack's own library puts into a header instead."""
    form = call.form()
    token = gate.bearer(call, form)
    return {**form, "token": token} if token else form


def _named(call: Call) -> dict[str, str]:
    """Read the client from HTTP Basic (RFC 6749 §2.3.1), as Slack prefers it."""
    scheme, _, credential = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        name, _, secret = base64.b64decode(credential, validate=True).decode().partition(":")
    except ValueError:
        return {}
    return {"client_id": unquote_plus(name), "client_secret": unquote_plus(secret)}

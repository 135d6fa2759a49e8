"""GitHub, played: github.com's OAuth and the part of api.github.com that tools use.

There are one app, `Iv1.emulator` with the secret `emulator-secret`; two people, `octocat` and
`hubot`; octocat's repositories `hello-world` and, private, `secrets`.

Deeds, for `World.act("github", …)`:

register_client  id, secret, redirect_uris, name, github_app: make another app
sign_in          login: say who agrees next, where nobody is asked
revoke           login, client_id: a person withdraws what they granted to one app, or to all; gives
                 the `deliveries` that GitHub sends to the webhooks of GitHub Apps, signed with
                 `emulator-webhook-secret`
policy           reuse="kill" or "plain": whether a spent refresh token ends its whole family
limit            login, resource, remaining: begin a window in which so little is left
limit            login, secondary: begin a secondary limit of so many seconds
"""

import base64
from dataclasses import replace
from urllib.parse import unquote_plus

from connector_vault.connector import BadArguments, Json, Reply
from connector_vault.emulator import Call, Clock, Routes, Site, consent_page

from .emulation import (
    actions,
    applications,
    comments,
    commits,
    contents,
    deeds,
    gate,
    issues,
    login,
    people,
    pulls,
    repositories,
    search,
)
from .emulation.asked import Asked, Handler
from .emulation.hub import CLIENT, Hub
from .emulation.notices import WEBHOOK_SECRET

__all__ = ["CLIENT", "WEBHOOK_SECRET", "GitHub", "emulate"]

_ENTERPRISE = ("api", "v3")
"""Where an Enterprise server has its API: clients that expect one find the login beside it."""

_API = Routes[Handler](
    {
        **actions.ROUTES,
        **applications.ROUTES,
        **comments.ROUTES,
        **commits.ROUTES,
        **contents.ROUTES,
        **issues.ROUTES,
        **people.ROUTES,
        **pulls.ROUTES,
        **repositories.ROUTES,
        **search.ROUTES,
    },
)


def emulate(clock: Clock) -> Site:
    """Play GitHub from its first day."""
    return GitHub(clock)


class GitHub:
    """Both of its hosts, over one state."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hub = Hub(clock.now())

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset({"github.com", "api.github.com"})

    def answer(self, call: Call) -> Reply:
        """Answer one request."""
        # Clients that were told the API's address look for the login below it.
        if call.host == "api.github.com" and call.segments[:2] != ("login", "oauth"):
            return self._api(call)
        if call.segments[:2] == _ENTERPRISE:
            return self._api(replace(call, path=call.path[7:], segments=call.segments[2:]))
        match call.method, call.path:
            case "GET", "/login/oauth/authorize":
                return self._authorize(call)
            case "POST", "/login/oauth/authorize":
                return self._decide(call)
            case "POST", "/login/oauth/access_token":
                return self._exchange(call)
            case _:
                return login.page_not_found()

    def act(self, deed: str, /, **details: Json) -> Json:
        """Do one of the deeds listed above."""
        if deed not in deeds.DEEDS:
            msg = f"github knows no deed {deed!r}: there are {', '.join(deeds.DEEDS)}"
            raise BadArguments(msg)
        return deeds.DEEDS[deed](self._hub, self._clock.now(), details)

    def _api(self, call: Call) -> Reply:
        handler, names = _API.find(call.method, call.segments) or (None, ())
        asked = Asked(
            now=self._clock.now(),
            base=call.base,
            method=call.method,
            path=call.path,
            names=names,
            query=call.query,
            headers=call.headers,
            body=call.body,
        )
        return gate.admit(self._hub, asked, handler)

    def _authorize(self, call: Call) -> Reply:
        asking = login.ask(self._hub, call.query)
        if isinstance(asking, Reply):
            return asking
        first = self._hub.people.get(asking.login, self._hub.signed_in)
        if call.consent == "auto":
            return login.agree(self._hub, asking, first.login, self._clock.now())
        others = [one for one in self._hub.people if one != first.login]
        return consent_page(
            "GitHub",
            asking.app.name,
            asking.scopes or (),
            [first.login, *others],
            action=f"{call.base}/github.com/login/oauth/authorize",
            hidden={name: said for name, said in call.query.items() if name != "login"},
        )

    def _decide(self, call: Call) -> Reply:
        form = call.form()
        asking = login.ask(self._hub, form)
        if isinstance(asking, Reply):
            return asking
        if form.get("decision") != "authorize":
            return login.decline(asking)
        person = self._hub.people.get(asking.login, self._hub.signed_in)
        return login.agree(self._hub, asking, person.login, self._clock.now())

    def _exchange(self, call: Call) -> Reply:
        given = {**_named(call), **call.query, **call.form(), **_texts(call)}
        return login.exchange(self._hub, given, call.headers.get("accept", ""), self._clock.now())


def _named(call: Call) -> dict[str, str]:
    """Read the client from HTTP Basic (RFC 6749 §2.3.1), which GitHub takes too."""
    scheme, _, credential = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        name, _, secret = base64.b64decode(credential, validate=True).decode().partition(":")
    except ValueError:
        return {}
    return {"client_id": unquote_plus(name), "client_secret": unquote_plus(secret)}


def _texts(call: Call) -> dict[str, str]:
    """Read the parameters of a JSON body, which GitHub takes too."""
    if not call.headers.get("content-type", "").startswith("application/json"):
        return {}
    body = call.json()
    if not isinstance(body, dict):
        return {}
    pairs: dict[str, Json] = {**body}
    return {name: value for name, value in pairs.items() if isinstance(value, str)}

"""X, played: OAuth at x.com, and the part of api.x.com that tools use.

There are two apps, `x-emulator` with the secret `emulator-secret` (its consumer secret is
`emulator-consumer-secret`) and the public `x-emulator-public`; two people, `wren`, who is signed
in, and `finch`; and three posts, in one of which finch mentions wren.

Deeds, for `World.act("x", …)`:

register_client  id, secret (none: a public client), consumer_secret, redirect_uris, name
sign_in          login, scopes: say who agrees next, and to which of the scopes at most
revoke           login, client_id: a person withdraws what they granted to one app, or to all; gives
                 the `deliveries` that X sends to its webhook, signed, as either product would
policy           what X leaves open: see `emulation.policy.Policy`
limit            login, route, remaining: begin a window in which so little is left of
                 `GET /2/users/me`
post             login, text, reply_to: somebody posts
medium           media_id: look at what came of an upload
"""

from connector_vault.connector import BadArguments, Json, Reply
from connector_vault.emulator import Call, Clock, Site, consent_page

from .emulation import deeds, gate, login
from .emulation.hub import CLIENT, PUBLIC_CLIENT, Hub

__all__ = ["CLIENT", "PUBLIC_CLIENT", "X", "emulate"]

_WEB = ("x.com", "twitter.com")
_API = ("api.x.com", "api.twitter.com")


def emulate(clock: Clock) -> Site:
    """Play X from its first day."""
    return X(clock)


class X:
    """Its hosts, under their old names too, over one state."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hub = Hub(clock.now())

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset({*_WEB, *_API})

    def answer(self, call: Call) -> Reply:
        """Answer one request."""
        now = self._clock.now()
        match call.method, call.path:
            case "GET", "/i/oauth2/authorize" if call.host in _WEB:
                return self._authorize(call)
            case "POST", "/i/oauth2/authorize" if call.host in _WEB:
                return self._decide(call)
            case _ if call.host in _WEB:
                return Reply(404)
            case "POST", "/2/oauth2/token":
                return login.exchange(self._hub, call, now)
            case "POST", "/2/oauth2/revoke":
                return login.revoke(self._hub, call, now)
            case _:
                return gate.admit(self._hub, call, now)

    def act(self, deed: str, /, **details: Json) -> Json:
        """Do one of the deeds listed above."""
        if deed not in deeds.DEEDS:
            msg = f"x knows no deed {deed!r}: there are {', '.join(deeds.DEEDS)}"
            raise BadArguments(msg)
        return deeds.DEEDS[deed](self._hub, self._clock.now(), details)

    def _authorize(self, call: Call) -> Reply:
        asking = login.ask(self._hub, call.query)
        if isinstance(asking, Reply):
            return asking
        first = self._hub.signed_in.username
        if call.consent == "auto":
            return login.agree(self._hub, asking, first, self._clock.now())
        return consent_page(
            "X",
            asking.app.name,
            asking.scopes,
            [first, *(one for one in self._hub.people if one != first)],
            action=f"{call.base}/{call.host}/i/oauth2/authorize",
            hidden=dict(call.query),
        )

    def _decide(self, call: Call) -> Reply:
        form = call.form()
        asking = login.ask(self._hub, form)
        if isinstance(asking, Reply):
            return asking
        if form.get("decision") != "authorize":
            return login.decline(asking)
        person = self._hub.people.get(form.get("login", ""), self._hub.signed_in)
        return login.agree(self._hub, asking, person.username, self._clock.now())

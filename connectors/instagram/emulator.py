"""Instagram Login, played: www.instagram.com, api.instagram.com and graph.instagram.com.

There is one app, `instagram-emulator` with the secret `emulator-secret`; and three people: `robin`,
who is signed in, and `wagtail`, with professional accounts, and `sparrow` with a personal one.

Deeds, for `World.act("instagram", …)`, besides those of `_meta.emulation.instagram`:

register_client  id, secret, redirect_uris, name
sign_in          login, scopes: say who agrees next, and to which of the scopes at most
revoke           login, client_id: a person removes one app, or all; gives the `deliveries` that
                 Instagram sends to its callback, signed
delete_data      login: a person asks for the deletion of their data; gives the `deliveries`
end              login, subcode: ends somebody's tokens, and tells nobody: 460, since the password
                 changed, or 459, 467
fail             code, times: the next calls get this error
policy           what Instagram leaves open: see `emulation.policy.Policy`
limit            login, minutes: somebody's account is asked too often until then
"""

from connector_vault.connector import Json, Reply
from connector_vault.emulator import Call, Clock, Site, consent_page

from .emulation import gate, login
from .emulation.deeds import DEEDS
from .emulation.hub import CLIENT, Hub

__all__ = ["CLIENT", "InstagramLogin", "emulate"]

_WEB, _TOKENS, _GRAPH = "www.instagram.com", "api.instagram.com", "graph.instagram.com"
_ASK = "/oauth/authorize"


def emulate(clock: Clock) -> Site:
    """Play Instagram from its first day."""
    return InstagramLogin(clock)


class InstagramLogin:
    """Its hosts over one state."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hub = Hub(clock)

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset({_WEB, _TOKENS, _GRAPH})

    def answer(self, call: Call) -> Reply:
        """Answer one request."""
        match call.host, call.method, call.path.rstrip("/"):
            # Instagram's own pages name either host.
            case "www.instagram.com" | "api.instagram.com", "GET", "/oauth/authorize":
                return self._authorize(call)
            case "www.instagram.com", "POST", "/oauth/authorize":
                return self._decide(call)
            case "api.instagram.com", "POST", "/oauth/access_token":
                return login.by_code(self._hub, call, self._clock.now())
            case "graph.instagram.com", _, _:
                return self._graph(call)
            case _:
                return Reply(404)

    def act(self, deed: str, /, **details: Json) -> Json:
        """Do one of the deeds listed above."""
        if deed in DEEDS:
            return DEEDS[deed](self._hub, self._clock.now(), details)
        return self._hub.gram.act(deed, details)

    def _graph(self, call: Call) -> Reply:
        now = self._clock.now()
        match call.method, call.path.rstrip("/"):
            case "GET", "/access_token":
                return login.lengthen(self._hub, call.query, now)
            case "GET", "/refresh_access_token":
                return login.refresh(self._hub, call.query, now)
            case _:
                return gate.admit(self._hub, call, now)

    def _authorize(self, call: Call) -> Reply:
        asking = login.ask(self._hub, call.query)
        if isinstance(asking, Reply):
            return asking
        first = self._hub.signed_in
        if call.consent == "auto":
            return login.agree(self._hub, asking, first, self._clock.now())
        others = [one for one in self._hub.people if one != first.login]
        return consent_page(
            "Instagram",
            asking.app.name,
            asking.scopes,
            [first.login, *others],
            action=f"{call.base}/{_WEB}{_ASK}",
            hidden=dict(call.query),
        )

    def _decide(self, call: Call) -> Reply:
        form = call.form()
        asking = login.ask(self._hub, form)
        if isinstance(asking, Reply):
            return asking
        if form.get("decision") != "authorize":
            return login.decline(self._hub, asking)
        person = self._hub.people.get(form.get("login", ""), self._hub.signed_in)
        return login.agree(self._hub, asking, person, self._clock.now())

"""Notion, played: its OAuth and the part of its API that tools use.

There are one app, `0f0e0d0c-0b0a-4908-8706-050403020100` with the secret `emulator-secret`; three
people, `ada` and `grace` at Acme and `linus` at home; at Acme the page Handbook with Holidays below
it, and the database Tasks. Who agrees shares all that lies at the top of their workspace.

Deeds, for `World.act("notion", …)`:

register_client  id, secret, redirect_uris, name, capabilities: make another app
capabilities     capabilities, client_id: say what an app was registered for
sign_in          login, pages: say who agrees next, where nobody is asked, and which pages they pick
revoke           login, client_id: a person removes one app, or all. No webhook tells of it
share, unshare   login, page: a person lets all their apps see a page, or no longer
policy           what Notion leaves open, either way: see `emulation.grants.Policy`
limit            login, remaining, seconds, reason: begin a window in which so little is left
fail             times, retry_after: make the next changes, and answer them with 503
webhook          type, entity, handshake: give a delivery to a webhook, signed unless a handshake
"""

from connector_vault.connector import BadArguments, Json, Reply
from connector_vault.emulator import Call, Clock, Routes, Site, consent_page

from .emulation import (
    blocks,
    comments,
    content,
    databases,
    deeds,
    gate,
    login,
    oauth,
    pages,
    people,
    search,
)
from .emulation.asked import Asked, Handler
from .emulation.hub import CLIENT, Hub
from .emulation.seed import seed

__all__ = ["CLIENT", "Notion", "emulate"]

_AUTHORIZE = "/v1/oauth/authorize"

_API = Routes[Handler](
    {
        **blocks.ROUTES,
        **comments.ROUTES,
        **content.ROUTES,
        **databases.ROUTES,
        **pages.ROUTES,
        **people.ROUTES,
        **search.ROUTES,
    },
)


def emulate(clock: Clock) -> Site:
    """Play Notion from its first day."""
    return Notion(clock)


class Notion:
    """Its one host."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hub = Hub()
        seed(self._hub, clock.now())

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset({"api.notion.com"})

    def answer(self, call: Call) -> Reply:
        """Answer one request."""
        match call.method, call.path:
            case "GET", "/v1/oauth/authorize":
                return self._authorize(call)
            case "POST", "/v1/oauth/authorize":
                return self._decide(call)
            case "POST", path if path in oauth.ROUTES:
                return oauth.answer(self._hub, self._asked(call, ()), path)
            case _:
                handler, names = _API.find(call.method, call.segments) or (None, ())
                return gate.admit(self._hub, self._asked(call, names), call.path, handler)

    def act(self, deed: str, /, **details: Json) -> Json:
        """Do one of the deeds listed above."""
        if deed not in deeds.DEEDS:
            msg = f"notion knows no deed {deed!r}: there are {', '.join(deeds.DEEDS)}"
            raise BadArguments(msg)
        return deeds.DEEDS[deed](self._hub, self._clock.now(), details)

    def _asked(self, call: Call, names: tuple[str, ...]) -> Asked:
        return Asked(
            now=self._clock.now(),
            base=call.base,
            method=call.method,
            names=names,
            query=call.query,
            headers=call.headers,
            body=call.body,
        )

    def _authorize(self, call: Call) -> Reply:
        asking = login.ask(self._hub, call.query)
        if isinstance(asking, Reply):
            return asking
        first = self._hub.signed_in
        if call.consent == "auto":
            return login.agree(self._hub, asking, first, self._clock.now())
        others = [one for one in self._hub.people if one != first]
        return consent_page(
            "Notion",
            asking.app.name,
            sorted(asking.app.capabilities),
            [first, *others],
            action=f"{call.base}/api.notion.com{_AUTHORIZE}",
            hidden=call.query,
        )

    def _decide(self, call: Call) -> Reply:
        form = call.form()
        asking = login.ask(self._hub, form)
        if isinstance(asking, Reply):
            return asking
        if form.get("decision") != "authorize":
            return login.decline(asking)
        chosen = form.get("login", "")
        person = chosen if chosen in self._hub.people else self._hub.signed_in
        return login.agree(self._hub, asking, person, self._clock.now())

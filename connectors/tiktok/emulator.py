"""TikTok, played: OAuth at www.tiktok.com, the part of its API that tools use, hosts for uploads.

There is one app, `tiktok-emulator` with the secret `emulator-secret`; two people, `dancing.duck`,
who is signed in, and `quiet_quail`, whose account is private; and three posts of the duck's. Films
that are uploaded are counted and hashed, and not kept.

Deeds, for `World.act("tiktok", …)`:

register_client  key, secret, redirect_uris, desktop, scopes (approved ones), name
sign_in          login, scopes: say who agrees next, and to which of the scopes at most
revoke           login, client_key, reason: a person withdraws what they granted to one app, or to
                 all; gives the `deliveries` that TikTok sends to its webhook, signed
deliveries       all of them so far, those of our own revocations too
policy           what TikTok leaves open: see `emulation.policy.Policy`
limit            login, route: nothing is left of `POST /v2/video/list/` for a minute
fail             code, times: so many requests to the API are refused with this code
settings         login, private, comment_disabled, duet_disabled, stitch_disabled, max_seconds
finish           publish_id: the owner of a draft posts it in the app
posts            what was posted by apps
publications     what was sent to be posted, and how far it is
"""

from connector_vault.connector import BadArguments, Json, Reply
from connector_vault.emulator import Call, Clock, Site, consent_page

from .emulation import deeds, gate, login, uploads
from .emulation.hub import CLIENT, Hub

__all__ = ["CLIENT", "TikTok", "emulate"]

_WEB = "www.tiktok.com"
_API = "open.tiktokapis.com"
_UPLOADS = frozenset(
    {
        "open-upload.tiktokapis.com",
        "open-upload-sg.tiktokapis.com",
        "upload.us.tiktokapis.com",
    }
)


def emulate(clock: Clock) -> Site:
    """Play TikTok from its first day."""
    return TikTok(clock)


class TikTok:
    """Its hosts, over one state."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hub = Hub(clock.now())

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset({_WEB, _API}) | _UPLOADS

    def answer(self, call: Call) -> Reply:
        """Answer one request."""
        now = self._clock.now()
        if call.host in _UPLOADS:
            return uploads.receive(self._hub, call, now)
        match call.host, call.method, call.path:
            # The page opens without the slash as well, which clients leave out.
            case "www.tiktok.com", "GET", "/v2/auth/authorize/" | "/v2/auth/authorize":
                return self._authorize(call)
            case "www.tiktok.com", "POST", "/v2/auth/authorize/":
                return self._decide(call)
            case "open.tiktokapis.com", _, _:
                return gate.admit(self._hub, call, now)
            case _:
                return Reply(404)

    def act(self, deed: str, /, **details: Json) -> Json:
        """Do one of the deeds listed above."""
        if deed not in deeds.DEEDS:
            msg = f"tiktok knows no deed {deed!r}: there are {', '.join(deeds.DEEDS)}"
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
            "TikTok",
            asking.app.name,
            asking.scopes,
            [first, *(one for one in self._hub.people if one != first)],
            action=f"{call.base}/{_WEB}/v2/auth/authorize/",
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

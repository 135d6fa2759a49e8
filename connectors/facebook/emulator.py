"""Facebook, played: its dialog, the Graph API for Pages and their accounts on Instagram, uploads.

There is one app, `1234567890123456` with the secret `emulator-secret-of-facebook` and the
configuration `8100200300` of Facebook Login for Business; three people, `ada`, who is signed in and
has the Page Marsh Bakery (104000000000001), `bert`, who has two, and `cleo`, who has none.

Deeds, for `World.act("facebook", …)`:

register_client  id, secret, redirect_uris, name, configurations
sign_in          login, scopes, pages: say who agrees next, to which permissions and Pages at most
revoke           login, client_id: a person removes one app, or all; gives the `deliveries` that
                 Facebook sends for it, signed
password         login: a person changes their password, which ends all their tokens
kill             login, subcode: a person's tokens are refused with this subcode
fail             code, times: the next calls are refused with this code
delete_data      login: a person wants their data deleted; gives the `deliveries` for it, signed
webhook          handshake, or field, login: what Facebook sends to the app's webhook, signed
role             login, page, tasks: what a person may do on a Page; no tasks: nothing any more
more_pages       login, count: a person gets so many more Pages
policy           what Facebook leaves open: see `emulation.policy.Policy`
limit            who, minutes: a Page, or a person, by their id, may ask nothing for a while
posts            page: list all there is on a Page, seen or not
comment          post, text, login (dora or gil), or name and id: somebody comments
write            page, text, login (dora or gil), or name and id: somebody writes to a Page
medium           id: look at what came of an upload
leaks            list requests whose address held a token, a code or a secret
instagram_…      those of Instagram: `instagram_published`, `instagram_publishing`, …
"""

from connector_vault.connector import BadArguments, Json, Reply
from connector_vault.emulator import Call, Clock, Site, consent_page

from .._meta.emulation.instagram import Instagram
from .emulation import deeds, gate, login, reels
from .emulation.answers import Refusal
from .emulation.hub import CLIENT, Hub
from .emulation.people import INSTAGRAMS

__all__ = ["CLIENT", "Facebook", "emulate"]

_WEB = "www.facebook.com"
_UPLOADS = "rupload.facebook.com"
_ON_INSTAGRAM = "instagram_"


def emulate(clock: Clock) -> Site:
    """Play Facebook from its first day."""
    return Facebook(clock)


class Facebook:
    """Its hosts, over one state."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hub = Hub(clock.now())
        self._instagram = Instagram(clock, INSTAGRAMS, login="facebook")

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset({_WEB, "graph.facebook.com", _UPLOADS})

    def answer(self, call: Call) -> Reply:
        """Answer one request."""
        if call.host == _WEB:
            return self._dialog(call)
        if call.host == _UPLOADS:
            return self._upload(call)
        return gate.admit(self._hub, self._instagram, call, self._clock.now())

    def act(self, deed: str, /, **details: Json) -> Json:
        """Do one of the deeds listed above."""
        if deed.startswith(_ON_INSTAGRAM):
            return self._instagram.act(deed.removeprefix(_ON_INSTAGRAM), details)
        if deed not in deeds.DEEDS:
            msg = f"facebook knows no deed {deed!r}: there are {', '.join(deeds.DEEDS)}"
            raise BadArguments(msg)
        return deeds.DEEDS[deed](self._hub, self._clock.now(), details)

    def _dialog(self, call: Call) -> Reply:
        if call.segments[-2:] != ("dialog", "oauth"):
            return Reply(404)
        if call.method == "POST":
            return self._decide(call)
        asking = login.ask(self._hub, call.query)
        if isinstance(asking, Reply):
            return asking
        first = self._hub.signed_in
        if call.consent == "auto":
            return login.agree(self._hub, asking, first, self._clock.now())
        return consent_page(
            "Facebook",
            asking.app.name,
            asking.permissions,
            [first.login, *(one for one in self._hub.people if one != first.login)],
            action=f"{call.base}/{call.host}{call.path}",
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
        return login.agree(self._hub, asking, person, self._clock.now())

    def _upload(self, call: Call) -> Reply:
        gate.note_leaks(self._hub, call)
        try:
            token = gate.token_of(self._hub, call, {}, self._clock.now())
        except Refusal as found:
            return found.reply
        if call.segments[0] == "ig-api-upload":
            return self._instagram.upload(call, gate.caller_of(self._hub, token))
        if call.segments[0] != "video-upload" or call.method not in ("GET", "POST"):
            return Reply(404)
        return reels.receive(self._hub, call, token)

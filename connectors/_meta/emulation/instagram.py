"""Instagram's professional accounts, played: what they publish, and what is said about it.

It has no host of its own. A site finds out who asks, and hands over what is about Instagram::

    instagram = Instagram(clock, [Account(id="17841…", username="…", name="…")], login="facebook")

    if instagram.knows(node):      # the segment after the version: `/v26.0/NODE/media`
        return instagram.answer(call, Caller(accounts=…, permissions=…))
    if call.host == "rupload.facebook.com" and call.segments[0] == "ig-api-upload":
        return instagram.upload(call, caller)

`caller.accounts` are the ids of the accounts the token speaks for. Permissions are those of the
login: `instagram_basic` by Facebook Login, `instagram_business_basic` by Instagram Login.

Deeds, for `act(deed, details)`; a site may put a word before their names:

publishing  processing, fails, republish, quota: see `instagram_records.Policy`
published   account: list what was published, deleted or not
container   container: look at one: its status, and what was uploaded
comment     media, username, text: somebody comments; gives its id
use_up      account, left: let only so many posts be left of the day's
"""

import re
from collections.abc import Iterable, Mapping
from typing import Literal

from connector_vault.connector import Json, Reply
from connector_vault.emulator import Call, Clock, Routes

from . import instagram_comments, instagram_media, instagram_publishing, instagram_uploads
from .instagram_answers import Refusal, absent, asked_of, forbidden
from .instagram_asked import Asked, Route
from .instagram_deeds import act
from .instagram_gram import Gram
from .instagram_records import Account, Caller

__all__ = ["Account", "Caller", "Instagram"]

_VERSION = re.compile(r"v\d+\.\d")

_ROUTES = Routes[Route](
    {
        **instagram_comments.ROUTES,
        **instagram_media.ROUTES,
        **instagram_publishing.ROUTES,
    }
)


class Instagram:
    """All accounts of one site, and what is on them."""

    def __init__(
        self, clock: Clock, accounts: Iterable[Account], *, login: Literal["instagram", "facebook"]
    ) -> None:
        self._clock = clock
        self._gram = Gram(accounts, login, clock.now())

    def knows(self, node: str) -> bool:
        """Tell whether this is the id of an account, a container, a media or a comment."""
        return self._gram.kind(node) != ""

    def answer(self, call: Call, caller: Caller) -> Reply:
        """Answer a request about one of those, of somebody whose token was looked at before."""
        segments = call.segments
        if segments and _VERSION.fullmatch(segments[0]):
            segments = segments[1:]
        try:
            return self._answered(call, caller, segments)
        except Refusal as found:
            return found.reply

    def upload(self, call: Call, caller: Caller) -> Reply:
        """Take the bytes of a film, at `/ig-api-upload/v26.0/CONTAINER`."""
        return instagram_uploads.receive(self._gram, call, caller, self._clock.now())

    def act(self, deed: str, details: Mapping[str, Json]) -> Json:
        """Do one of the deeds listed above. `BadArguments`: there is no such deed."""
        return act(self._gram, deed, details, self._clock.now())

    def _answered(self, call: Call, caller: Caller, segments: tuple[str, ...]) -> Reply:
        node = segments[0] if segments else ""
        kind = self._gram.kind(node)
        found = _ROUTES.find(call.method, (kind, *segments[1:]))
        if not kind or self._gram.owner(node) not in caller.accounts or found is None:
            raise absent(call.method, node)
        route, _ = found
        permission = self._gram.permission(route.permission)
        if permission not in caller.permissions:
            raise forbidden(permission)
        asked = Asked(
            node=node, said=asked_of(call), caller=caller, now=self._clock.now(), call=call
        )
        return route.handler(self._gram, asked)

"""Apps, codes, and the tokens of bots and people.

https://docs.slack.dev/authentication/using-token-rotation
"""

import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass, field

from .policies import Policy

__all__ = ["ACCESS_LIFE", "App", "Code", "Grants", "Seat", "Token"]

CODE_LIFE = 600.0
"""Seconds. Slack: a code expires after ten minutes."""

ACCESS_LIFE = 43_200
"""Seconds, with rotation."""

_MOST_ACTIVE = 2
"""Access tokens that rotate, of one seat. One more revokes the oldest."""

_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An app, as somebody registered it."""

    id: str
    """Its client id."""
    app_id: str
    secret: str = field(repr=False)
    signing_secret: str = field(repr=False)
    name: str
    redirect_uris: tuple[str, ...]
    loopback: bool = False
    """Whether any http address of this machine will do, for an app made for trying things out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What an agreement is exchanged with, once."""

    app: str
    person: str
    team: str
    home: str
    """The workspace, or the organisation, that the app is installed in."""
    scopes: tuple[str, ...]
    user_scopes: tuple[str, ...]
    redirect_uri: str
    born: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token."""

    text: str = field(repr=False)
    ends: float | None
    """Seconds since 1970 UTC. None: it does not rotate."""


@dataclass(slots=True, kw_only=True)
class Seat:
    """What one bot, or one person, granted to one app in one place."""

    app: str
    home: str
    team: str
    user: str
    bot: bool
    installer: str
    """Whose consent it came with."""
    scopes: tuple[str, ...] = ()
    tokens: list[Token] = field(default_factory=list[Token])
    refreshes: dict[str, float | None] = field(default_factory=dict[str, float | None], repr=False)
    """By refresh token, when it was spent."""

    @property
    def empty(self) -> bool:
        return not (self.tokens or self.refreshes)


class Grants:
    """All apps and all that was granted to them."""

    def __init__(self, apps: Iterable[App]) -> None:
        self.apps = {app.id: app for app in apps}
        self._codes: dict[str, Code] = {}
        self._seats: list[Seat] = []
        self._revoked: set[str] = set()

    def agree(self, code: Code) -> str:
        """Note that somebody agreed. Give the code that says so."""
        text = f"{secrets.randbelow(10**10)}.{secrets.randbelow(10**13)}.{secrets.token_hex(32)}"
        self._codes[text] = code
        return text

    def take_code(self, text: str, app: str, now: float) -> Code | None:
        """Spend a code. None: there is none such, for this app, now."""
        code = self._codes.get(text)
        if code is None or code.app != app:
            return None
        del self._codes[text]
        return code if now <= code.born + CODE_LIFE else None

    def seat(self, wanted: Seat) -> Seat:
        """Give the seat that is there already, with these scopes too, or this one."""
        for seat in self._seats:
            if (seat.app, seat.home, seat.user) == (wanted.app, wanted.home, wanted.user):
                seat.scopes = tuple(dict.fromkeys((*seat.scopes, *wanted.scopes)))
                seat.installer = wanted.installer
                return seat
        self._seats.append(wanted)
        return wanted

    def mint(self, seat: Seat, policy: Policy, now: float) -> tuple[Token, str]:
        """Give an access token, and a refresh token if they rotate. One without end stays."""
        kind = "xoxb" if seat.bot else "xoxp"
        lasting = [token for token in seat.tokens if token.ends is None]
        if not policy.rotation:
            token = (
                lasting[0]
                if lasting
                else Token(text=f"{kind}-{_numbers()}{_secret(24)}", ends=None)
            )
            seat.tokens = [token, *(one for one in seat.tokens if one is not token)]
            return token, ""
        token = Token(text=f"xoxe.{kind}-1-{_secret(150)}", ends=now + ACCESS_LIFE)
        refresh = f"xoxe-1-{_secret(140)}"
        seat.tokens.append(token)
        seat.refreshes[refresh] = None
        return token, refresh

    def refresh(
        self, text: str, app: str, policy: Policy, now: float
    ) -> tuple[Seat, Token, str] | None:
        """Spend a refresh token. None: it is no good, or was spent too long ago."""
        for seat in self._seats:
            if seat.app == app and text in seat.refreshes:
                spent = seat.refreshes[text]
                if spent is not None and now > spent + policy.grace:
                    return None
                if spent is None:
                    seat.refreshes[text] = now
                token, refresh = self.mint(seat, Policy(rotation=True), now)
                self._trim(seat, now)
                return seat, token, refresh
        return None

    def exchange(self, text: str, app: str, now: float) -> tuple[Seat, Token, str] | None:
        """Give tokens that rotate for one that does not, once."""
        found = self.live(text, now)
        if found is None or found[0].app != app or found[1].ends is not None or found[0].refreshes:
            return None
        return found[0], *self.mint(found[0], Policy(rotation=True), now)

    def live(self, text: str, now: float) -> tuple[Seat, Token] | None:
        """Give the token behind this text, and whose it is. None: unknown, ended or revoked."""
        for seat, token in self._all():
            if token.text == text:
                return None if token.ends is not None and now >= token.ends else (seat, token)
        return None

    def blame(self, text: str, revoked: str) -> str:
        """Give the code that says why a token does not live."""
        if any(token.text == text for _, token in self._all()):
            return "token_expired"
        return revoked if text in self._revoked else "invalid_auth"

    def holder(self, text: str) -> Seat | None:
        """Give whose access or refresh token this is, ended or not."""
        for seat in self._seats:
            if text in seat.refreshes or any(token.text == text for token in seat.tokens):
                return seat
        return None

    def end(self, seat: Seat, text: str) -> None:
        """End one access or refresh token."""
        self._revoked.add(text)
        seat.refreshes.pop(text, None)
        seat.tokens = [token for token in seat.tokens if token.text != text]

    def end_seats(self, seats: Iterable[Seat]) -> int:
        """End all of these seats. Give how many access tokens ended."""
        ended = 0
        for seat in list(seats):
            ended += len(seat.tokens)
            for text in (*(token.text for token in seat.tokens), *seat.refreshes):
                self.end(seat, text)
            self._seats.remove(seat)
        return ended

    def seats(self, home: str = "", app: str = "", installer: str = "") -> list[Seat]:
        """List the seats of a place, an app, or one person's consents."""
        return [
            seat
            for seat in self._seats
            if home in ("", seat.home)
            and app in ("", seat.app)
            and installer in ("", seat.installer)
        ]

    def _all(self) -> list[tuple[Seat, Token]]:
        return [(seat, token) for seat in self._seats for token in seat.tokens]

    def _trim(self, seat: Seat, now: float) -> None:
        # What did not rotate ends with the first refresh; of what rotates, two live on.
        lasting = [token for token in seat.tokens if token.ends is None]
        active = [token for token in seat.tokens if token.ends is not None and now < token.ends]
        for token in (*lasting, *active[:-_MOST_ACTIVE]):
            self.end(seat, token.text)


def _numbers() -> str:
    return "".join(f"{10**11 + secrets.randbelow(9 * 10**11)}-" for _ in range(2))


def _secret(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))

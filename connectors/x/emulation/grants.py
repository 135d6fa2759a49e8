"""Apps, codes and tokens: who may do what, and until when."""

import base64
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Literal

__all__ = ["ACCESS_LIFE", "App", "Code", "Grants", "Token"]

CODE_LIFE = 30.0
"""Seconds.

https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code
"""

ACCESS_LIFE = 7200
"""Seconds."""

REFRESH_LIFE = 180 * 86_400
"""Seconds. Not documented; about half a year is reported."""

_OFFLINE = "offline.access"


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An app. One without a secret is a public client."""

    id: str
    secret: str = field(repr=False)
    consumer_secret: str = field(repr=False)
    """The API secret key, with which events are signed."""
    name: str
    redirect_uris: tuple[str, ...]
    loopback: bool = False
    """Whether any http address of this machine will do, for an app made for trying things out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What an agreement is exchanged with, once."""

    app: str
    username: str
    scopes: tuple[str, ...]
    redirect_uri: str
    challenge: str = field(repr=False)
    method: Literal["S256", "plain"]
    born: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token, and the refresh token that came with it."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    """Empty: offline.access was not asked for, or it was used or revoked."""
    app: str
    username: str
    scopes: tuple[str, ...]
    family: int
    born: float
    access_dead: bool = False


class Grants:
    """All apps and all that was granted to them."""

    def __init__(self, apps: Iterable[App]) -> None:
        self.apps = {app.id: app for app in apps}
        self._codes: dict[str, Code] = {}
        self._tokens: dict[str, Token] = {}
        """By access token."""
        self._spent: dict[str, int] = {}
        """The family of each refresh token that was used."""
        self._families = count(1)
        self._made = count()

    def agree(self, code: Code) -> str:
        """Note that somebody agreed. Give the code that says so."""
        text = self._secret("ac", code.born)
        self._codes[text] = code
        return text

    def take_code(self, text: str, app: str, now: float) -> Code | None:
        """Spend a code. None: there is none such, for this app, now."""
        code = self._codes.get(text)
        if code is None or code.app != app:
            return None
        del self._codes[text]
        return code if now <= code.born + CODE_LIFE else None

    def mint(self, code: Code, now: float) -> Token:
        """Make the token a code stands for."""
        token = Token(
            access="",
            refresh="",
            app=code.app,
            username=code.username,
            scopes=code.scopes,
            family=next(self._families),
            born=now,
        )
        return self._fresh(token, now)

    def refresh(
        self, refresh: str, app: str, now: float, *, kill: bool, old_dies: bool
    ) -> Token | None:
        """Spend a refresh token. None: it is no good."""
        if kill and refresh in self._spent:
            self._end([one for one in self._all() if one.family == self._spent[refresh]])
        old = next((one for one in self._all() if refresh and one.refresh == refresh), None)
        if old is None or old.app != app or now >= old.born + REFRESH_LIFE:
            return None
        self._spent[refresh] = old.family
        dead = old.access_dead or old_dies
        self._tokens[old.access] = replace(old, refresh="", access_dead=dead)
        return self._fresh(old, now)

    def live(self, access: str, now: float) -> Token | None:
        """Give the token behind this text. None: unknown, ended or revoked."""
        token = self._tokens.get(access)
        if token is None or token.access_dead or now >= token.born + ACCESS_LIFE:
            return None
        return token

    def revoke(self, secret: str, app: str, now: float, *, family: bool) -> bool:
        """End an access or a refresh token. False: it was dead."""
        token = next((one for one in self._all() if secret in (one.access, one.refresh)), None)
        if token is None or token.app != app or not secret:
            return False
        if secret == token.access:
            was = self.live(secret, now) is not None
            self._tokens[token.access] = replace(token, access_dead=True)
        else:
            was = now < token.born + REFRESH_LIFE
            self._tokens[token.access] = replace(token, refresh="")
        if family:
            self._end([one for one in self._all() if one.family == token.family])
        return was

    def withdraw(self, username: str, app: str | None, now: float) -> tuple[int, frozenset[str]]:
        """End all a person granted. Give how many sets of tokens lived, and of which apps."""
        ended = [one for one in self._all() if one.username == username and app in (None, one.app)]
        lived = [one for one in ended if one.refresh or self.live(one.access, now)]
        self._end(ended)
        return len(lived), frozenset(one.app for one in ended)

    def _fresh(self, token: Token, now: float) -> Token:
        fresh = replace(
            token,
            access=self._secret("at", now),
            refresh=self._secret("rt", now) if _OFFLINE in token.scopes else "",
            born=now,
            access_dead=False,
        )
        self._tokens[fresh.access] = fresh
        return fresh

    def _secret(self, kind: str, now: float) -> str:
        # As X's own examples are made. Lengths vary, so that all three endings in base64 are seen.
        letters = secrets.token_urlsafe(48)[: 48 + next(self._made) % 3]
        text = f"{letters}:{int(now * 1000)}:1:1:{kind}:1"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def _all(self) -> list[Token]:
        return list(self._tokens.values())

    def _end(self, tokens: Iterable[Token]) -> None:
        for token in tokens:
            self._tokens.pop(token.access, None)

"""Apps, codes and tokens: who may do what, and until when."""

import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from .scopes import normal

__all__ = ["App", "Code", "Grants", "Token"]

Reuse = Literal["kill", "plain"]

CODE_LIFE = 600.0
"""Seconds. GitHub: a code expires after ten minutes."""

ACCESS_LIFE = 28_800
REFRESH_LIFE = 15_897_600
"""Seconds, as GitHub states them in its answers."""

_UNUSED_LIFE = 365 * 86_400
"""Seconds. GitHub revokes a token that nobody uses for a year.

https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/token-expiration-and-revocation
"""

_MOST_TOKENS = 10
"""Per user, app and set of scopes. One more revokes the oldest."""

_OF_APP = "ghu_"

_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An OAuth App, or a GitHub App with user tokens."""

    id: str
    secret: str = field(repr=False)
    name: str
    redirect_uris: tuple[str, ...]
    loopback: bool = False
    """Whether any http address of this machine will do, for an app made for trying things out."""
    github_app: bool = False
    """Its tokens have permissions instead of scopes, and always expire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What an agreement is exchanged with, once."""

    text: str = field(repr=False)
    app: str
    login: str
    scopes: tuple[str, ...]
    offline: bool
    redirect_uri: str
    challenge: str
    born: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token, and the refresh token that came with it."""

    id: int
    access: str = field(repr=False)
    app: str
    login: str
    scopes: tuple[str, ...]
    born: float
    used: float
    """When it last was. One that never was counts from when it was made."""
    family: int
    """The number of the first token of this line of refreshes."""
    ends: float | None = None
    refresh: str = field(default="", repr=False)
    refresh_ends: float = 0.0

    @property
    def scopeless(self) -> bool:
        """Whether it is a GitHub App's: that has permissions instead of scopes."""
        return self.access.startswith(_OF_APP)


class Grants:
    """All apps and all that was granted to them."""

    def __init__(self, apps: Iterable[App]) -> None:
        self.apps = {app.id: app for app in apps}
        self.reuse: Reuse = "kill"
        """What a spent refresh token does when it comes again: kill its family, or just fail."""
        self._codes: dict[str, Code] = {}
        self._tokens: dict[str, Token] = {}
        self._spent: dict[str, int] = {}
        self._granted: dict[tuple[str, str], tuple[str, ...]] = {}
        self._count = 0

    def granted(self, app: str, login: str) -> tuple[str, ...]:
        """Give the scopes a person has ever agreed to for this app."""
        return self._granted.get((app, login), ())

    def agree(self, code: Code) -> str:
        """Note that somebody agreed. Give the code that says so."""
        text = secrets.token_hex(10)
        self._codes[text] = replace(code, text=text)
        before = self.granted(code.app, code.login)
        self._granted[code.app, code.login] = normal({*before, *code.scopes})
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
        app = self.apps[code.app]
        self._count += 1
        token = Token(
            id=self._count,
            access=_secret(_OF_APP if app.github_app else "gho_"),
            app=app.id,
            login=code.login,
            scopes=code.scopes,
            born=now,
            used=now,
            family=self._count,
        )
        if code.offline or app.github_app:
            token = _expiring(token, now)
        self._make_room(token)
        self._tokens[token.access] = token
        return token

    def refresh(self, refresh: str, app: str, now: float) -> Token | None:
        """Spend a refresh token: it and its access token end. None: it is no good."""
        if refresh in self._spent and self.reuse == "kill":
            self._end(token for token in self._all() if token.family == self._spent[refresh])
        old = next((token for token in self._all() if token.refresh == refresh), None)
        if not refresh or old is None or old.app != app or now >= old.refresh_ends:
            return None
        del self._tokens[old.access]
        self._spent[refresh] = old.family
        self._count += 1
        access = _secret(old.access[:4])
        token = _expiring(replace(old, id=self._count, access=access, born=now, used=now), now)
        self._tokens[access] = token
        return token

    def live(self, access: str, now: float) -> Token | None:
        """Give the token behind this text. None: unknown, ended or revoked."""
        token = self._tokens.get(access)
        if token is None or (token.ends is not None and now >= token.ends):
            return None
        return None if _forgotten(token, now) else token

    def use(self, access: str, now: float) -> Token | None:
        """Give the live token behind this text, and note that it was used."""
        token = self.live(access, now)
        if token is not None:
            self._tokens[access] = replace(token, used=now)
        return token

    def reset(self, token: Token, now: float) -> Token:
        """Put another token in the place of this one."""
        self._end([token])
        self._count += 1
        access = _secret(token.access[:4])
        fresh = replace(token, id=self._count, access=access, born=now, used=now)
        self._tokens[fresh.access] = fresh
        return fresh

    def revoke(self, secret: str) -> None:
        """End the token that this access or refresh token belongs to, if there is one."""
        self._end(token for token in self._all() if secret in (token.access, token.refresh))

    def revoke_grant(self, login: str, app: str | None = None) -> tuple[int, frozenset[str]]:
        """End all that a person granted to an app, or to every app.

        Give how many tokens ended, and the apps that were granted something.
        """
        ended = [one for one in self._all() if one.login == login and app in (None, one.app)]
        self._end(ended)
        granted = [one for one in self._granted if one[1] == login and app in (None, one[0])]
        for one in granted:
            del self._granted[one]
        return len(ended), frozenset(one for one, _ in granted) | {one.app for one in ended}

    def _all(self) -> list[Token]:
        return list(self._tokens.values())

    def _end(self, tokens: Iterable[Token]) -> None:
        for token in tokens:
            del self._tokens[token.access]

    def _make_room(self, token: Token) -> None:
        self._end(one for one in self._all() if _forgotten(one, token.born))
        kind = (token.app, token.login, token.scopes)
        alike = [one for one in self._all() if (one.app, one.login, one.scopes) == kind]
        self._end(sorted(alike, key=lambda one: one.id)[: max(0, len(alike) + 1 - _MOST_TOKENS)])


def _forgotten(token: Token, now: float) -> bool:
    return now >= token.used + _UNUSED_LIFE


def _expiring(token: Token, now: float) -> Token:
    return replace(
        token,
        ends=now + ACCESS_LIFE,
        refresh=_secret("ghr_", 76),
        refresh_ends=now + REFRESH_LIFE,
    )


def _secret(prefix: str, length: int = 36) -> str:
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(length))

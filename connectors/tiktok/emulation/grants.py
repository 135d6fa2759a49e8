"""Apps, codes and tokens: who may do what, and until when."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from .policy import Policy

__all__ = ["App", "Code", "Grants", "Token"]

CODE_LIFE = 600.0
"""Seconds. Not documented."""

_LIVES = {"new": (7200, 180 * 86_400), "old": (86_400, 365 * 86_400)}
"""Seconds of an access token, and of a refresh token.

https://developers.tiktok.com/doc/oauth-user-access-token-management
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An app."""

    key: str
    secret: str = field(repr=False)
    name: str
    redirect_uris: tuple[str, ...]
    """Of the web, letter by letter."""
    desktop: bool = True
    """Whether it may be sent back to a port of this machine."""
    scopes: frozenset[str] | None = None
    """What TikTok has approved it for. None: everything there is."""

    @property
    def id(self) -> str:
        """Give the key, as what every other provider calls an id."""
        return self.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What an agreement is exchanged with, once."""

    app: str
    username: str
    scopes: tuple[str, ...]
    redirect_uri: str
    challenge: str = field(repr=False)
    """Empty: a web address, of which no proof is asked."""
    born: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token, and the refresh token that came with it."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    """Empty: it was spent."""
    app: str
    username: str
    scopes: tuple[str, ...]
    expires: float
    refresh_expires: float
    access_dead: bool = False


class Grants:
    """All apps and all that was granted to them."""

    def __init__(self, apps: Iterable[App]) -> None:
        self.apps = {app.key: app for app in apps}
        self._codes: dict[str, Code] = {}
        self._tokens: dict[str, Token] = {}
        """By access token."""

    def agree(self, code: Code) -> str:
        """Note that somebody agreed. Give the code that says so: it has to be decoded."""
        text = f"{_letters()}*0!{secrets.randbelow(9000) + 1000}.e1"
        self._codes[text] = code
        return text

    def take_code(self, text: str, app: str, now: float) -> Code | None:
        """Spend a code. None: there is none such, for this app, now."""
        code = self._codes.get(text)
        if code is None or code.app != app:
            return None
        del self._codes[text]
        return code if now <= code.born + CODE_LIFE else None

    def mint(self, code: Code, policy: Policy, now: float) -> Token:
        """Make the token a code stands for."""
        token = Token(
            access="",
            refresh="",
            app=code.app,
            username=code.username,
            scopes=code.scopes,
            expires=0,
            refresh_expires=0,
        )
        return self._fresh(token, policy, now)

    def refresh(self, refresh: str, app: str, policy: Policy, now: float) -> Token | None:
        """Spend a refresh token. None: it is no good."""
        found = (one for one in self._tokens.values() if refresh and one.refresh == refresh)
        old = next(found, None)
        if old is None or old.app != app or now >= old.refresh_expires:
            return None
        dead = old.access_dead or policy.old_access == "dies"
        self._tokens[old.access] = replace(old, refresh="", access_dead=dead)
        kept = "" if policy.rotates else old.refresh
        return self._fresh(old, policy, now, refresh=kept)

    def live(self, access: str, now: float) -> Token | None:
        """Give the token behind this text. None: unknown, ended or revoked."""
        token = self._tokens.get(access)
        return None if token is None or token.access_dead or now >= token.expires else token

    def withdraw(self, username: str, app: str | None, now: float) -> tuple[int, frozenset[str]]:
        """End all a person granted. Give how many sets of tokens lived, and of which apps."""
        ended = [
            one
            for one in self._tokens.values()
            if one.username == username and app in (None, one.app)
        ]
        lived = [one for one in ended if one.refresh or self.live(one.access, now)]
        for one in ended:
            del self._tokens[one.access]
        return len(lived), frozenset(one.app for one in lived)

    def _fresh(self, token: Token, policy: Policy, now: float, refresh: str = "") -> Token:
        access_life, refresh_life = _LIVES[policy.lifetimes]
        fresh = replace(
            token,
            access=_secret("act"),
            refresh=refresh or _secret("rft"),
            expires=now + access_life,
            refresh_expires=now + refresh_life,
            access_dead=False,
        )
        self._tokens[fresh.access] = fresh
        return fresh


def _secret(kind: str) -> str:
    return f"{kind}.{_letters()}!{secrets.randbelow(9000) + 1000}.va"


def _letters() -> str:
    return secrets.token_urlsafe(42)

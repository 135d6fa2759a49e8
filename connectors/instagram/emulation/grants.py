"""Apps, codes and tokens: who may do what, and until when.

https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

__all__ = ["LONG_LIFE", "SHORT_LIFE", "App", "Code", "Grants", "Token"]

CODE_LIFE = 3600
"""Seconds."""

SHORT_LIFE = 3600
"""Seconds."""

LONG_LIFE = 5_183_944
"""Seconds: what Instagram's own example says, a little less than 60 days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An app, by its Instagram app id: another than the Meta app id."""

    id: str
    secret: str = field(repr=False)
    name: str
    redirect_uris: tuple[str, ...]
    loopback: bool = False
    """Whether any http address of this machine will do, for an app made for trying things out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What an agreement is exchanged with, once."""

    app: str
    login: str
    scopes: tuple[str, ...]
    redirect_uri: str
    born: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token, short-lived or long-lived."""

    text: str = field(repr=False)
    app: str
    login: str
    scopes: tuple[str, ...]
    long: bool
    born: float
    """When it was made, or its life was last made longer."""
    ends: float
    why: int = 0
    """The subcode that says why it was ended. 0: it was not."""


class Grants:
    """All apps and all that was granted to them."""

    def __init__(self, apps: Iterable[App]) -> None:
        self.apps = {app.id: app for app in apps}
        self._codes: dict[str, Code] = {}
        self._tokens: dict[str, Token] = {}

    def agree(self, code: Code) -> str:
        """Note that somebody agreed. Give the code that says so."""
        text = f"AQ{secrets.token_urlsafe(120)}"
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
        """Make the short-lived token a code stands for."""
        return self._keep(code.app, code.login, code.scopes, now, long=False)

    def lengthen(self, token: Token, now: float) -> Token:
        """Make a long-lived token out of one that lives."""
        return self._keep(token.app, token.login, token.scopes, now, long=True)

    def prolong(self, token: Token, now: float) -> Token:
        """Let a long-lived token live on under the same text."""
        longer = replace(token, born=now, ends=now + LONG_LIFE)
        self._tokens[token.text] = longer
        return longer

    def find(self, text: str) -> Token | None:
        """Give a token, dead or alive. None: there never was one."""
        return self._tokens.get(text)

    def end(self, token: Token, why: int) -> None:
        """End a token."""
        self._tokens[token.text] = replace(token, why=why)

    def of(self, login: str, app: str | None, now: float) -> list[Token]:
        """List somebody's live tokens, of one app or of all."""
        theirs = [one for one in self._tokens.values() if one.login == login]
        return [one for one in theirs if app in (None, one.app) and not one.why and now < one.ends]

    def _keep(
        self, app: str, login: str, scopes: tuple[str, ...], now: float, *, long: bool
    ) -> Token:
        token = Token(
            text=f"IGAA{secrets.token_urlsafe(120)}",
            app=app,
            login=login,
            scopes=scopes,
            long=long,
            born=now,
            ends=now + (LONG_LIFE if long else SHORT_LIFE),
        )
        self._tokens[token.text] = token
        return token

"""Apps, what was granted to them, codes and tokens: who may do what, and until when."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Literal

from .answers import Refusal, ended, invalid
from .records import Person

__all__ = ["LONG", "SHORT", "App", "Code", "Grant", "Grants", "Token"]

SHORT = 5_400
LONG = 5_183_944
"""Seconds that a person's tokens live, before and after they are exchanged."""

_CODE = 600.0
"""Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An app."""

    id: str
    secret: str = field(repr=False)
    name: str
    redirect_uris: tuple[str, ...]
    configurations: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict[str, tuple[str, ...]]
    )
    """Of Facebook Login for Business: permissions, by `config_id`."""
    loopback: bool = False
    """Whether any http address of this machine will do."""

    @property
    def token(self) -> str:
        return f"{self.id}|{self.secret}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a person let an app do, and on which Pages."""

    number: int
    permissions: Mapping[str, bool] = field(default_factory=dict[str, bool])
    """Granted or declined."""
    pages: frozenset[str] = frozenset()
    password: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What an agreement is exchanged with, once."""

    app: str
    person: str
    redirect_uri: str
    born: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A person's token, or one of theirs for a Page."""

    text: str = field(repr=False)
    app: str
    person: str
    """Empty: it is the app's own."""
    page: str = ""
    """Empty: it is the person's own."""
    grant: int = 0
    ends: float = 0.0
    """0: never."""
    long: bool = False


class Grants:
    """All apps and all that was granted to them."""

    def __init__(self, apps: Iterable[App], people: Iterable[Person]) -> None:
        self.apps = {app.id: app for app in apps}
        self.people = {person.id: person for person in people}
        self.tokens: dict[str, Token] = {}
        self._given: dict[tuple[str, str], Grant] = {}
        """By app and person."""
        self._codes: dict[str, Code] = {}
        self._numbers = count(1)
        self._killed: dict[str, int] = {}
        """Why a person's tokens of today are dead, for who asks: a subcode."""

    def kill(self, person: str, subcode: int) -> None:
        """Let a person's tokens be refused with this subcode, until they agree anew."""
        self._killed[person] = subcode

    def agree(self, code: Code, permissions: Mapping[str, bool], pages: Iterable[str]) -> str:
        """Note that somebody agreed. Give the code that says so."""
        text = "AQ" + secrets.token_hex(60)
        self._codes[text] = code
        key, person = (code.app, code.person), self.people[code.person]
        self._killed.pop(code.person, None)
        # Who agrees again adds to what there is, unless the app was removed meanwhile.
        before = self._given.get(key) or Grant(number=next(self._numbers))
        self._given[key] = Grant(
            number=before.number,
            permissions={**before.permissions, **permissions},
            pages=before.pages | frozenset(pages),
            password=person.password,
        )
        return text

    def spend(self, text: str, app: str, redirect_uri: str, now: float) -> Token:
        """Turn a code into a person's short-lived token."""
        code = self._codes.get(text)
        if code is None or code.app != app:
            raise Refusal(400, 100, "Invalid verification code format.")
        if code.redirect_uri != redirect_uri:
            words = "Error validating verification code. Please make sure your redirect_uri is "
            words += "identical to the one you used in the OAuth dialog request"
            raise Refusal(400, 100, words, 36008)
        self._codes[text] = replace(code, born=0.0)
        if not code.born:
            raise Refusal(400, 100, "This authorization code has been used.", 36009)
        if now > code.born + _CODE:
            raise Refusal(400, 100, "This authorization code has expired.", 36007)
        return self._mint(app, code.person, ends=now + SHORT)

    def exchange(self, text: str, app: str, now: float, *, extends: bool) -> Token:
        """Turn a person's token into a long-lived one, or give that which it is."""
        token = self.live(text, now)
        if token.app != app or token.page or not token.person:
            raise invalid("fb_exchange_token is no token of a person for this app")
        if token.long and not extends:
            return token
        return self._mint(app, token.person, ends=now + LONG, long=True)

    def for_page(self, token: Token, page: str) -> Token:
        """Make a Page's token of a person's. One of a long-lived token has no end."""
        ends = 0.0 if token.long else token.ends
        return self._mint(token.app, token.person, page=page, ends=ends, long=token.long)

    def live(self, text: str, now: float) -> Token:
        """Give the token behind a text, or say why there is none."""
        for app in self.apps.values():
            if text == app.token:
                return Token(text=text, app=app.id, person="")
        token = self.tokens.get(text)
        if token is None:
            raise Refusal(400, 190, "Invalid OAuth access token - Cannot parse access token")
        if token.ends and now >= token.ends:
            raise ended(463, f"Session has expired on {int(token.ends)}.")
        grant, person = self.given(token), self.people[token.person]
        if token.person in self._killed:
            raise ended(self._killed[token.person], "The session has been invalidated.")
        if grant is None or grant.number != token.grant:
            raise ended(458, "The user has not authorized application.")
        if grant.password != person.password:
            raise ended(460, "The session has been invalidated because the password was changed.")
        if token.page and token.page not in person.pages:
            raise ended(492, "The user must be an administrator of the page to impersonate it.")
        return token

    def given(self, token: Token) -> Grant | None:
        """Give what the person behind a token granted to its app."""
        return self._given.get((token.app, token.person))

    def permissions(self, token: Token) -> frozenset[str]:
        """Give the permissions that a token has."""
        grant = self.given(token)
        given = grant.permissions.items() if grant else ()
        return frozenset(name for name, yes in given if yes)

    def decline(self, token: Token, permission: str) -> None:
        """Take back one permission."""
        grant = self.given(token)
        if grant is not None:
            left = {**grant.permissions, permission: False}
            self._given[token.app, token.person] = replace(grant, permissions=left)

    def withdraw(self, person: str, app: str | None) -> tuple[str, ...]:
        """End all that a person granted, to one app or to all. Give the apps it was granted to."""
        ended_ = [key for key in self._given if key[1] == person and app in (None, key[0])]
        for key in ended_:
            del self._given[key]
        return tuple(one for one, _ in ended_)

    def secrets(self) -> frozenset[str]:
        """Give all that must never stand in an address."""
        words = {word for app in self.apps.values() for word in (app.secret, app.token)}
        return frozenset({*words, *self.tokens, *self._codes})

    def _mint(
        self, app: str, person: str, *, ends: float, page: str = "", long: bool = False
    ) -> Token:
        kind: Literal["EAAE", "EAAP"] = "EAAP" if page else "EAAE"
        grant = self._given.get((app, person))
        token = Token(
            text=kind + secrets.token_hex(64),
            app=app,
            person=person,
            page=page,
            grant=grant.number if grant else 0,
            ends=ends,
            long=long,
        )
        self.tokens[token.text] = token
        return token

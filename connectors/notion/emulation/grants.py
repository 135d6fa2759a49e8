"""Apps, codes and tokens: who may do what, and until when."""

import secrets
import string
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

__all__ = ["CAPABILITIES", "App", "Bot", "Code", "Grants", "Policy", "Token"]

CAPABILITIES = (
    "read_content",
    "update_content",
    "insert_content",
    "read_comments",
    "insert_comments",
    "read_users",
    "read_emails",
)
"""What a connection may be registered for.

https://developers.notion.com/reference/capabilities
"""

_CODE_LIFE = 600.0
"""Seconds. Notion calls a code temporary, and does not say more."""

_GRACE = 60.0
"""Seconds in which a spent refresh token works again, under that policy."""

_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What Notion leaves open, and its emulator plays either way."""

    reuse: Literal["kill", "plain", "grace"] = "kill"
    """What a spent refresh token does: end its family, just fail, or work for a minute more."""
    reauthorize: Literal["kill", "keep"] = "kill"
    """Whether another consent of the same person ends the refresh tokens of the earlier ones."""
    refreshed: Literal["end", "keep"] = "end"
    """What a refresh does to the access token before."""
    revoke: Literal["token", "pair", "grant", "access"] = "token"
    """What revoking ends: this token, the one beside it too, all of the bot; or only an access
    token, while a refresh token is refused."""
    life: int = 0
    """Seconds an access token lives. 0: it does not end. No answer ever says."""
    errors: Literal["code", "error"] = "code"
    """Where the token endpoint names its errors: as the reference says, or as the guide does."""
    dead: Literal["invalid_grant", "invalid_request"] = "invalid_grant"
    """What revoking a dead token is answered with."""
    identity: Literal["full", "sparse"] = "full"
    """Whether /v1/users/me names the workspace's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """A public connection."""

    id: str
    secret: str = field(repr=False)
    name: str
    redirect_uris: tuple[str, ...]
    loopback: bool = False
    """Whether any http address of this machine will do, for an app made for trying things out."""
    capabilities: frozenset[str] = frozenset(CAPABILITIES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot:
    """What stands for all that a person granted an app."""

    id: str
    app: str
    login: str
    shared: set[str] = field(default_factory=set[str])
    """Pages and databases: what lies below them is shared, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What an agreement is exchanged with, once."""

    app: str
    login: str
    redirect_uri: str
    """Empty: the authorize address named none."""
    pages: tuple[str, ...]
    born: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token, and the refresh token that came with it. Either may be gone: empty."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    bot: Bot
    born: float
    family: int
    ends: float | None


class Grants:
    """All apps and all that was granted to them."""

    def __init__(self, apps: Iterable[App]) -> None:
        self.apps = {app.id: app for app in apps}
        self.policy = Policy()
        self._codes: dict[str, Code] = {}
        self._bots: dict[tuple[str, str], Bot] = {}
        self._tokens: list[Token] = []
        self._spent: dict[str, tuple[Token, float]] = {}
        self._families = 0

    def agree(self, code: Code) -> str:
        """Note that somebody agreed. Give the code that says so."""
        text = str(uuid.uuid4())
        self._codes[text] = code
        return text

    def take_code(self, text: str, app: str, now: float) -> Code | None:
        """Spend a code. None: there is none such, for this app, now."""
        code = self._codes.get(text)
        if code is None or code.app != app:
            return None
        del self._codes[text]
        return code if now <= code.born + _CODE_LIFE else None

    def mint(self, code: Code, now: float) -> Token:
        """Make the tokens a code stands for."""
        known = self._bots.get((code.app, code.login))
        bot = known or Bot(id=str(uuid.uuid4()), app=code.app, login=code.login)
        self._bots[code.app, code.login] = bot
        bot.shared.update(code.pages)
        if self.policy.reauthorize == "kill":
            self._tokens = [
                replace(one, refresh="") if one.bot is bot else one for one in self._tokens
            ]
        self._families += 1
        return self._add(bot, self._families, now)

    def refresh(self, refresh: str, app: str, now: float) -> Token | None:
        """Spend a refresh token. None: it is no good."""
        old = self._holding(refresh)
        if old is None or old.bot.app != app:
            return self._again(refresh, app, now)
        self._spent[refresh] = (old, now)
        self._tokens.remove(old)
        if self.policy.refreshed == "keep":
            self._tokens.append(replace(old, refresh=""))
        return self._add(old.bot, old.family, now)

    def live(self, access: str, now: float) -> Token | None:
        """Give what this access token belongs to. None: unknown, ended or revoked."""
        for one in self._tokens:
            if access and one.access == access and (one.ends is None or now < one.ends):
                return one
        return None

    def known(self, secret: str, app: str, now: float) -> Token | None:
        """Give what this access or refresh token of an app belongs to, if it lives."""
        found = self._holding(secret) or self.live(secret, now)
        return found if found and found.bot.app == app else None

    def revoke(self, secret: str, app: str, now: float) -> bool:
        """End a token, and what policy ends with it. False: it does not live, or is no such."""
        found = self.known(secret, app, now)
        policy = self.policy.revoke
        if found is None or (policy == "access" and secret == found.refresh):
            return False
        if policy == "grant":
            self.end(found.bot)
            return True
        self._tokens.remove(found)
        access = "" if secret == found.access else found.access
        refresh = "" if secret == found.refresh else found.refresh
        if policy != "pair" and (access or refresh):
            self._tokens.append(replace(found, access=access, refresh=refresh))
        return True

    def remove(self, login: str, app: str | None = None) -> int:
        """Let a person remove an app, or all. Give how many tokens ended."""
        gone = [bot for bot in self._bots.values() if bot.login == login and app in (None, bot.app)]
        count = sum(one.bot in gone for one in self._tokens)
        for bot in gone:
            self.end(bot)
            del self._bots[bot.app, login]
        return count

    def end(self, bot: Bot) -> None:
        """End all tokens of a bot."""
        self._tokens = [one for one in self._tokens if one.bot is not bot]

    def bots(self, login: str) -> list[Bot]:
        """Give what a person granted."""
        return [bot for bot in self._bots.values() if bot.login == login]

    def _holding(self, refresh: str) -> Token | None:
        return next((one for one in self._tokens if refresh and one.refresh == refresh), None)

    def _again(self, refresh: str, app: str, now: float) -> Token | None:
        old, spent = self._spent.get(refresh, (None, 0.0))
        if old is None or old.bot.app != app:
            return None
        if self.policy.reuse == "kill":
            self._tokens = [one for one in self._tokens if one.family != old.family]
        alive = any(one.family == old.family for one in self._tokens)
        if self.policy.reuse != "grace" or now > spent + _GRACE or not alive:
            return None
        return self._add(old.bot, old.family, now)

    def _add(self, bot: Bot, family: int, now: float) -> Token:
        token = Token(
            access=_secret("ntn_"),
            refresh=_secret("nrt_"),
            bot=bot,
            born=now,
            family=family,
            ends=now + self.policy.life if self.policy.life else None,
        )
        self._tokens.append(token)
        return token


def _secret(prefix: str) -> str:
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(46))

"""What a token endpoint's answer says, pure (RFC 6749 §5), and the steps that may follow it."""

import re
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, field_validator

from connector_vault.connector import Connector, Grant, Json, Reply, Request, Steps, retry_after
from connector_vault.errors import Misconfigured, RateLimited, Reconnect, Refused, Unreachable
from connector_vault.model import Account, Client, Secret, Tokens
from connector_vault.oauth import CODE, TOKEN, oauth_of, refresh

__all__ = ["Found", "carry_out", "complete", "read_answer", "read_grants", "renewal"]

T = TypeVar("T")
Send = Callable[[Request], Awaitable[Reply]]

_LONG_WORD = re.compile(r"[A-Za-z0-9_.~+/=-]{20,}")
"""What could be a token inside an error's description."""

_MAX_LIFETIME = 100 * 365 * 86400
"""Seconds. A longer one is a mistake, and is read as "does not say"."""

_NO_ANSWER = (AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a connector's functions raise on an answer that has another shape."""


_NOTHING = (Grant({}),)


class Found(NamedTuple):
    """A token set that was granted."""

    tokens: Tokens
    account: Account | None = None
    """Whose it is. None: to be asked."""


def renewal(connector: Connector, client: Client, tokens: Tokens) -> Steps[Json]:
    """Give the steps that replace a token set. What they give is for `read_answer`."""
    oauth = oauth_of(connector)
    if oauth.renew is not None:
        return oauth.renew(client, tokens)
    return _by_refresh_token(connector, client, tokens.refresh or Secret(""))


def _by_refresh_token(connector: Connector, client: Client, token: Secret) -> Steps[Json]:
    reply = yield refresh(connector, client, token)
    return _said(connector, reply)[0]


async def carry_out(connector: Connector, steps: Steps[T], send: Send) -> tuple[T, Reply | None]:
    """Carry out steps. Gives what came of them, and the last reply.

    Raises:
        RateLimited, Unreachable: what a provider answered is no answer.
        ConnectorVaultError: what `send` raises.
    """
    reply = None
    while True:
        try:
            request = next(steps) if reply is None else steps.send(reply)
        except StopIteration as done:
            value: T = done.value
            return value, reply
        except (*_NO_ANSWER, Reconnect, Refused):
            raise _unreadable(connector, reply) from None
        reply = await send(request)


async def complete(
    connector: Connector,
    client: Client,
    reply: Reply,
    send: Send,
    *,
    now: int,
    asked: frozenset[str] | None,
) -> list[Found]:
    """Take the steps that follow the answer to a code. Raises as `carry_out` and `read_grants`."""
    further, said = oauth_of(connector).complete, _said(connector, reply)[0]
    if further is None:
        return [Found(one) for one in read_grants(connector, reply, now=now, asked=asked)]
    given, last = await carry_out(connector, further(client, said), send)
    reply = last or reply
    found = [(_read(connector, reply, one.answer), one.account) for one in given or _NOTHING]
    good = [one for one in found if one[0].is_good] or found
    return [
        Found(_tokens(connector, reply, answer, now=now, asked=asked), account)
        for answer, account in good
    ]


def read_answer(
    connector: Connector, reply: Reply | None, said: Json, *, now: int, asked: frozenset[str] | None
) -> Tokens:
    """Read what steps gave, with their last reply, in the words of RFC 6749 §5.

    Raises:
        Misconfigured: there were no steps.
        Reconnect, Misconfigured, RateLimited, Refused, Unreachable: as `read_grants` says.
    """
    if reply is None:
        raise Misconfigured(f"{connector.title} renews a token without asking: tell its author")
    return _tokens(connector, reply, _read(connector, reply, said), now=now, asked=asked)


def read_grants(
    connector: Connector, reply: Reply, *, now: int, asked: frozenset[str] | None
) -> tuple[Tokens, ...]:
    """Read a token endpoint's answer, which is one token set, or several at some providers.

    `now` is in milliseconds since 1970.

    Without a scope in the answer, those `asked` for were granted (RFC 6749 §5.1). An access token
    that is there is never thrown away for a blemish beside it.

    Raises:
        Reconnect: the grant is dead.
        Misconfigured: our client is at fault.
        RateLimited, Refused: the provider said later, or no.
        Unreachable: it is in trouble, or the answer is not one.
    """
    answers = [_read(connector, reply, one) for one in _said(connector, reply)]
    # One that is there is not thrown away for another that is none.
    good = [one for one in answers if one.is_good] or answers
    return tuple(_tokens(connector, reply, one, now=now, asked=asked) for one in good)


def _tokens(
    connector: Connector,
    reply: Reply,
    answer: "_Answer",
    *,
    now: int,
    asked: frozenset[str] | None,
) -> Tokens:
    if answer.error or reply.status >= 400 or answer.access_token is None:
        raise _failure(connector, reply, answer)
    granted = asked
    if answer.scope is not None:
        granted = frozenset(re.split(r"[ ,]+", answer.scope)) - {""}
    if granted is not None:
        granted = oauth_of(connector).granted(answer.access_token, granted)
    return Tokens(
        access=Secret(answer.access_token),
        refresh=Secret(answer.refresh_token) if answer.refresh_token else None,
        expires_at=_end(now, answer.expires_in),
        refresh_expires_at=_end(now, answer.refresh_token_expires_in),
        scopes=granted,
    )


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    access_token: str | None = None
    refresh_token: str | None = None
    expires_in: int = 0
    refresh_token_expires_in: int = 0
    scope: str | None = None
    error: str = ""
    error_description: str = ""

    @property
    def is_good(self) -> bool:
        return self.access_token is not None and not self.error

    @field_validator("access_token", "refresh_token", mode="before")
    @classmethod
    def _token(cls, said: object) -> object:
        return said if isinstance(said, str) and TOKEN.fullmatch(said) else None

    @field_validator("expires_in", "refresh_token_expires_in", mode="before")
    @classmethod
    def _lifetime(cls, said: object) -> int:
        if isinstance(said, bool) or not isinstance(said, (int, float, str)):
            return 0
        try:
            seconds = int(float(said))
        except (OverflowError, ValueError):
            return 0
        return seconds if 0 < seconds <= _MAX_LIFETIME else 0

    @field_validator("scope", mode="before")
    @classmethod
    def _scope(cls, said: object) -> str | None:
        return said if isinstance(said, str) else None

    @field_validator("error", "error_description", mode="before")
    @classmethod
    def _text(cls, said: object) -> str:
        return said if isinstance(said, str) else ""


def _said(connector: Connector, reply: Reply) -> list[Json]:
    try:
        # Not by pydantic's own parser, which refuses a whole answer for half a character.
        said = [*oauth_of(connector).answers(reply)]
    except _NO_ANSWER:
        raise _unreadable(connector, reply) from None
    return said or [None]


def _read(connector: Connector, reply: Reply, said: Json) -> _Answer:
    try:
        return _Answer.model_validate(said)
    except ValueError:
        raise _unreadable(connector, reply) from None


def _unreadable(connector: Connector, reply: Reply | None) -> Exception:
    if reply is not None and reply.status == 429:
        return RateLimited(retry_after(reply))
    status = f" (HTTP {reply.status})" if reply is not None else ""
    return Unreachable(f"{connector.title} gave an answer that is not one{status}: try again")


def _failure(connector: Connector, reply: Reply, answer: _Answer) -> Exception:
    oauth = oauth_of(connector)
    code = answer.error if CODE.fullmatch(answer.error) else ""
    said = _one_line(answer.error_description)
    if code in oauth.dead and reply.status < 500 and reply.status != 429:
        # A provider in trouble is not believed that a grant is dead.
        return Reconnect(code)
    if code in oauth.misconfigured:
        words = f"{connector.title} refuses our OAuth client ({code}): check its id and secret"
        return Misconfigured(words)
    if reply.status == 429:
        return RateLimited(retry_after(reply))
    if reply.status < 500 and code not in oauth.trouble and (code or reply.status >= 300):
        return Refused(code or str(reply.status), said)
    words = f"{connector.title} answered without an access token (HTTP {reply.status}): try again"
    return Unreachable(words)


def _one_line(text: str) -> str:
    plain = "".join(letter if letter.isprintable() else " " for letter in text[:2000])
    return _LONG_WORD.sub("…", " ".join(plain.split()))[:200]


def _end(now: int, lifetime: int) -> int:
    return now + lifetime * 1000 if lifetime else 0

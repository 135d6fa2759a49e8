"""OAuth 2.0, pure: what to send, and what an answer says.

RFC 6749, RFC 7636 (PKCE), RFC 9207 (issuer). The protocol pieces are authlib's, validation ours.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from pydantic import BaseModel, ConfigDict, field_validator

from connector_vault.connector import Connector, OAuth, Reply, Request, basic, retry_after
from connector_vault.errors import (
    Misconfigured,
    NotAllowed,
    RateLimited,
    Reconnect,
    Refused,
    Unreachable,
)
from connector_vault.model import Client, Secret, Tokens

__all__ = [
    "Callback",
    "authorize",
    "callback",
    "check_issuer",
    "exchange",
    "oauth_of",
    "read_grants",
    "read_tokens",
    "refresh",
]

_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
"""A token that fits into a header: visible ASCII, at most 16 KiB."""

_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
"""An error code; anything else is not repeated."""

_LONG_WORD = re.compile(r"[A-Za-z0-9_.~+/=-]{20,}")
"""What could be a token inside an error's description."""

_MAX_LIFETIME = 100 * 365 * 86400
"""Seconds. A longer one is a mistake, and is read as "does not say"."""


@dataclass(frozen=True, slots=True)
class Callback:
    """What a provider appended to our redirect URI."""

    state: str = field(repr=False)
    code: Secret | None
    error: str
    issuer: str


def authorize(
    connector: Connector,
    client: Client,
    *,
    redirect_uri: str,
    scopes: tuple[str, ...],
    state: str,
    verifier: str,
) -> str:
    """Give the address where a person consents (RFC 6749 §4.1.1, RFC 7636 §4.3)."""
    oauth = oauth_of(connector)
    pkce = {"code_challenge": create_s256_code_challenge(verifier), "code_challenge_method": "S256"}
    return prepare_grant_uri(
        oauth.authorize,
        client.id,
        "code",
        redirect_uri=redirect_uri,
        state=state,
        **_asking(oauth, scopes),
        **oauth.parameters,
        **(pkce if oauth.pkce else {}),
    )


def _asking(oauth: OAuth, scopes: tuple[str, ...]) -> Mapping[str, str]:
    if oauth.asking is not None:
        return oauth.asking(scopes)
    return {"scope": oauth.separator.join(scopes)} if scopes else {}


def callback(url: str) -> Callback:
    """Read a callback (RFC 6749 §4.1.2).

    Raises:
        NotAllowed: it has no state, names a parameter twice, or has neither a code nor an error.
    """
    try:
        pairs = parse_qsl(urlsplit(url).query)
    except ValueError:
        pairs = []
    said = dict(pairs)
    names = [name for name, _ in pairs if name in ("code", "error", "iss", "state")]
    once = len(names) == len(set(names))
    plain = all(_TOKEN.fullmatch(said[name]) for name in ("state", "code") if name in said)
    answered = "state" in said and ("code" in said or "error" in said)
    if not (once and plain and answered):
        raise NotAllowed("this is not a callback of a consent: start again with `connect`")
    code = Secret(said["code"]) if "code" in said else None
    error = said.get("error", "")
    error = error if not error or _CODE.fullmatch(error) else "unreadable_error"
    return Callback(said["state"], code, error, said.get("iss", ""))


def check_issuer(connector: Connector, answer: Callback) -> None:
    """Check that the callback comes from this provider, if it says whence (RFC 9207 §2.4).

    Raises:
        NotAllowed: it names another.
    """
    oauth = oauth_of(connector)
    whole = urlsplit(oauth.authorize)
    expected = oauth.issuer or f"{whole.scheme}://{whole.netloc}"
    if answer.issuer and answer.issuer.rstrip("/") != expected.rstrip("/"):
        msg = f"this callback does not come from {connector.title}: start again with `connect`"
        raise NotAllowed(msg)


def exchange(
    connector: Connector, client: Client, *, code: Secret, redirect_uri: str, verifier: Secret
) -> Request:
    """Ask for the tokens of a consent (RFC 6749 §4.1.3)."""
    oauth = oauth_of(connector)
    proof = {"code_verifier": verifier.reveal()} if oauth.pkce else {}
    body = prepare_token_request(
        "authorization_code", code=code.reveal(), redirect_uri=redirect_uri, **proof
    )
    return _token_request(oauth, client, body)


def refresh(connector: Connector, client: Client, token: Secret) -> Request:
    """Ask for new tokens (RFC 6749 §6). No scope is sent: that asks for those once granted."""
    body = prepare_token_request("refresh_token", refresh_token=token.reveal())
    return _token_request(oauth_of(connector), client, body)


def read_tokens(
    connector: Connector, reply: Reply, *, now: int, asked: frozenset[str] | None
) -> Tokens:
    """Read the answer to a refresh: the first token set in it. As `read_grants` otherwise."""
    return _tokens(connector, reply, _answers(connector, reply)[0], now=now, asked=asked)


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
    answers = _answers(connector, reply)
    # One that is there is not thrown away for another that is none.
    good = [one for one in answers if one.access_token is not None and not one.error] or answers
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


def oauth_of(connector: Connector) -> OAuth:
    """Give the OAuth part of a connector.

    Raises:
        Misconfigured: it has none.
    """
    if connector.oauth is None:
        msg = f"{connector.title} has no OAuth: use `add` with a token or key"
        raise Misconfigured(msg)
    return connector.oauth


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    access_token: str | None = None
    refresh_token: str | None = None
    expires_in: int = 0
    refresh_token_expires_in: int = 0
    scope: str | None = None
    error: str = ""
    error_description: str = ""

    @field_validator("access_token", "refresh_token", mode="before")
    @classmethod
    def _token(cls, said: object) -> object:
        return said if isinstance(said, str) and _TOKEN.fullmatch(said) else None

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


def _answers(connector: Connector, reply: Reply) -> list[_Answer]:
    try:
        # Not by pydantic's own parser, which refuses a whole answer for half a character.
        said = oauth_of(connector).answers(reply)
        return [_Answer.model_validate(one) for one in said or [None]]
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError):
        if reply.status == 429:
            raise RateLimited(retry_after(reply)) from None
        msg = f"{connector.title} gave an answer that is not one (HTTP {reply.status}): try again"
        raise Unreachable(msg) from None


def _failure(connector: Connector, reply: Reply, answer: _Answer) -> Exception:
    oauth = oauth_of(connector)
    code = answer.error if _CODE.fullmatch(answer.error) else ""
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


def _token_request(oauth: OAuth, client: Client, body: str) -> Request:
    form = dict(parse_qsl(body))
    headers = {"Accept": "application/json", **oauth.headers}
    if oauth.basic and client.secret:
        headers |= basic(client)
    else:
        form["client_id"] = client.id
        if client.secret:
            form["client_secret"] = client.secret.reveal()
    if oauth.json:
        return Request("POST", oauth.token, headers=headers, json=form)
    return Request("POST", oauth.token, headers=headers, form=form)


def _end(now: int, lifetime: int) -> int:
    return now + lifetime * 1000 if lifetime else 0

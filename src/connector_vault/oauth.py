"""OAuth 2.0, pure: what to send, and what a callback says. `grants` reads the answers.

RFC 6749, RFC 7636 (PKCE), RFC 9207 (issuer). The protocol pieces are authlib's, validation ours.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749.parameters import prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from connector_vault.connector import Connector, OAuth, Request, basic
from connector_vault.errors import Misconfigured, NotAllowed
from connector_vault.model import Client, Secret

__all__ = [
    "CODE",
    "TOKEN",
    "Callback",
    "authorize",
    "callback",
    "check_issuer",
    "exchange",
    "oauth_of",
    "refresh",
]

TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
"""A token that fits into a header: visible ASCII, at most 16 KiB."""

CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
"""An error code; anything else is not repeated."""

_JUNK = re.compile(r"#_(=_)?$")
"""What Meta appends to an address for old browsers, and some of them to the code."""


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
    challenge = _challenge(oauth, verifier, redirect_uri)
    pkce = {"code_challenge": challenge, "code_challenge_method": "S256"}
    said = {
        "response_type": "code",
        oauth.client_id: client.id,
        "redirect_uri": redirect_uri,
        "state": state,
        **_asking(oauth, scopes),
        **oauth.parameters,
        **(pkce if challenge else {}),
    }
    return add_params_to_uri(oauth.authorize, list(said.items()))


def _challenge(oauth: OAuth, verifier: str, redirect_uri: str) -> str:
    if not oauth.pkce:
        return ""
    if oauth.challenge is not None:
        return oauth.challenge(verifier, redirect_uri)
    return create_s256_code_challenge(verifier)


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
    plain = all(TOKEN.fullmatch(said[name]) for name in ("state", "code") if name in said)
    answered = "state" in said and ("code" in said or "error" in said)
    if not (once and plain and answered):
        raise NotAllowed("this is not a callback of a consent: start again with `connect`")
    code = Secret(_JUNK.sub("", said["code"])) if "code" in said else None
    error = said.get("error", "")
    error = error if not error or CODE.fullmatch(error) else "unreadable_error"
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
    challenge = _challenge(oauth, verifier.reveal(), redirect_uri)
    proof = {"code_verifier": verifier.reveal()} if challenge else {}
    body = prepare_token_request(
        "authorization_code", code=code.reveal(), redirect_uri=redirect_uri, **proof
    )
    return _token_request(oauth, client, body)


def refresh(connector: Connector, client: Client, token: Secret) -> Request:
    """Ask for new tokens (RFC 6749 §6). No scope is sent: that asks for those once granted."""
    body = prepare_token_request("refresh_token", refresh_token=token.reveal())
    return _token_request(oauth_of(connector), client, body)


def oauth_of(connector: Connector) -> OAuth:
    """Give the OAuth part of a connector.

    Raises:
        Misconfigured: it has none.
    """
    if connector.oauth is None:
        msg = f"{connector.title} has no OAuth: use `add` with a token or key"
        raise Misconfigured(msg)
    return connector.oauth


def _token_request(oauth: OAuth, client: Client, body: str) -> Request:
    form = dict(parse_qsl(body))
    headers = {"Accept": "application/json", **oauth.headers}
    if oauth.basic and client.secret:
        headers |= basic(client)
    else:
        form[oauth.client_id] = client.id
        if client.secret:
            form["client_secret"] = client.secret.reveal()
    if oauth.json:
        return Request("POST", oauth.token, headers=headers, json=form)
    return Request("POST", oauth.token, headers=headers, form=form)

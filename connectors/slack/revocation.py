"""How Slack is told that a connection ended, and how it signs what it tells us.

https://docs.slack.dev/reference/methods/auth.revoke
https://docs.slack.dev/authentication/using-token-rotation
https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import hashlib
import hmac
import re
from collections.abc import Sequence

from connector_vault.connector import (
    Client,
    Delivery,
    Ending,
    NotAllowed,
    Reply,
    Request,
    Secret,
    Tokens,
)

from .answers import DEAD, error_of, flag
from .api import API

__all__ = ["alive", "probe", "revoke_grant", "revoke_token", "said", "verify"]

_ROTATING = "xoxe."

_WINDOW = 300
"""Seconds a delivery may be old, or ahead: Slack's own advice against replays."""

_TIME = re.compile(r"[0-9]{1,12}")
"""Seconds since 1970, and nothing that only `int` takes for a number."""


def revoke_token(client: Client, tokens: Tokens) -> Sequence[Request]:  # noqa: ARG001  # the token names its app
    """End the refresh token, then the access token, of an app whose tokens rotate.

    Without rotation nothing: a token that is revoked takes the whole authorisation with it.
    """
    if not _rotates(tokens):
        return ()
    # The refresh token first: what could still make a new one must not be left over.
    return tuple(_revoke(one) for one in (tokens.refresh, tokens.access) if one is not None)


def revoke_grant(client: Client, tokens: Tokens) -> Sequence[Request]:  # noqa: ARG001  # as above
    """End the authorisation of an app whose tokens do not rotate.

    With rotation nothing does but apps.uninstall, which ends everybody's tokens in the workspace.
    """
    return () if _rotates(tokens) else (_revoke(tokens.access),)


def said(reply: Reply) -> Ending:
    """Read what an answer to auth.revoke confirms."""
    code = error_of(reply)
    if code in DEAD:
        return "already gone"
    if code or reply.status != 200:
        return "unconfirmed"
    return "revoked" if flag(reply, "ok") and flag(reply, "revoked") else "unconfirmed"


def probe(client: Client, tokens: Tokens) -> Request:  # noqa: ARG001  # as above
    """Ask whose token it is, which only a live one can say."""
    return Request("POST", f"{API}/auth.test", headers=_bearer(tokens.access))


def alive(reply: Reply) -> bool | None:
    """Read what an answer to auth.test says of the token."""
    if error_of(reply) in DEAD:
        return False
    return True if reply.status == 200 and flag(reply, "ok") else None


def verify(delivery: Delivery, secret: Secret) -> None:
    """Let only what Slack signed within the last five minutes pass.

    Raises:
        NotAllowed: it is not, or not of Slack.
    """
    time = delivery.headers.get("x-slack-request-timestamp", "")
    given = delivery.headers.get("x-slack-signature", "")
    if not _TIME.fullmatch(time) or abs(delivery.at - int(time)) > _WINDOW:
        raise NotAllowed("this delivery is too old, or does not say when it was signed")
    signed = b"v0:" + time.encode() + b":" + delivery.body
    digest = hmac.new(secret.reveal().encode(), signed, hashlib.sha256).hexdigest()
    if not secret or not hmac.compare_digest(f"v0={digest}".encode(), given.encode()):
        raise NotAllowed("this delivery is not signed by Slack for this app")


def _rotates(tokens: Tokens) -> bool:
    return tokens.refresh is not None or tokens.access.reveal().startswith(_ROTATING)


def _revoke(token: Secret) -> Request:
    return Request("POST", f"{API}/auth.revoke", headers=_bearer(token))


def _bearer(token: Secret) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.reveal()}"}

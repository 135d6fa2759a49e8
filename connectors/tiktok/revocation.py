"""Where secrets are used other than to call the API: to end a grant, to know who signed.

Revoking  https://developers.tiktok.com/doc/oauth-user-access-token-management
Signing   https://developers.tiktok.com/doc/webhooks-verification
"""

import hashlib
import hmac
from collections.abc import Sequence

from connector_vault.connector import Client, Ending, Reply, Request, Secret, Tokens

from .answers import DEAD, code_of
from .api import API, REVOKE

__all__ = ["alive", "probe", "revoke_grant", "revoke_token", "said", "signature"]

_GONE = frozenset({DEAD, "invalid_grant", "invalid_request", "invalid_token"})
"""What an address that is not said to be idempotent may answer for a token that is dead already.
All else that `invalid_request` may mean, our own requests do not do."""


def revoke_token(client: Client, tokens: Tokens) -> Sequence[Request]:  # noqa: ARG001  # there is no such thing
    """Give nothing: whoever revokes a token takes the app from the account's list, with all."""
    return ()


def revoke_grant(client: Client, tokens: Tokens) -> Sequence[Request]:
    """End all that the account granted to the app, by an access token that lives."""
    form = {
        "client_key": client.id,
        "client_secret": client.secret.reveal(),
        "token": tokens.access.reveal(),
    }
    return (Request("POST", REVOKE, form=form),)


def said(reply: Reply) -> Ending:
    """Read whether the grant ended. Success is an empty object, errors may have the status 200."""
    code = code_of(reply)
    if code in _GONE and reply.status < 500:
        return "already gone"
    return "revoked" if reply.status < 300 and not code else "unconfirmed"


def probe(_: Client, tokens: Tokens) -> Request:
    """Ask whose the access token is."""
    headers = {"Authorization": f"Bearer {tokens.access.reveal()}"}
    return Request("GET", f"{API}/v2/user/info/", query={"fields": "open_id"}, headers=headers)


def alive(reply: Reply) -> bool | None:
    """Read whether the access token lives. A scope it lacks says that it does."""
    code = code_of(reply)
    if code == DEAD:
        return False
    return True if (reply.status < 300 and not code) or code == "scope_not_authorized" else None


def signature(secret: Secret, time: str, body: bytes) -> str:
    """Sign as TikTok does: HMAC-SHA256 under the client secret, in hexadecimal."""
    signed = time.encode() + b"." + body
    return hmac.new(secret.reveal().encode(), signed, hashlib.sha256).hexdigest()

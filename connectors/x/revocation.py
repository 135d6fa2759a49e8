"""Where secrets are used other than to call the API: to end a token, and to tell X from others.

https://docs.x.com/fundamentals/authentication/oauth-2-0/user-access-token
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence

from connector_vault.connector import (
    Client,
    Ending,
    Json,
    Reply,
    Request,
    Secret,
    Tokens,
    basic,
)

from .answers import fields_of
from .api import API
from .tokens import is_dead

__all__ = ["alive", "probe", "revoke_token", "said", "signature"]


def revoke_token(client: Client, tokens: Tokens) -> Sequence[Request]:
    """End both tokens: X does not say that one takes the other with it.

    The refresh token goes first, so that nobody can make a new access token meanwhile.
    """
    both = (tokens.refresh, tokens.access)
    return tuple(_revoke(client, token.reveal()) for token in both if token is not None)


def said(reply: Reply) -> Ending:
    """Read whether a token ended. The shape of the answer is not documented.

    RFC 7009 wants 200 for a token that is dead already; X is known to answer 400.
    """
    found = _body(reply)
    if reply.status < 300:
        return "unconfirmed" if found.get("revoked") is False else "revoked"
    dead = reply.status == 400 and is_dead(found.get("error"), found.get("error_description"))
    return "already gone" if dead else "unconfirmed"


def probe(_: Client, tokens: Tokens) -> Request:
    """Ask whose the access token is."""
    headers = {"Authorization": f"Bearer {tokens.access.reveal()}"}
    return Request("GET", f"{API}/2/users/me", headers=headers)


def alive(reply: Reply) -> bool | None:
    """Read that a token lives. None: nothing is known.

    That it is refused proves little: it may just have expired, and its refresh token may live.
    """
    return True if reply.status < 300 else None


def signature(secret: Secret, message: bytes) -> str:
    """Sign as X does: HMAC-SHA256 under the app's consumer secret, in base64.

    https://docs.x.com/x-api/webhooks/quickstart
    """
    digest = hmac.new(secret.reveal().encode(), message, hashlib.sha256).digest()
    return f"sha256={base64.b64encode(digest).decode()}"


def _revoke(client: Client, token: str) -> Request:
    form = {"token": token}
    if client.secret:
        return Request("POST", f"{API}/2/oauth2/revoke", headers=basic(client), form=form)
    return Request("POST", f"{API}/2/oauth2/revoke", form={**form, "client_id": client.id})


def _body(reply: Reply) -> dict[str, Json]:
    try:
        return fields_of(json.loads(reply.body or b"{}"))
    except (RecursionError, ValueError):
        return {}

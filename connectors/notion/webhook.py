"""Whether a webhook delivery comes from Notion.

None of Notion's events says that somebody took back what they granted, so the connector names no
notice: a dead grant is found by the next call. This is for those who subscribe to pages' events.
A subscription is made by hand. Its first delivery is unsigned and holds the token that signs all
others; there is no time in them, so that a repeated one is told by its event's `id`.

https://developers.notion.com/reference/webhooks
https://developers.notion.com/reference/webhooks-events-delivery
"""

import hmac
import json
import re

from connector_vault.connector import Delivery, Json, NotAllowed, Secret

__all__ = ["handshake", "sign", "verify"]

_SIGNATURE = re.compile(r"sha256=([0-9A-Fa-f]{64})")

_MOST_TOKEN = 1024
"""Characters of a verification token."""


def verify(delivery: Delivery, token: bytes) -> None:
    """Let only what this verification token has signed pass.

    Raises:
        NotAllowed: the signature is missing, is none, or is of another body or token.
    """
    found = _SIGNATURE.fullmatch(delivery.headers.get("x-notion-signature", ""))
    given = f"sha256={found[1].lower()}" if found else ""
    if not hmac.compare_digest(given, sign(delivery.body, token)):
        raise NotAllowed("this delivery is not signed by Notion with the subscription's token")


def sign(body: bytes, token: bytes) -> str:
    """Give what stands in X-Notion-Signature: HMAC-SHA-256 of the raw body, in hex."""
    return f"sha256={hmac.digest(token, body, 'sha256').hex()}"


def handshake(delivery: Delivery) -> Secret | None:
    """Give the verification token of a subscription's first delivery. None: it is another one.

    That delivery is not signed: a person compares the token in the connection's settings.
    """
    try:
        said = json.loads(delivery.body)
    except (ValueError, RecursionError):
        return None
    fields: dict[str, Json] = {**said} if isinstance(said, dict) else {}
    token = fields.get("verification_token")
    if not isinstance(token, str) or not 0 < len(token) <= _MOST_TOKEN:
        return None
    return Secret(token)

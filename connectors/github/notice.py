"""How GitHub tells that a person took back what they granted. GitHub Apps only.

https://docs.github.com/en/webhooks/webhook-events-and-payloads#github_app_authorization
https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

import hmac
import json
from collections.abc import Sequence

from connector_vault.connector import Delivery, Json, NotAllowed, Secret

__all__ = ["accounts", "verify"]


def verify(delivery: Delivery, secret: Secret) -> None:
    """Let only a delivery pass that was signed with the webhook's secret.

    It has no time in it, so an old one that was kept passes too. It is only a reason to look.

    Raises:
        NotAllowed: it was not.
    """
    digest = hmac.digest(secret.reveal().encode(), delivery.body, "sha256").hex()
    said = delivery.headers.get("x-hub-signature-256", "")
    if not hmac.compare_digest(said.encode(), f"sha256={digest}".encode()):
        raise NotAllowed("this delivery was not signed by GitHub with the webhook's secret")


def accounts(delivery: Delivery) -> Sequence[str]:
    """Give the account whose authorization was revoked; nothing for any other event."""
    if delivery.headers.get("x-github-event") != "github_app_authorization":
        return ()
    try:
        said: Json = json.loads(delivery.body)
    except ValueError:
        return ()
    match said:
        case {"action": "revoked", "sender": {"id": int(account)}}:
            return (str(account),)
        case _:
            return ()

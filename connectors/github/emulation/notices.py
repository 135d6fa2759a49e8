"""What GitHub sends to an app's webhook, signed with the webhook's secret.

https://docs.github.com/en/webhooks/webhook-events-and-payloads#github_app_authorization
https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

import hmac
import json
from uuid import uuid4

from connector_vault.connector import Json

from .records import User

__all__ = ["WEBHOOK_SECRET", "revocation"]

WEBHOOK_SECRET = "emulator-webhook-secret"
"""Every app's here. A secret only in name."""


def revocation(user: User) -> Json:
    """Give what a GitHub App is sent when somebody takes back what they granted."""
    sender = {"id": user.id, "login": user.login}
    body = json.dumps({"action": "revoked", "sender": sender})
    digest = hmac.digest(WEBHOOK_SECRET.encode(), body.encode(), "sha256")
    headers = {
        "content-type": "application/json",
        "x-github-event": "github_app_authorization",
        "x-github-delivery": str(uuid4()),
        "x-hub-signature-256": f"sha256={digest.hex()}",
    }
    return {"headers": headers, "body": body}

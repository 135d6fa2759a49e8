"""What X sends to an app's webhook, signed with the app's consumer secret.

https://docs.x.com/x-api/webhooks/quickstart
"""

import base64
import hashlib
import hmac
import json
from uuid import uuid4

from connector_vault.connector import Json

from .answers import stamp
from .grants import App
from .records import User

__all__ = ["revocations"]


def revocations(app: App, user: User, now: float) -> list[Json]:
    """Give what is sent when somebody takes back what they granted, by either product."""
    payload = {"date_time": stamp(now), "user_id": user.id, "app_id": app.id}
    new = {
        "data": {
            "event_uuid": str(uuid4()),
            "filter": {},
            "event_type": "oauth.revoke",
            "payload": payload,
        }
    }
    revoke = {
        "date_time": stamp(now),
        "target": {"app_id": app.id},
        "source": {"user_id": user.id},
    }
    return [_signed(app, new), _signed(app, {"user_event": {"revoke": revoke}})]


def _signed(app: App, event: Json) -> Json:
    body = json.dumps(event)
    digest = hmac.digest(app.consumer_secret.encode(), body.encode(), hashlib.sha256)
    signature = f"sha256={base64.b64encode(digest).decode()}"
    headers = {"content-type": "application/json", "x-twitter-webhooks-signature": signature}
    return {"headers": headers, "body": body}

"""What Facebook sends to an app when somebody removes it: a form, signed with the app's secret.

https://developers.facebook.com/docs/development/create-an-app/app-dashboard/data-deletion-callback
"""

import base64
import hashlib
import hmac
import json
from urllib.parse import urlencode

from connector_vault.connector import Json

from .grants import App

__all__ = ["changed", "deauthorized", "handshake", "signed"]


def deauthorized(app: App, person: str, now: float) -> Json:
    """Give what is sent to the app's callbacks for deauthorisation, and for deletion of data."""
    payload: dict[str, Json] = {"algorithm": "HMAC-SHA256", "expires": 0, "issued_at": int(now)}
    payload["user_id"] = person
    body = urlencode({"signed_request": signed(app.secret, payload)})
    kind = "application/x-www-form-urlencoded"
    return {"headers": {"content-type": kind}, "body": body, "at": int(now)}


def handshake() -> Json:
    """Give the question with which an app's address for webhooks is tried."""
    query = {
        "hub.mode": "subscribe",
        "hub.challenge": "1158201444",
        "hub.verify_token": "meatyhamhock",
    }
    return {"query": query}


def changed(app: App, person: str, field: str, now: float) -> Json:
    """Give what is sent to an app's webhook. What is not ASCII is escaped, and signed so.

    https://developers.facebook.com/docs/graph-api/webhooks/getting-started
    """
    entry: dict[str, Json] = {"id": person, "uid": person, "time": int(now)}
    entry["changed_fields"] = [field]
    body = json.dumps({"object": field, "entry": [entry]}, separators=(",", ":"))
    digest = hmac.new(app.secret.encode(), body.encode(), hashlib.sha256).hexdigest()
    headers = {"content-type": "application/json", "x-hub-signature-256": f"sha256={digest}"}
    return {"headers": headers, "body": body, "at": int(now)}


def signed(secret: str, payload: Json) -> str:
    """Sign as Meta does: over the payload as it is encoded."""
    encoded = _encoded(json.dumps(payload, separators=(",", ":")).encode())
    return f"{_encoded(hmac.digest(secret.encode(), encoded.encode(), hashlib.sha256))}.{encoded}"


def _encoded(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).decode().rstrip("=")

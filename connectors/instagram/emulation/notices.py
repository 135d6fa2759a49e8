"""What Instagram sends to an app when somebody removes it.

https://developers.facebook.com/docs/development/create-an-app/app-dashboard/data-deletion-callback
"""

import base64
import hashlib
import hmac
import json
from urllib.parse import urlencode

from connector_vault.connector import Json

from .grants import App

__all__ = ["removal"]


def removal(app: App, person: str, now: float) -> Json:
    """Give what is sent, signed with the app's secret."""
    payload = {
        "algorithm": "HMAC-SHA256",
        "expires": int(now) + 3600,
        "issued_at": int(now),
        "user_id": person,
    }
    signed = _encoded(json.dumps(payload).encode())
    signature = _encoded(hmac.digest(app.secret.encode(), signed.encode(), hashlib.sha256))
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return {"headers": headers, "body": urlencode({"signed_request": f"{signature}.{signed}"})}


def _encoded(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).decode().rstrip("=")

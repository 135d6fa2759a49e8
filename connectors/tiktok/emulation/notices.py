"""What TikTok sends to an app's webhook, signed with the app's secret.

https://developers.tiktok.com/doc/webhooks-events
https://developers.tiktok.com/doc/webhooks-verification
"""

import hashlib
import hmac
import json

from connector_vault.connector import Json

from .grants import App

__all__ = ["removed"]


def removed(app: App, open_id: str, reason: int, now: float) -> Json:
    """Tell that an app's permission ended. What it is about is JSON inside a string."""
    event = {
        "client_key": app.key,
        "event": "authorization.removed",
        "create_time": int(now),
        "user_openid": open_id,
        "content": json.dumps({"reason": reason}),
    }
    body = json.dumps(event)
    signed = f"{int(now)}.{body}".encode()
    digest = hmac.digest(app.secret.encode(), signed, hashlib.sha256).hex()
    told = {"content-type": "application/json", "tiktok-signature": f"t={int(now)},s={digest}"}
    return {"headers": told, "body": body}

"""What shows that a call comes from who has the app's secret, and not just a token of its.

https://developers.facebook.com/docs/graph-api/guides/secure-requests
"""

import hashlib
import hmac
from collections.abc import Mapping

from connector_vault.connector import Client, Secret

__all__ = ["appsecret_proof"]


def appsecret_proof(client: Client, token: Secret) -> Mapping[str, str]:
    """Give the parameter that proves it: HMAC-SHA256 of the token under the secret, in hex.

    Nothing for a client without a secret: an app that requires the proof then refuses the call.
    """
    if not client.secret:
        return {}
    key, message = client.secret.reveal().encode(), token.reveal().encode()
    return {"appsecret_proof": hmac.new(key, message, hashlib.sha256).hexdigest()}

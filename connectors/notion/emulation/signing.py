"""What Notion puts into X-Notion-Signature. Written apart from what checks it.

https://developers.notion.com/reference/webhooks
"""

import hashlib
import hmac

__all__ = ["signature"]


def signature(body: bytes, token: str) -> str:
    """Sign a delivery's body with a subscription's verification token."""
    return "sha256=" + hmac.new(token.encode(), body, hashlib.sha256).hexdigest()

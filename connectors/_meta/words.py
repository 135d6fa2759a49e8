"""Names, numbers and shapes that all of Meta's APIs have in common.

https://developers.facebook.com/docs/graph-api/changelog/versions
"""

__all__ = ["FACEBOOK", "GRAPH", "INSTAGRAM", "PATTERNS", "RUPLOAD", "VERSION"]

VERSION = "v26.0"
"""A call without one gets the oldest that the app may still use."""

FACEBOOK = f"https://graph.facebook.com/{VERSION}"
INSTAGRAM = f"https://graph.instagram.com/{VERSION}"
GRAPH = (FACEBOOK, INSTAGRAM)
RUPLOAD = "https://rupload.facebook.com"
"""Where films are sent to, in pieces, with `Authorization: OAuth` and the token."""

PATTERNS = (
    r"EAA[A-Za-z0-9]{20,}",
    r"IG[A-Za-z0-9]{2}[A-Za-z0-9_-]{30,}",
    # An app's own token holds its secret.
    r"\d{13,17}\|[A-Za-z0-9_-]{20,}",
    r'[?&]access_token=[^&\s"]+',
    r"appsecret_proof=[0-9a-f]{64}",
)
"""Regular expressions of tokens, and of what stands for one in an address."""

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

_BEGIN = (
    # Within a cursor, or any long text in base64, what looks like a token is none.
    r"(?:(?<![A-Za-z0-9_-])"
    # An escape ends in what may stand there: a line's end in JSON, a sign in an address.
    r"|(?<=\\[bfnrt])|(?<=\\u[0-9A-Fa-f]{4})|(?<=%[0-9A-Fa-f]{2}))"
)

PATTERNS = (
    rf"{_BEGIN}EAA[A-Za-z0-9]{{20,}}",
    rf"{_BEGIN}IG[A-Za-z0-9]{{2}}[A-Za-z0-9_-]{{30,}}",
    # An app's own token holds its secret.
    r"\d{13,17}\|[A-Za-z0-9_-]{20,}",
    r'[?&]access_token=[^&\s"]+',
    r"appsecret_proof=[0-9a-f]{64}",
)
"""Regular expressions of tokens, and of what stands for one in an address."""

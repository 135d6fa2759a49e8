"""How TikTok's addresses for tokens differ from RFC 6749 and RFC 7636.

Tokens   https://developers.tiktok.com/doc/oauth-user-access-token-management
Errors   https://developers.tiktok.com/doc/oauth-error-handling
Desktop  https://developers.tiktok.com/doc/login-kit-desktop
"""

import hashlib
import json
from collections.abc import Sequence
from urllib.parse import urlsplit

from connector_vault.connector import Json, RateLimited, Reply, retry_after

from .answers import fields_of

__all__ = ["answers", "challenge"]

_HERE = ("localhost", "127.0.0.1")
"""The only hosts that an app for the desktop may be sent back to."""

_LATER = "rate_limit_exceeded"

_NAMES = {
    "access_token": "access_token",
    "refresh_token": "refresh_token",
    "expires_in": "expires_in",
    "refresh_expires_in": "refresh_token_expires_in",
    "scope": "scope",
    "error": "error",
    "error_description": "error_description",
}
"""TikTok's words, and the RFC's."""


def challenge(verifier: str, redirect_uri: str) -> str:
    """Give the challenge for a desktop's address: SHA-256 in hexadecimal, not in base64url.

    Empty: a web address, which needs none.
    """
    try:
        host = urlsplit(redirect_uri).hostname
    except ValueError:
        return ""
    return hashlib.sha256(verifier.encode()).hexdigest() if host in _HERE else ""


def answers(reply: Reply) -> Sequence[Json]:
    """Give the token set, or the error, which may have the status 200.

    Raises:
        RateLimited: TikTok wants a pause.
    """
    said = fields_of(json.loads(reply.body))
    found = {ours: said[theirs] for theirs, ours in _NAMES.items() if theirs in said}
    nested = fields_of(found.get("error"))
    if nested:
        # As the API writes errors: there `ok` is none.
        code, words = nested.get("code"), nested.get("message")
        found |= {"error": None if code == "ok" else code, "error_description": words}
    if _LATER in (found.get("error"), said.get("error_code")):
        raise RateLimited(retry_after(reply))
    return (found,)

"""Where TikTok's API is."""

__all__ = ["API", "REVOKE", "TOKEN"]

API = "https://open.tiktokapis.com"

TOKEN = f"{API}/v2/oauth/token/"
REVOKE = f"{API}/v2/oauth/revoke/"
"""Both with the slash at their end: without it they are other addresses."""

"""What TikTok does not document, has changed, or decides by its mood: each can be played."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Policy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How this TikTok behaves, for the deed `policy`."""

    lifetimes: Literal["new", "old"] = "new"
    """Access and refresh tokens of 2 hours and 180 days, or of 24 hours and 365 days, as the pages
    before November 2026 said."""
    rotates: bool = True
    """Whether a refresh gives another refresh token, and ends the one before."""
    old_access: Literal["lives", "dies"] = "lives"
    """What a refresh does to the access token before it."""
    token_errors: Literal[400, 200] = 400
    """The status of a token address's errors but those of the client."""
    revoke_dead: Literal["invalid_grant", "invalid_request", "access_token_invalid", "ok"] = (
        "invalid_grant"
    )
    """What revoking a dead token is answered with."""
    audited: bool = True
    """Whether TikTok has audited the app."""
    active_users: int = 0
    """Others who posted by an unaudited app in the last day, of five who may."""
    daily_posts: int = 15
    """Posts an account may make by apps in 24 hours."""
    verified: tuple[str, ...] = ("https://media.example.com/",)
    """What the app's owner has verified: TikTok fetches from below it alone."""
    upload_host: str = "open-upload.tiktokapis.com"
    """Where films are to be sent."""
    counts: bool = True
    """Whether a status tells how many bytes came."""
    downloading: float = 0.0
    """Seconds that TikTok takes to fetch something."""
    processing: float = 0.0
    """Seconds that TikTok takes until what it has is posted, or is in the inbox."""
    moderation: float = 0.0
    """Seconds after which a public post has an id."""
    fails: str = ""
    """Why what is sent is not posted: a `fail_reason`. Empty: it is."""

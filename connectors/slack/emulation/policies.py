"""What Slack's documents leave open, or an app's owner decides: both can be played."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Policy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How Slack behaves from now on."""

    rotation: bool = False
    """Whether new tokens live for 12 hours and come with a refresh token."""
    grace: float = 60.0
    """Seconds for which a spent refresh token works again. Slack does not publish how many."""
    refresh: Literal["flat", "nested"] = "flat"
    """Where the answer to a refresh of a person's token has it."""
    refusal: Literal["slack", "rfc"] = "slack"
    """How a dead refresh token is refused: `invalid_refresh_token`, or a 400 `invalid_grant`."""
    revoked: Literal["token_revoked", "invalid_auth", "account_inactive"] = "token_revoked"
    """What is said of a token that was revoked."""
    revocation: Literal["whole", "seat"] = "whole"
    """What auth.revoke ends without rotation: all that one person authorised, or only this seat."""
    history: Literal["internal", "limited"] = "internal"
    """`limited`: 15 messages, once a minute, as for apps sold outside of the Marketplace."""
    withheld: tuple[str, ...] = ()
    """Scopes, bots' or people's, that are asked for and not granted."""
    org_install: bool = False
    """Whether who belongs to an organisation installs the app for all of it."""
    upload_origin: str = "https://files.slack.com"
    """Where bytes are to be sent."""
    upload_status: int = 200
    """What is answered to bytes. Only 200 keeps them."""

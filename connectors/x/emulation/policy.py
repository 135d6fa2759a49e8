"""What X does not document, or does in more than one way: each can be played."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Policy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How this X behaves, for the deed `policy`."""

    reuse: Literal["kill", "plain"] = "kill"
    """Whether a spent refresh token that comes again ends its whole family."""
    dead: Literal["invalid_request", "invalid_grant"] = "invalid_request"
    """The error of a dead refresh token."""
    old_access: Literal["lives", "dies"] = "lives"
    """What a refresh does to the access token before it."""
    revoked: Literal["flag", "empty", "false"] = "flag"
    """The answer to a revocation: {"revoked": true}, nothing, or {"revoked": false}."""
    revoke_dead: Literal[400, 200] = 400
    """The status of revoking a token that is dead already."""
    revoke_reach: Literal["token", "family", "nothing"] = "token"
    """What a revocation ends, whatever is answered."""
    words: Literal["asked", "old", "new"] = "asked"
    """Whether fields are taken and given in the older words, the newer ones, or those asked in."""
    replies: Literal["summoned", "open"] = "summoned"
    """Who may be replied to: whoever mentioned the account, or everybody."""
    capped: Literal[0, 402, 403, 429] = 0
    """The status of every answer, since credits are used up. 0: they are not."""
    processing: float = 0.0
    """Seconds that films and GIFs are looked at before they can be posted."""
    fails: str = ""
    """Why looking at films fails. Empty: it does not."""

"""What Instagram does not document, or does in more than one way: each can be played."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Policy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How this Instagram Login behaves, for the deed `policy`."""

    answer: Literal["flat", "data"] = "flat"
    """Whether the answer to a code is an object, or a list in `data`, as documented."""
    ids: Literal["number", "text"] = "number"
    """How it writes the person's id."""
    permissions: Literal["list", "text", "none"] = "list"
    """How it writes what was granted."""
    junk: bool = True
    """Whether `#_` stands behind the address a person comes back to."""
    renewed: Literal["new", "same"] = "new"
    """Whether a refresh gives another token, or lets the same one live on."""
    old: Literal["lives", "dies"] = "lives"
    """What a refresh does to the token before it."""
    youth: int = 86_400
    """Seconds a token has to be old before it is refreshed."""
    young: int = 100
    """The code of the error if it is not."""
    expires: bool = True
    """Whether answers say how long a token lives."""
    personal: Literal["refused", "let in"] = "refused"
    """What becomes of a personal account: turned away at the page, or told by its type alone."""
    expired_status: Literal[400, 401] = 400
    """The status of an answer to a token that is dead."""

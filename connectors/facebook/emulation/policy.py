"""What Facebook leaves open, or does in more than one way: each can be played."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Policy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How this Facebook behaves, for the deed `policy`."""

    exchange: Literal["extends", "keeps"] = "keeps"
    """Whether exchanging a long-lived token gives one that lives longer, or the same again."""
    expires_in: Literal["said", "missing"] = "said"
    """Whether an exchange says how long the token lives."""
    proof: Literal["optional", "required"] = "optional"
    """Whether the app requires appsecret_proof. A wrong one is refused all the same."""
    gone: Literal["458", "100"] = "458"
    """The error of removing an app that somebody has removed already."""
    chunks: Literal["taken", "complained", "refused"] = "taken"
    """What comes of a piece of a film: it is taken; or taken with an error; or not taken."""
    offset: Literal["address", "status"] = "address"
    """Where it is told how much of a film came: at its upload address, or in its status alone."""
    processing: float = 0.0
    """Seconds that films are worked on before they appear."""
    fails: str = ""
    """Why films fail. Empty: they do not."""

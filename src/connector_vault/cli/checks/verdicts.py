"""What a check finds."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from connector_vault.documents import Document

__all__ = ["Check", "ok", "problem", "warn"]

Verdict = Literal["ok", "warn", "problem"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    verdict: Verdict
    finding: str
    remedy: str = ""
    """What to do about it. Empty: nothing."""

    def document(self) -> "Document":
        """Write it for scripts."""
        return {
            "name": self.name,
            "verdict": self.verdict,
            "finding": self.finding,
            "remedy": self.remedy or None,
        }


def ok(name: str, finding: str) -> Check:
    """Say that it is as it should be."""
    return Check(name, "ok", finding)


def warn(name: str, finding: str, remedy: str = "") -> Check:
    """Say that it works, and what is to be known about it."""
    return Check(name, "warn", finding, remedy)


def problem(name: str, finding: str, remedy: str) -> Check:
    """Say that it does not work, and how to mend it."""
    return Check(name, "problem", finding, remedy)

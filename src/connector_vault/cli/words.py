"""Times and receipts in words. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, assert_never

if TYPE_CHECKING:
    from connector_vault.model import Receipt

__all__ = ["from_now", "listed", "receipt_words", "span"]

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def from_now(moment: datetime | None, now: datetime) -> str:
    """Say how far off a time is: in 7 h 59 min; 3 d ago."""
    if moment is None:
        return "never, as far as the provider says"
    seconds = int((moment - now).total_seconds())
    if not seconds:
        return "now"
    return f"in {span(seconds)}" if seconds >= 0 else f"{span(-seconds)} ago"


def span(seconds: int) -> str:
    """Say a length of time in at most two units."""
    parts: list[str] = []
    for size, unit in _UNITS:
        count, seconds = divmod(seconds, size)
        if count or (not parts and size == 1):
            parts.append(f"{count} {unit}")
        if len(parts) == 2 or (parts and not count):
            break
    return " ".join(parts)


def listed(names: Iterable[str], none: str = "none") -> str:
    """Write names in a row."""
    return ", ".join(names) or none


def receipt_words(receipt: "Receipt", title: str) -> list[str]:
    """Say what became of a connection, and what could not be proven."""
    who = f"{receipt.account or receipt.connection} at {title}"
    words = [f"{who}: {_outcome(receipt)}"]
    if receipt.note:
        words.append(f"Note: {receipt.note}.")
    if receipt.shredded:
        words.append("Its key was destroyed: nothing here can open its tokens again.")
        words.append(f"Shred horizon: {receipt.shred_horizon}.")
    else:
        again = f"connector-vault disconnect {receipt.connection}"
        words.append("No call starts any more, but the provider may still take its token:")
        words.append(f"run `{again}` again.")
    return words


def _outcome(receipt: "Receipt") -> str:
    match receipt.outcome:
        case "revoked" if receipt.reach == "grant":
            return "disconnected; everything this account had granted was revoked."
        case "revoked":
            return "disconnected; this token was revoked."
        case "already gone":
            return "disconnected; the provider no longer knew the token."
        case "not revocable":
            return "disconnected here; nothing was revoked at the provider."
        case "unconfirmed":
            return "stopped, but the provider has not confirmed the end."
        case _:
            assert_never(receipt.outcome)

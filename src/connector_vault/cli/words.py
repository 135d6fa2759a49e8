"""Times, receipts and what to do about keys, in words. Pure."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, assert_never

from connector_vault.reports import keeps_all

if TYPE_CHECKING:
    from connector_vault.model import Receipt
    from connector_vault.reports import KeyStatus

__all__ = ["counted", "from_now", "key_advice", "listed", "receipt_words", "span"]

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


def counted(number: int, name: str) -> str:
    """Say how many there are: 1 data key; 1,200 data keys."""
    return f"{number:,} {name}{'s' * (number != 1)}"


def key_advice(status: "KeyStatus", others: Collection[str]) -> list[str]:
    """Say what is to be done next about the keys. `others`: holders that only open."""
    wrapping = {one.holder for one in status.versions}
    missing = sorted(wrapping - {status.holder, *others})
    words = [
        f"{holder} wraps data keys, and is not given: add it to CONNECTOR_VAULT_KEYS."
        for holder in missing
    ]
    if status.stale and not missing:
        words.append(
            f"{counted(status.stale, 'data key')} to be wrapped anew: run `connector-vault keys "
            "rotate --rewrap-only`, or wait for `maintain`."
        )
    if not status.stale and status.oldest < status.version and not keeps_all(status.holder):
        words.append(
            f"Nothing needs the versions before {status.version}: `connector-vault keys retire` "
            "destroys them."
        )
    return words + [
        f"{holder} wraps nothing: take it out of CONNECTOR_VAULT_KEYS if it has served its time, "
        "or put it first if it is to take over."
        for holder in others
        if holder not in wrapping
    ]


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

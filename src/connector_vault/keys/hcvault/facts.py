"""What the server tells of a key, and whether it is one to wrap data keys under."""

from collections.abc import Mapping
from dataclasses import dataclass

from connector_vault.errors import Misconfigured
from connector_vault.keys.hcvault.address import Address
from connector_vault.keys.hcvault.answer import Answer, number
from connector_vault.keys.hcvault.failures import disabled, incomprehensible
from connector_vault.keys.hcvault.policy import making

__all__ = ["Facts", "facts_of"]

_KINDS = ("aes256-gcm96", "chacha20-poly1305", "xchacha20-poly1305")
"""Each is authenticated, takes a context, and has 256 bits."""

_UNFIT: Mapping[str, str] = {
    "exportable": "can be exported",
    "allow_plaintext_backup": "can be backed up in plain text",
    "convergent_encryption": "makes the same of the same (convergent_encryption)",
}
"""Settings of a key that cannot be taken back."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The versions of a key."""

    latest: int
    oldest: int
    """The oldest that opens anything."""
    kept: int
    """The oldest that the server still has."""
    sealing: int
    """The oldest that may wrap. 0: the latest."""


def facts_of(answer: Answer, address: Address) -> Facts:
    """Read what is told of a key.

    Raises:
        Misconfigured: it is of no use here, and another has to be made.
        KeysDenied: it is disabled.
    """
    said = answer.data
    if said.get("soft_deleted") is True:
        raise disabled(address)
    for flaw in _flaws(said):
        # Not under its own name: where there is a key, the server makes none, and tells nobody.
        mend = f"have one made under another NAME: {making(address, _KINDS[0])}"
        raise Misconfigured(f"the key {address.key} at {address.place} {flaw}: {mend}")
    latest, opening = number(said, "latest_version"), number(said, "min_decryption_version")
    if not latest:
        raise incomprehensible(address)
    kept = max(1, number(said, "min_available_version"))
    return Facts(latest, max(kept, opening), kept, number(said, "min_encryption_version"))


def _flaws(said: Mapping[str, object]) -> list[str]:
    flaws = [words for name, words in _UNFIT.items() if said.get(name) is True]
    if said.get("derived") is not True:
        # The server then ignores the context, without a word, and binds nothing to its place.
        flaws.insert(0, "is not derived (derived=true)")
    if said.get("type") not in _KINDS:
        flaws.insert(0, f"is of another type than {', '.join(_KINDS)}")
    return flaws

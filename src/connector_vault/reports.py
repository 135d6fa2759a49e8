"""What is said of the upkeep of a vault."""

from dataclasses import dataclass

__all__ = [
    "Difference",
    "KeyStatus",
    "KeyVersion",
    "Report",
    "Restored",
    "horizon",
    "keeps_all",
]

_KEEPS_ALL = ("aws-kms:",)
"""Holders that destroy no version, but only the whole key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one round of maintenance did, in numbers of connections."""

    landed: int = 0
    """Tokens of processes that had died, brought into their rows."""
    refreshed: int = 0
    reconnect: int = 0
    """Grants found dead: their owners have to consent again."""
    ended: int = 0
    """Disconnects brought to their end."""
    failed: int = 0
    """Tried, and to be tried again."""
    warned: int = 0
    """Announced to end soon."""
    delivered: int = 0
    """Events that a webhook confirmed."""
    rewrapped: int = 0
    """Data keys wrapped under the newest version of the holder's key."""
    renewed: int = 0
    """Data keys replaced because of their age."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyVersion:
    """How many data keys one version of a holder's key wraps."""

    holder: str
    version: int
    keys: int
    current: bool
    """Whether it is what wraps from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStatus:
    """Who holds the key that wraps data keys, and what still needs its older versions."""

    holder: str
    version: int
    """What wraps from now on."""
    oldest: int
    """The oldest version that still opens what it wrapped."""
    versions: tuple[KeyVersion, ...]
    data_keys: int
    stale: int
    """Data keys that something else wraps than the newest version of this holder."""

    @property
    def shred_horizon(self) -> str:
        """When copies of data keys that were destroyed become unreadable, in words."""
        words = horizon(self.holder, self.version)
        if self.oldest < self.version and not keeps_all(self.holder):
            words += "; what was wrapped before: when the versions before it are"
        return words


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How a database falls short of what its anchor knows of it. Ids of connections."""

    ended: tuple[str, ...] = ()
    """They were disconnected, and are there as if they had not been."""
    older: tuple[str, ...] = ()
    """An older state of them is there."""
    missing: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.ended or self.older or self.missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was put right after a backup was put back, in numbers of connections."""

    epoch: int
    """How often that was done until now."""
    ended: int = 0
    """Disconnected again."""
    unconfirmed: int = 0
    """To be disconnected again, which `maintain` goes on with."""
    alive: int = 0
    refreshed: int = 0
    """They work, with new tokens."""
    reconnect: int = 0
    """Their tokens are of the past: their owners have to consent again."""
    untried: int = 0
    missing: tuple[str, ...] = ()
    """Ids of those that the backup does not know. Their tokens live on at the providers."""


def horizon(holder: str, version: int) -> str:
    """Say when copies of what a version has wrapped become unreadable."""
    if keeps_all(holder):
        return f"when the key {holder} is deleted as a whole: no version of it ever is alone"
    return f"when version {version} of {holder} is retired"


def keeps_all(holder: str) -> bool:
    """Tell whether a holder, by its name, destroys no version before the whole key."""
    return holder.startswith(_KEEPS_ALL)

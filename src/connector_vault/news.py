"""What became of a connection, and who is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from connector_vault.model import Owner, Secret

__all__ = ["Event", "Webhook"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What became of a connection, without a secret."""

    cursor: int
    """Its place among all events, which grows. 0 in `on_event`: it has none yet."""
    name: str
    at: datetime
    connection: str
    """The connection's id."""
    owner: Owner
    provider: str
    generation: int
    """The connection's, from then on."""
    detail: Mapping[str, str | int | bool | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where events are sent to, signed as Standard Webhooks says."""

    url: str = field(repr=False)
    """https, or http to this machine. It may hold a password, and is not shown."""
    secret: Secret
    """`whsec_` and 24 to 64 random bytes in base64, known to the receiver."""
    name: str = ""
    """What the database knows it by, across all changes of the rest. Empty: made from the url."""
    events: frozenset[str] | None = None
    """Names of events. None: all."""
    tenant: str | None = None
    """Whose events. None: everybody's."""

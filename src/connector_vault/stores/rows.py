"""What a store keeps, one tuple a row."""

from typing import NamedTuple

__all__ = [
    "Access",
    "Consent",
    "Credential",
    "Event",
    "Follower",
    "Line",
    "Openable",
    "Row",
    "Tally",
    "WrappedKey",
]


class Credential(NamedTuple):
    """What it takes to open a connection's tokens: the columns that every call reads.

    Tuples, and so few of them, because each column of a read costs half a microsecond.
    """

    id: str
    tenant: str
    user: str
    provider: str
    kind: str
    client_id: str
    state: str
    reason: str
    generation: int
    expires_at: int
    due_at: int
    grant_id: str
    dek_id: bytes
    sealed: bytes


class Row(NamedTuple):
    """One connection, whole.

    Times are milliseconds since 1970 UTC; 0 is never. Text that does not apply is empty.
    """

    id: str
    tenant: str
    user: str
    provider: str
    kind: str
    client: str
    client_id: str
    account: str
    label: str
    state: str
    reason: str
    scopes: str | None
    """Sorted, by space. None: the provider does not say."""
    generation: int
    """Counts token sets: only a refresh success or a consent moves it."""
    revision: int
    """Counts every change."""
    expires_at: int
    grant_id: str
    """Minted at each consent."""
    grant_key: bytes
    """Equal for connections that rest on one grant at the provider."""
    dek_id: bytes
    sealed: bytes
    attempt: str
    """Who holds the refresh lease."""
    lease_until: int
    intent: str
    """The attempt that is about to spend this generation's refresh token."""
    doubt: str
    """An earlier attempt, now over, that may have spent it and whose answer nobody heard."""
    receipt: str
    origin: str
    """Where its tokens first came from: "consent", "pasted", or "adopted:" and a mark of them."""
    granted_at: int
    """When its owner last consented."""
    proven_at: int
    """When its provider last showed that the grant lives."""
    used_at: int
    """When a token of it was last handed out, to the hour."""
    due_at: int
    """When there is something to do in the background: a refresh, or another try to revoke."""
    retry_at: int
    """Not before this time is the provider asked again, after it failed."""
    failures: int
    """How often in a row it failed."""
    dies_on: int
    """When the grant ends if nothing is done."""
    warn_at: int
    """When that is to be announced."""
    created_at: int
    changed_at: int


class WrappedKey(NamedTuple):
    """A data key, as the holder wrapped it."""

    dek_id: bytes
    tenant: str
    connection: str
    holder: str
    version: int
    wrapped: bytes
    created_at: int
    """When the data key was made. To wrap it again makes it no younger."""


class Tally(NamedTuple):
    """How many data keys one version of a holder's key wraps."""

    holder: str
    version: int
    keys: int


class Consent(NamedTuple):
    """A consent that was begun. Its id is the hash of the state."""

    id: bytes
    tenant: str
    user: str
    expires_at: int
    sealed: bytes


class Line(NamedTuple):
    """One line of the audit: who did what to what, and how it ended."""

    at: int
    tenant: str
    user: str
    connection: str
    provider: str
    deed: str
    outcome: str
    detail: str


class Event(NamedTuple):
    """What became of a connection, for whoever follows."""

    seq: int
    """Its place among all events, which grows. 0 until it is stored."""
    at: int
    tenant: str
    user: str
    connection: str
    provider: str
    name: str
    generation: int
    detail: str
    """A JSON object, without a secret."""


class Follower(NamedTuple):
    """Somebody who is told of each event, in order: one webhook."""

    name: str
    seq: int
    """Of the last event it confirmed."""
    failures: int
    due_at: int
    """When the next may be sent to it."""


class Access(NamedTuple):
    """An access key, of which only the hash is known."""

    id: str
    tenant: str
    user: str | None
    """Empty: the workspace itself. None: everybody in the tenant."""
    name: str
    digest: bytes
    """SHA-256 of the key's text."""
    created_at: int
    revoked_at: int
    """0: it works."""
    mac: bytes
    """Over all of the above, because a database's writer must not open doors."""


Openable = Credential | Row

"""What a store keeps, one tuple a row."""

from typing import NamedTuple

__all__ = ["Access", "Consent", "Credential", "Line", "Openable", "Row", "WrappedKey"]


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
    """An earlier attempt that may have spent it, and never had an answer."""
    ended: int
    """1: the attempt in doubt is over, and nothing of it is under way."""
    receipt: str
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

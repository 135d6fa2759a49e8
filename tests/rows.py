"""Rows that stores are tried with."""

from connector_vault import Owner
from connector_vault.stores import (
    Access,
    Consent,
    Event,
    Everything,
    Line,
    One,
    Row,
    WrappedKey,
)

ADA = Owner(tenant="acme", user="ada")
STRANGERS = [
    Owner(tenant="acme", user="eve"),
    Owner(tenant="evil", user="ada"),
    Owner(tenant="acme"),
]
"""Whoever is not Ada, by a little."""

ROW = Row(
    id="con_1",
    tenant="acme",
    user="ada",
    provider="github",
    kind="oauth",
    client="default",
    client_id="Iv1",
    account="",
    label="ada",
    state="active",
    reason="",
    scopes="gist repo",
    generation=1,
    revision=1,
    expires_at=9_000,
    grant_id="grant_1",
    grant_key=b"grant",
    dek_id=b"d" * 16,
    sealed=b"\xc5\x01 what is sealed \xf0\x9f",
    attempt="",
    lease_until=0,
    intent="",
    doubt="",
    receipt="",
    origin="consent",
    granted_at=1_000,
    proven_at=1_000,
    used_at=0,
    due_at=0,
    retry_at=0,
    failures=0,
    dies_on=0,
    warn_at=0,
    created_at=1_000,
    changed_at=1_000,
)
KEY = WrappedKey(ROW.dek_id, "acme", "con_1", "local:x", 1, b"\xf1 what is wrapped \x8e", 1)
CONSENT = Consent(b"c" * 32, "acme", "ada", 5_000, b"sealed")
ACCESS = Access("key_1", "acme", "ada", "panel", b"h" * 32, 1_000, 0, b"m" * 32)
EVENT = Event(0, 1_500, "acme", "ada", "con_1", "github", "refreshed", 2, "{}")
LINE = Line(1_000, "acme", "ada", "con_1", "github", "connect", "ok", "{}")


async def all_of(store, query=Everything()):  # noqa: B008  # it is a constant
    """List what a query finds."""
    return [row async for row in store.rows(query)]


async def row_of(store, connection="con_1"):
    """Read one row."""
    (row,) = await all_of(store, One(connection, ADA))
    return row

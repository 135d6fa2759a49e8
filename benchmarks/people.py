"""Connections in their thousands, put into a store as if their owners had consented."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.ground import CLIENT, OWNER
from benchmarks.provider import access_token, refresh_token
from connector_vault import Secret
from connector_vault.keyring import seal
from connector_vault.model import Tokens
from connector_vault.room import Room, new_id
from connector_vault.stores import AddConnection, AddKey, Change, Row

__all__ = ["Grant", "settle"]

_BATCH = 100
"""Connections to one commit."""

_YEAR = 365 * 24 * 3600 * 1000
"""Milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One to be kept. Times are milliseconds since 1970 UTC."""

    name: str
    due_at: int
    """A refresh in the background."""
    expires_at: int
    timed: bool = False
    """Whether the provider is to see how late it is refreshed."""


async def settle(room: Room, grants: Sequence[Grant]) -> list[str]:
    """Keep them, and give their ids."""
    ids: list[str] = []
    for begin in range(0, len(grants), _BATCH):
        changes: list[Change] = []
        for grant in grants[begin : begin + _BATCH]:
            row, change = await _kept(room, grant)
            ids.append(row.id)
            changes += change
        await room.store.commit(*changes)
    return ids


async def _kept(room: Room, grant: Grant) -> tuple[Row, list[Change]]:
    connection, now = new_id("con"), room.clock()
    key, wrapped = await room.keyring.create(OWNER.tenant, connection)
    refresh = refresh_token(grant.name, due=grant.due_at if grant.timed else 0)
    tokens = Tokens(
        access=Secret(access_token(grant.name)),
        refresh=Secret(refresh),
        expires_at=grant.expires_at,
        refresh_expires_at=now + _YEAR,
        scopes=frozenset({"repo"}),
    )
    blank = Row(
        id=connection,
        tenant=OWNER.tenant,
        user=OWNER.user or "",
        provider="github",
        kind="oauth",
        client="default",
        client_id=CLIENT.id,
        account=grant.name,
        label=grant.name,
        state="active",
        reason="",
        scopes="repo",
        generation=1,
        revision=1,
        expires_at=grant.expires_at,
        grant_id=new_id("grant"),
        grant_key=b"",
        dek_id=wrapped.dek_id,
        sealed=b"",
        attempt="",
        lease_until=0,
        intent="",
        doubt="",
        receipt="",
        origin="consent",
        granted_at=now,
        proven_at=now,
        used_at=now,
        due_at=grant.due_at,
        retry_at=0,
        failures=0,
        dies_on=0,
        warn_at=0,
        created_at=now,
        changed_at=now,
    )
    row = blank._replace(sealed=seal(key, blank, tokens, grant.name))
    return row, [AddKey(wrapped), AddConnection(row)]

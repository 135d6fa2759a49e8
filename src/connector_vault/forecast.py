"""How long a connection will live, by what its provider and its connector say."""

from typing import TypedDict

from connector_vault import schedule
from connector_vault.connector import OAuth
from connector_vault.model import Tokens
from connector_vault.room import Room
from connector_vault.stores import Row

__all__ = ["Times", "planned"]

_DAY = 24 * 3600 * 1000
"""Milliseconds."""


class Times(TypedDict):
    """Columns of a row."""

    due_at: int
    dies_on: int
    warn_at: int


def planned(room: Room, row: Row, tokens: Tokens) -> Times:
    """Plan the life of a token set that goes into this row."""
    now = room.clock()
    oauth = room.catalog.load(row.provider).oauth if row.kind == "oauth" else None
    plan = schedule.plan(
        now=now,
        expires_at=tokens.expires_at,
        grant_ends_at=_grant_end(oauth, row, tokens, now),
        refreshable=tokens.refresh is not None,
        used_at=row.used_at,
        chance=room.chance(),
    )
    due_at, warn_at = plan.due_at, plan.warn_at
    if oauth is not None and oauth.outlives and plan.dies_on:
        # Maybe only a person renews it: tried before, and told while there is time.
        warn_at = plan.dies_on - schedule.NOTICE
        if warn_at > now + _DAY:
            due_at = min(due_at, now + int((warn_at - now) * (0.7 + 0.2 * room.chance())))
    told = row.dies_on and not row.warn_at and plan.dies_on <= row.dies_on + _DAY
    return Times(due_at=due_at, dies_on=plan.dies_on, warn_at=0 if told else warn_at)


def _grant_end(oauth: OAuth | None, row: Row, tokens: Tokens, now: int) -> int:
    ends = {tokens.refresh_expires_at}
    if oauth is not None and oauth.idle and not tokens.refresh_expires_at:
        ends.add(now + oauth.idle * 1000)
    if oauth is not None and oauth.absolute:
        ends.add(row.granted_at + oauth.absolute * 1000)
    return min(ends - {0}, default=0)

"""Each change as SQL, and whether it needs the row it changes."""

from collections.abc import Sequence
from typing import NamedTuple

from connector_vault.stores import (
    Access,
    AddAccess,
    AddConnection,
    AddConsent,
    AddKey,
    Change,
    Consent,
    DropKey,
    EndAccess,
    Event,
    Follower,
    Line,
    Purge,
    Rewrap,
    Row,
    Shred,
    Touch,
    Update,
    WrappedKey,
)
from connector_vault.stores.postgres.wording import Parameter, columns, quoted

__all__ = ["Part", "appended", "parts_of"]

_END = "update vault.access set revoked_at = ?, mac = ? where id = ? and revoked_at = 0 returning 1"
_FOLLOWER = """
    update vault.follower set seq = ?, failures = ?, due_at = ? where name = ? returning 1
"""
_TOUCH = """
    update vault.connection set
        used_at = greatest(used_at, ?),
        proven_at = greatest(proven_at, ?),
        due_at = case when ?::bigint > 0 and (due_at = 0 or due_at > ?::bigint) then ?::bigint
            else due_at end
    where id = ? and generation = ? and state = 'active'
"""
_REWRAP = """
    update vault.dek set holder = given.holder, version = given.version, wrapped = given.wrapped
    from unnest(?::bytea[], ?::bytea[], ?::text[], ?::bigint[], ?::bytea[])
        as given (dek_id, was, holder, version, wrapped)
    where dek.dek_id = given.dek_id and dek.wrapped = given.was
"""
_PURGES = {
    "consent": "delete from vault.consent where expires_at < ?",
    "event": """
        delete from vault.event
        where at < ? and coalesce(seq, 0) is distinct from (select max(seq) from vault.event)
    """,
    "connection": "delete from vault.connection where state = 'revoked' and changed_at < ?",
}


class Part(NamedTuple):
    """What a change does to one table."""

    table: str
    text: str
    values: tuple[Parameter, ...]
    required: bool = False
    """It is a conflict if no row is changed."""
    follows: bool = False
    """It is appended once all that is required was found, and may end in a condition."""


def parts_of(change: Change, now: int) -> Sequence[Part]:
    """Give what a change does, unless it only appends."""
    match change:
        case AddConnection():
            return [_add("connection", change.row)]
        case AddKey():
            return [_add("dek", change.key)]
        case AddAccess():
            return [_add("access", change.access)]
        case AddConsent():
            drop = Part("consent", _PURGES["consent"], (change.now,))
            return [drop, _add("consent", change.consent)]
        case Update():
            return [_update(change, now)]
        case _:
            return _alterations(change)


def appended(changes: Sequence[Change]) -> Sequence[Part]:
    """Give what a commit appends: its events, and its lines of the audit."""
    events = [change[1:] for change in changes if isinstance(change, Event)]
    lines = [tuple(change) for change in changes if isinstance(change, Line)]
    found: list[Part] = []
    if events:
        found.append(_append("event", Event._fields[1:], events))
    if lines:
        found.append(_append("audit", Line._fields, lines))
    return found


def _alterations(
    change: DropKey | EndAccess | Event | Follower | Line | Purge | Rewrap | Shred | Touch,
) -> Sequence[Part]:
    match change:
        case EndAccess():
            return [_require("access", _END, change.revoked_at, change.mac, change.id)]
        case Follower():
            return [_require("follower", _FOLLOWER, *change[1:], change.name)]
        case Touch(due_at=due_at):
            times = (change.used_at, change.proven_at, due_at, due_at, due_at)
            return [Part("connection", _TOUCH, (*times, change.id, change.generation))]
        case Purge(consents=consents, events=events, tombstones=tombstones):
            before = {"consent": consents, "event": events, "connection": tombstones}
            return [Part(table, _PURGES[table], (at,)) for table, at in before.items()]
        case DropKey() | Rewrap() | Shred():
            return [_to_keys(change)]
        case Event() | Line():
            return []


def _add(table: str, row: Row | WrappedKey | Consent | Access) -> Part:
    marks = ", ".join("?" * len(row))
    text = f"insert into vault.{table} ({columns(row._fields)}) values ({marks})"  # noqa: S608  # our own names
    return Part(table, text, tuple(row))


def _to_keys(change: DropKey | Rewrap | Shred) -> Part:
    if isinstance(change, Rewrap):
        # Column by column, and as many empty ones if there is nothing to do.
        return Part("dek", _REWRAP, tuple(zip(*change.swaps, strict=True)) or ((),) * 5)
    # To overwrite a row first would make another beside it, and leave the old one as it is.
    if isinstance(change, Shred):
        return Part("dek", "delete from vault.dek where connection = ?", (change.connection,))
    return Part("dek", "delete from vault.dek where dek_id = ?", (change.dek_id,))


def _require(table: str, text: str, *values: Parameter) -> Part:
    return Part(table, text, values, required=True)


def _update(change: Update, now: int) -> Part:
    names = (*change.set, *change.where)
    if not set(names) <= set(Row._fields):
        raise ValueError(names)
    set_ = "".join(f"{quoted(name)} = ?, " for name in change.set)
    where = "".join(f" and {quoted(name)} is not distinct from ?" for name in change.where)
    text = (
        f"update vault.connection set {set_}revision = revision + 1, changed_at = ? "  # noqa: S608  # checked above
        f"where id = ?{where} returning 1"
    )
    return _require(
        "connection", text, *change.set.values(), now, change.id, *change.where.values()
    )


def _append(table: str, fields: Sequence[str], rows: Sequence[tuple[object, ...]]) -> Part:
    """Append rows, column by column: however many they are, the statement is the same."""
    kinds = ("bigint" if isinstance(value, int) else "text" for value in rows[0])
    marks = ", ".join(f"?::{kind}[]" for kind in kinds)
    text = (
        f"insert into vault.{table} ({columns(fields)}) "  # noqa: S608  # our own names
        f"select * from unnest({marks}) as given"
    )
    return Part(table, text, tuple(zip(*rows, strict=True)), follows=True)

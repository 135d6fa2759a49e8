"""Each change as SQL, and whether it found the row it required."""

import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from itertools import chain

from connector_vault.stores import (
    Access,
    AddAccess,
    AddConnection,
    AddConsent,
    AddKey,
    Change,
    Conflict,
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
    Swap,
    Touch,
    Update,
    Value,
    WrappedKey,
)

__all__ = ["apply"]

_MAX_LINES = 100
"""Lines to one statement. SQLite works on it without Python's lock, so that reads go on."""


def _insert(table: str, fields: tuple[str, ...]) -> str:
    marks = ", ".join("?" * len(fields))
    return f"insert into {table} ({', '.join(fields)}) values ({marks})"  # noqa: S608  # our own names


_ADD = {
    "connection": _insert("connection", Row._fields),
    "dek": _insert("dek", WrappedKey._fields),
    "consent": _insert("consent", Consent._fields),
    "access": _insert("access", Access._fields),
    "event": _insert("event", Event._fields[1:]),
}
_END = "update access set revoked_at = ?, mac = ? where id = ? and revoked_at = 0"

_FOLLOWER = "update follower set seq = ?, failures = ?, due_at = ? where name = ?"
_TOUCH = """
    update connection set
        used_at = max(used_at, :used_at),
        proven_at = max(proven_at, :proven_at),
        due_at = case when :due_at > 0 and (due_at = 0 or due_at > :due_at) then :due_at
            else due_at end
    where id = :id and generation = :generation and state = 'active'
"""
_REWRAP = """
    with given (dek_id, was, holder, version, wrapped) as (values {})
    update dek set holder = given.holder, version = given.version, wrapped = given.wrapped
    from given where dek.dek_id = given.dek_id and dek.wrapped = given.was
"""
_SWAP = f"({', '.join('?' * len(Swap._fields))})"
_MAX_SWAPS = 128
"""Data keys to one statement: one by one, its thread would ask for Python's lock as often."""

_PURGES = {
    "consents": "delete from consent where expires_at < ?",
    "events": """
        delete from event where at < ? and seq < (select max(seq) from event)
    """,
    "tombstones": "delete from connection where state = 'revoked' and changed_at < ?",
}

_LINE = f"({', '.join('?' * len(Line._fields))})"
_APPEND = f"insert into audit ({', '.join(Line._fields)}) values "  # noqa: S608  # our own names


def apply(connection: sqlite3.Connection, changes: Sequence[Change], now: int) -> None:
    """Make changes, inside a transaction that the caller began.

    Raises:
        Conflict: a row is not as a change requires.
    """
    lines = [change for change in changes if isinstance(change, Line)]
    for change in changes:
        if not isinstance(change, Line):
            _apply(connection, change, now)
    for start in range(0, len(lines), _MAX_LINES):
        chunk = lines[start : start + _MAX_LINES]
        connection.execute(_APPEND + ", ".join([_LINE] * len(chunk)), [*chain(*chunk)])


def _apply(connection: sqlite3.Connection, change: Change, now: int) -> None:
    match change:
        case AddConnection():
            _add(connection, "connection", change.row)
        case AddKey():
            _add(connection, "dek", change.key)
        case AddConsent():
            connection.execute(_PURGES["consents"], (change.now,))
            _add(connection, "consent", change.consent)
        case AddAccess():
            _add(connection, "access", change.access)
        case Event():
            connection.execute(_ADD["event"], change[1:])
        case Update():
            _update(connection, change, now)
        case _:
            _alter(connection, change)


def _alter(
    connection: sqlite3.Connection,
    change: DropKey | EndAccess | Follower | Line | Purge | Rewrap | Shred | Touch,
) -> None:
    match change:
        case EndAccess():
            _once(connection, _END, (change.revoked_at, change.mac, change.id))
        case Follower():
            _once(connection, _FOLLOWER, (*change[1:], change.name))
        case Touch():
            connection.execute(_TOUCH, asdict(change))
        case Purge():
            for table, before in asdict(change).items():
                connection.execute(_PURGES[table], (before,))
        case Rewrap(swaps=swaps):
            _rewrap(connection, swaps)
        case Shred():
            _shred(connection, "connection", change.connection)
        case DropKey():
            _shred(connection, "dek_id", change.dek_id)
        case Line():
            pass  # all of a commit's lines are appended together


def _rewrap(connection: sqlite3.Connection, swaps: Sequence[Swap]) -> None:
    for start in range(0, len(swaps), _MAX_SWAPS):
        chunk = swaps[start : start + _MAX_SWAPS]
        connection.execute(_REWRAP.format(", ".join([_SWAP] * len(chunk))), [*chain(*chunk)])


def _once(connection: sqlite3.Connection, statement: str, values: tuple[Value, ...]) -> None:
    if connection.execute(statement, values).rowcount != 1:
        raise Conflict


def _add(
    connection: sqlite3.Connection, table: str, values: Row | WrappedKey | Consent | Access
) -> None:
    try:
        connection.execute(_ADD[table], values)
    except sqlite3.IntegrityError:
        raise Conflict(table) from None


def _update(connection: sqlite3.Connection, change: Update, now: int) -> None:
    names = (*change.set, *change.where)
    if not set(names) <= set(Row._fields):
        raise ValueError(names)
    set_ = ", ".join(f"{name} = ?" for name in change.set)
    where = " and ".join(f"{name} is ?" for name in ("id", *change.where))
    statement = (
        f"update connection set {set_}, revision = revision + 1, changed_at = ? where {where}"  # noqa: S608  # checked above
    )
    values = (*change.set.values(), now, change.id, *change.where.values())
    try:
        changed = connection.execute(statement, values).rowcount
    except sqlite3.IntegrityError:
        raise Conflict(change.id) from None
    if changed != 1:
        raise Conflict(change.id)


def _shred(connection: sqlite3.Connection, column: str, value: str | bytes) -> None:
    # Overwritten first: `secure_delete` clears what a delete frees, and this what it does not.
    overwrite = f"update dek set wrapped = zeroblob(length(wrapped)) where {column} = ?"  # noqa: S608
    connection.execute(overwrite, (value,))
    connection.execute(f"delete from dek where {column} = ?", (value,))  # noqa: S608

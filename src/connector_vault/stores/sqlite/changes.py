"""Each change as SQL, and whether it found the row it required."""

import sqlite3
from collections.abc import Sequence
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
    EndAccess,
    Line,
    Row,
    Shred,
    Update,
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
}
_END = "update access set revoked_at = ?, mac = ? where id = ? and revoked_at = 0"

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


def _apply(
    connection: sqlite3.Connection,
    change: AddConnection | AddKey | AddConsent | AddAccess | Update | EndAccess | Shred,
    now: int,
) -> None:
    match change:
        case AddConnection():
            _add(connection, "connection", change.row)
        case AddKey():
            _add(connection, "dek", change.key)
        case AddConsent():
            connection.execute("delete from consent where expires_at < ?", (change.now,))
            _add(connection, "consent", change.consent)
        case AddAccess():
            _add(connection, "access", change.access)
        case Update():
            _update(connection, change, now)
        case EndAccess():
            values = (change.revoked_at, change.mac, change.id)
            if connection.execute(_END, values).rowcount != 1:
                raise Conflict(change.id)
        case Shred():
            _shred(connection, change.connection)


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


def _shred(connection: sqlite3.Connection, owner: str) -> None:
    # Overwritten first: `secure_delete` clears what a delete frees, and this what it does not.
    overwrite = "update dek set wrapped = zeroblob(length(wrapped)) where connection = ?"
    connection.execute(overwrite, (owner,))
    connection.execute("delete from dek where connection = ?", (owner,))

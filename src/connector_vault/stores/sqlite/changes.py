"""Each change as SQL, and whether it found the row it required."""

import sqlite3

from connector_vault.stores import (
    AddConnection,
    AddConsent,
    AddKey,
    Change,
    Conflict,
    Consent,
    Line,
    Row,
    Shred,
    Update,
    WrappedKey,
)

__all__ = ["apply"]


def _insert(table: str, fields: tuple[str, ...]) -> str:
    marks = ", ".join("?" * len(fields))
    return f"insert into {table} ({', '.join(fields)}) values ({marks})"  # noqa: S608  # our own names


_ADD = {
    "connection": _insert("connection", Row._fields),
    "dek": _insert("dek", WrappedKey._fields),
    "consent": _insert("consent", Consent._fields),
    "audit": _insert("audit", Line._fields),
}


def apply(connection: sqlite3.Connection, change: Change, now: int) -> None:
    """Make one change, inside a transaction that the caller began.

    Raises:
        Conflict: the row is not as the change requires.
    """
    match change:
        case AddConnection():
            _add(connection, "connection", change.row)
        case AddKey():
            _add(connection, "dek", change.key)
        case AddConsent():
            connection.execute("delete from consent where expires_at < ?", (change.now,))
            _add(connection, "consent", change.consent)
        case Line():
            connection.execute(_ADD["audit"], change)
        case Update():
            _update(connection, change, now)
        case Shred():
            _shred(connection, change.connection)


def _add(connection: sqlite3.Connection, table: str, values: Row | WrappedKey | Consent) -> None:
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
    if connection.execute(statement, values).rowcount != 1:
        raise Conflict(change.id)


def _shred(connection: sqlite3.Connection, owner: str) -> None:
    # Overwritten first: `secure_delete` clears what a delete frees, and this what it does not.
    overwrite = "update dek set wrapped = zeroblob(length(wrapped)) where connection = ?"
    connection.execute(overwrite, (owner,))
    connection.execute("delete from dek where connection = ?", (owner,))

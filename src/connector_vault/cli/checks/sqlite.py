"""A database in a file, looked at without touching it."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from connector_vault.cli.checks.contents import (
    BACKUP,
    MOST_NAMED,
    judge_audit,
    judge_connections,
    judge_waiting,
    judge_world,
)
from connector_vault.cli.checks.files import opened
from connector_vault.cli.checks.storekey import check_store_key
from connector_vault.cli.checks.verdicts import Check, ok, problem, warn
from connector_vault.cli.place import is_missing, key_file_of

if TYPE_CHECKING:
    from connector_vault.keys import KeyHolder
    from connector_vault.settings import Settings

__all__ = ["check_file"]

_TRIGGERS = frozenset({"audit_is_not_edited", "audit_is_not_erased"})


def check_file(settings: "Settings", holders: "Sequence[KeyHolder]") -> Iterator[Check]:
    """Look at a file, whatever state it is in."""
    from connector_vault.stores.sqlite import path_of

    path = path_of(settings.database)
    if is_missing(settings):
        yield from _missing(path, settings, tried=bool(holders))
        return
    try:
        with opened(path) as connection:
            yield _schema(connection)
            yield from _examined(connection, settings)
            yield from check_store_key(settings, holders)
    except sqlite3.Error as error:
        yield _unreadable("database", error)
    except OSError as error:
        yield problem("database", f"it cannot be read ({error.strerror})", "mend its mode")


def _missing(path: Path, settings: "Settings", *, tried: bool) -> Iterator[Check]:
    if key_file_of(settings.keys) is None:
        yield warn("vault", f"there is no database {path} yet", "run: connector-vault init")
    elif tried:
        words = f"there is a key file for {settings.keys}, but no database {path}"
        yield problem("database", words, "name the database, if it was moved")


def _examined(connection: sqlite3.Connection, settings: "Settings") -> Iterator[Check]:
    """Look at what is in the database. A part that cannot be read does not hide the others."""
    parts: dict[str, Callable[[], Check]] = {
        "integrity": lambda: _integrity(connection),
        "world": lambda: _world(connection, settings),
        "audit": lambda: _audit(connection),
        "connections": lambda: _connections(connection),
        "connections to mend": lambda: _waiting(connection, "reconnect"),
        "connections to end": lambda: _waiting(connection, "revoking"),
    }
    for name, look in parts.items():
        try:
            yield look()
        except sqlite3.Error as error:
            yield _unreadable(name, error)


def _unreadable(name: str, error: sqlite3.Error) -> Check:
    code = getattr(error, "sqlite_errorname", type(error).__name__)
    return problem(name, f"it cannot be read ({code})", BACKUP)


def _schema(connection: sqlite3.Connection) -> Check:
    from connector_vault.stores.sqlite.schema import NEWEST

    (found,) = connection.execute("pragma user_version").fetchone()
    if found > NEWEST:
        words = f"{found}, and this version knows {NEWEST}"
        return problem("schema", words, "install a newer connector-vault")
    if found < NEWEST:
        return warn("schema", f"{found}: the next command brings it to {NEWEST}")
    return ok("schema", f"{found}, the newest")


def _integrity(connection: sqlite3.Connection) -> Check:
    found = connection.execute("pragma integrity_check(5)").fetchall()
    if found != [("ok",)]:
        return problem("integrity", f"{len(found)} faults in the database's pages", BACKUP)
    return ok("integrity", "every page of the database is whole")


def _world(connection: sqlite3.Connection, settings: "Settings") -> Check:
    row = connection.execute("select value from meta where name = 'world'").fetchone()
    return judge_world(bytes(row[0]) if row else b"unknown", settings)


def _audit(connection: sqlite3.Connection) -> Check:
    question = "select name from sqlite_master where type = 'trigger' and tbl_name = 'audit'"
    found = {name for (name,) in connection.execute(question)}
    (lines,) = connection.execute("select count(*) from audit").fetchone()
    return judge_audit(f"{lines} lines", whole=found >= _TRIGGERS)


def _connections(connection: sqlite3.Connection) -> Check:
    counts = dict(connection.execute("select state, count(*) from connection group by state"))
    return judge_connections(counts)


def _waiting(connection: sqlite3.Connection, state: str) -> Check:
    question = "select id, provider from connection where state = ? order by changed_at desc"
    found = connection.execute(question, (state,)).fetchmany(MOST_NAMED)
    return judge_waiting(state, dict(found))

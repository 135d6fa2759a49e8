"""Numbered migrations, applied under a lock."""

import sqlite3
from collections.abc import Iterator
from importlib.resources import files

from connector_vault.errors import Misconfigured

__all__ = ["NEWEST", "migrate"]

_SCRIPTS = sorted(
    (
        found
        for found in (files("connector_vault.stores.sqlite") / "migrations").iterdir()
        if found.name.endswith(".sql")
    ),
    key=lambda found: found.name,
)
NEWEST = len(_SCRIPTS)
"""The schema this version of the package works with."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema up to date, if nobody else is just doing it.

    Raises:
        Misconfigured: a newer version of the package has been here.
    """
    connection.execute("begin immediate")
    try:
        _step(connection)
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def _step(connection: sqlite3.Connection) -> None:
    (found,) = connection.execute("pragma user_version").fetchone()
    if found > NEWEST:
        msg = f"the database has schema {found}, this version knows {NEWEST}: install a newer one"
        raise Misconfigured(msg)
    for script in _SCRIPTS[found:]:
        for statement in _statements(script.read_text(encoding="utf-8")):
            connection.execute(statement)
    connection.execute(f"pragma user_version = {NEWEST}")


def _statements(script: str) -> Iterator[str]:
    # `executescript` would commit, and with that give up the lock.
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""

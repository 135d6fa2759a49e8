"""The database, looked at without touching it."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from connector_vault.cli.checks.verdicts import Check, ok, problem, warn
from connector_vault.cli.place import is_missing
from connector_vault.errors import Corrupt

if TYPE_CHECKING:
    from connector_vault.keys import KeyHolder
    from connector_vault.settings import Settings

__all__ = ["check_database"]

_BACKUP = "restore the database from a backup"

_TRIGGERS = frozenset({"audit_is_not_edited", "audit_is_not_erased"})

_STORE_KEY = bytes(16)
"""The id of the one data key that every store has."""

_MAX_NAMED = 8
"""Connections a finding lists."""

_TO_DO = {
    "reconnect": ("connections to mend", "run: connector-vault connect PROVIDER --reconnect ID"),
    "revoking": ("connections to end", "run: connector-vault disconnect ID"),
}
"""States that wait for somebody."""


def check_database(settings: "Settings", holder: "KeyHolder | None") -> Iterator[Check]:
    """Look at the database, whatever state it is in."""
    from connector_vault.stores.sqlite import path_of

    path, keys = path_of(settings.database), settings.keys
    if is_missing(settings.database):
        if holder is not None:
            words = f"there is a key file for {keys}, but no database {path}"
            yield problem("database", words, "name the database, if it was moved")
        return
    try:
        with _opened(path) as connection:
            yield _schema(connection)
            yield from _examined(connection, settings, holder)
    except sqlite3.Error as error:
        yield _unreadable("database", error)
    except OSError as error:
        yield problem("database", f"it cannot be read ({error.strerror})", "mend its mode")


def _examined(
    connection: sqlite3.Connection, settings: "Settings", holder: "KeyHolder | None"
) -> Iterator[Check]:
    """Look at what is in the database. A part that cannot be read does not hide the others."""
    parts: dict[str, Callable[[], Check]] = {
        "integrity": lambda: _integrity(connection),
        "world": lambda: _world(connection, settings),
        "audit": lambda: _audit(connection),
        "store key": lambda: _store_key(connection, holder),
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
    return problem(name, f"it cannot be read ({code})", _BACKUP)


@contextmanager
def _opened(path: Path) -> Generator[sqlite3.Connection]:
    log, index = Path(f"{path}-wal"), Path(f"{path}-shm")
    if not log.exists():
        # Nobody has it open. SQLite would make files beside it, unless told that nothing changes.
        how = "mode=ro&immutable=1"
    elif index.exists():
        how = "mode=ro"
    else:
        with TemporaryDirectory(prefix="connector-vault-") as folder:
            copies = [shutil.copy(file, folder) for file in (path, log)]
            with closing(_read_only(Path(copies[0]), "mode=ro")) as connection:
                yield connection
        return
    with closing(_read_only(path, how)) as connection:
        yield connection


def _read_only(path: Path, how: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.as_uri()}?{how}", uri=True, isolation_level=None)
    connection.execute("pragma busy_timeout = 2000")
    return connection


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
        return problem("integrity", f"{len(found)} faults in the database's pages", _BACKUP)
    return ok("integrity", "every page of the database is whole")


def _world(connection: sqlite3.Connection, settings: "Settings") -> Check:
    row = connection.execute("select value from meta where name = 'world'").fetchone()
    world = bytes(row[0]).decode(errors="replace") if row else "unknown"
    wanted = "emulated" if settings.emulator else "real"
    if world != wanted:
        words = f"the vault was made for {world} providers, and the settings are for {wanted} ones"
        return problem("world", words, "mend CONNECTOR_VAULT_EMULATOR, or name another database")
    return ok("world", f"{world} providers")


def _audit(connection: sqlite3.Connection) -> Check:
    question = "select name from sqlite_master where type = 'trigger' and tbl_name = 'audit'"
    found = {name for (name,) in connection.execute(question)}
    (lines,) = connection.execute("select count(*) from audit").fetchone()
    if not found >= _TRIGGERS:
        words = "it is no longer append-only: somebody changed the database"
        return problem("audit", words, f"find out who; {_BACKUP}")
    return ok("audit", f"append-only, {lines} lines")


def _store_key(connection: sqlite3.Connection, holder: "KeyHolder | None") -> Check:
    if holder is None:
        return warn("store key", "not tried: the key holder does not work")
    question = "select holder, wrapped from dek where dek_id = ?"
    row = connection.execute(question, (_STORE_KEY,)).fetchone()
    if row is None:
        return problem("store key", "it is gone from the database", _BACKUP)
    if row[0] != holder.id:
        words = f"the database was sealed under {row[0]}, and {holder.id} is given"
        return problem("store key", words, "name the key file the database was made with")
    (store,) = connection.execute("select value from meta where name = 'store_id'").fetchone()
    if not asyncio.run(_opens(holder, bytes(store), bytes(row[1]))):
        return problem("store key", "it was altered, or belongs to another database", _BACKUP)
    return ok("store key", "the key holder opens it")


async def _opens(holder: "KeyHolder", store: bytes, wrapped: bytes) -> bool:
    from connector_vault.envelope import wipe, wrap_context
    from connector_vault.keys import Wrapped

    context = wrap_context(store, "", "", _STORE_KEY)
    (raw,) = await holder.unwrap([Wrapped(wrapped, context)])
    if isinstance(raw, Corrupt):
        return False
    wipe(raw)
    return True


def _connections(connection: sqlite3.Connection) -> Check:
    counts = dict(connection.execute("select state, count(*) from connection group by state"))
    told = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    return ok("connections", told or "none yet")


def _waiting(connection: sqlite3.Connection, state: str) -> Check:
    name, remedy = _TO_DO[state]
    question = "select id, provider from connection where state = ? order by changed_at desc"
    found = connection.execute(question, (state,)).fetchmany(_MAX_NAMED)
    if not found:
        return ok(name, "none")
    return warn(name, ", ".join(f"{id_} ({provider})" for id_, provider in found), remedy)

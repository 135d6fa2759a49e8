"""The file of a `sqlite:///PATH` URL: where it lies, how it is made, connected to and upgraded."""

import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from connector_vault.errors import ConnectorVaultError, Misconfigured
from connector_vault.stores.sqlite.schema import migrate
from connector_vault.stores.sqlite.writer import translate

__all__ = [
    "SETTINGS",
    "connect",
    "is_unmade",
    "journal_of",
    "path_of",
    "survey",
    "touch",
    "translate_opening",
    "upgrade",
]

SETTINGS = (
    "busy_timeout = 5000",
    "journal_mode = wal",
    "synchronous = full",
    "secure_delete = on",
    "foreign_keys = on",
    "trusted_schema = off",
)
"""`synchronous = full`: a power cut that takes back a rotated refresh token loses a connection."""

_OLDEST = (3, 37, 0)
"""The first SQLite with strict tables."""

_READ_ONLY = ("busy_timeout = 5000", "query_only = on")


def path_of(url: str) -> Path:
    """Give the absolute path that a `sqlite:///PATH` URL names.

    Raises:
        Misconfigured: it names none.
    """
    scheme, _, path = url.partition(":///")
    if scheme != "sqlite" or not path or "?" in path:
        raise Misconfigured("a SQLite database is named sqlite:///PATH, with three slashes")
    return Path(path).expanduser().absolute()


def is_unmade(url: str) -> bool:
    """Tell whether a database is a file that is still to be made.

    Raises:
        Misconfigured: the URL names none.
    """
    path = path_of(url)
    try:
        return not path.exists() or path.stat().st_size == 0
    except (OSError, ValueError) as error:
        msg = f"the database {path} cannot be used ({type(error).__name__}): name another place"
        raise Misconfigured(msg) from error


def journal_of(path: Path) -> Path:
    """Give the folder, beside a database, for replies that are not stored yet."""
    return path.with_name(f"{path.name}.journal")


def touch(path: Path) -> None:
    # Made here, because SQLite would make it readable to others; its -wal and -shm take after it.
    if sqlite3.sqlite_version_info < _OLDEST:
        msg = f"SQLite {sqlite3.sqlite_version} is too old: 3.37 is needed"
        raise Misconfigured(msg)
    try:
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        msg = f"the database {path} cannot be made ({error.strerror}): name another place"
        raise Misconfigured(msg) from error


def translate_opening(error: sqlite3.Error, path: Path) -> ConnectorVaultError:
    code = getattr(error, "sqlite_errorname", "")
    if code.startswith(("SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_READONLY")):
        return Misconfigured(f"the database {path} cannot be used ({code}): name another place")
    return translate(error)


_patiently = Retrying(
    retry=retry_if_exception(lambda error: "SQLITE_BUSY" in getattr(error, "sqlite_errorname", "")),
    stop=stop_after_delay(5),
    wait=wait_random(0.005, 0.05),
    reraise=True,
)


def connect(path: Path, settings: Iterable[str]) -> sqlite3.Connection:
    place = f"{path.as_uri()}?mode=rw"
    connection = sqlite3.connect(place, uri=True, isolation_level=None, check_same_thread=False)
    try:
        for setting in settings:
            # Turning on the write-ahead log fails at once while another process does just that:
            # SQLite's own timeout does not cover it.
            _patiently(connection.execute, f"pragma {setting}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def survey(url: str) -> int:
    """Give the number of the schema in a file that is there. 0: it is empty.

    Raises:
        Misconfigured, Corrupt, StoreUnavailable: it cannot be read.
    """
    return _worked_on(path_of(url), _READ_ONLY)


def upgrade(url: str) -> int:
    """Bring the schema of a file that is there up to date, and give the number it had.

    Raises:
        Misconfigured: a newer version of the package has been here, or it cannot be written.
        Corrupt, StoreUnavailable: it cannot be read.
    """
    return _worked_on(path_of(url), SETTINGS)


def _worked_on(path: Path, settings: Iterable[str]) -> int:
    try:
        with closing(connect(path, settings)) as connection:
            (found,) = connection.execute("pragma user_version").fetchone()
            if settings is SETTINGS:
                migrate(connection)
            return int(found)
    except sqlite3.Error as error:
        raise translate_opening(error, path) from error

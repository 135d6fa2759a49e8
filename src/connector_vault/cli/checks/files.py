"""Reading a SQLite file without touching it, or anything beside it."""

import shutil
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

__all__ = ["opened"]


@contextmanager
def opened(path: Path) -> Generator[sqlite3.Connection]:
    """Open a file whether or not somebody else has it open."""
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

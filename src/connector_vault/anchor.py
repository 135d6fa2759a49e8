"""Where a vault notes, outside of its database, what that has held.

Who can write the database can put its state of yesterday into its place, and all of it is genuine.
What lies somewhere else still knows better.
"""

import asyncio
import hmac
import logging
import os
import sqlite3
import threading
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

from connector_vault.envelope import DataKey, length_prefixed
from connector_vault.errors import Corrupt, Misconfigured
from connector_vault.stores.sqlite.file import SETTINGS, connect, touch

__all__ = ["Anchor", "Mark", "begin_anchor", "open_anchor"]

_SCHEMA = (
    "create table about (store blob not null) strict",
    """create table marks (connection text primary key, generation integer not null,
    ended integer not null, epoch integer not null, mac blob not null) strict, without rowid""",
)

_PUT = """
insert into marks values (?, ?, ?, ?, ?) on conflict do update
set generation = excluded.generation, ended = excluded.ended, epoch = excluded.epoch,
    mac = excluded.mac
where (excluded.ended, excluded.epoch, excluded.generation) > (ended, epoch, generation)
"""
"""An end is final, and beyond that the newest mark stays, whoever writes last."""

_HOLD = 0.03
"""Seconds a mark waits for others."""

_RETRY = 5.0
"""Seconds until the next try when the file cannot be written."""

_log = logging.getLogger(__name__)


class Mark(NamedTuple):
    """What was known of a connection."""

    generation: int
    ended: bool
    """It was disconnected for good, and its key destroyed."""
    epoch: int
    """How often a backup of the database had been restored by then."""


class Anchor:
    """Marks in a SQLite file. Each has a MAC, so that who can write the file forges none.

    Reads are a lookup by key in the loop; what is noted is written by a thread, in one commit.
    """

    def __init__(
        self, path: Path, secret: bytes, reading: sqlite3.Connection, writing: sqlite3.Connection
    ) -> None:
        self.path = path
        self._secret = secret
        """Authenticates marks, and opens nothing."""
        self._reading = reading
        self._writing = writing
        self._pen = threading.Lock()
        self._pending: dict[str, Mark] = {}
        self._writer: asyncio.Task[None] | None = None

    def of(self, connection: str) -> Mark | None:
        """Look up what is known of a connection. None: nothing, or the file cannot be read.

        Raises:
            Corrupt: somebody edited the mark.
        """
        question = "select * from marks where connection = ?"
        try:
            found = self._reading.execute(question, (connection,)).fetchone()
        except sqlite3.Error as error:
            # It watches over the vault, and an outage of the watch is none of the vault.
            _log.error(
                "the anchor %s cannot be read, and watches over nothing: %s", self.path, error
            )
            return None
        marks = [self._proven(found)[1]] if found else []
        if connection in self._pending:
            marks.append(self._pending[connection])
        return max(marks, default=None, key=_standing)

    def all(self) -> Mapping[str, Mark]:
        """Read every mark. For a thread: there is one for each connection there ever was.

        Raises:
            Corrupt: somebody edited one.
            Misconfigured: the file cannot be read.
        """
        try:
            with closing(connect(self.path, ("busy_timeout = 5000", "query_only = on"))) as whole:
                return dict(map(self._proven, whole.execute("select * from marks")))
        except sqlite3.Error as error:
            raise Misconfigured(f"the anchor {self.path} cannot be read: {error}") from error

    def note(self, connection: str, mark: Mark) -> None:
        """Note what is known now. It is written down soon: a kill within 50 ms may lose it."""
        self._pending[connection] = mark
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_soon())

    async def flush(self) -> bool:
        """Write down what was noted. False: it could not be, and is tried again in a while."""
        batch = dict(self._pending)
        if batch and not await asyncio.to_thread(self._write, batch):
            return False
        for connection, mark in batch.items():
            if self._pending.get(connection) == mark:
                del self._pending[connection]
        return True

    async def close(self) -> None:
        """Write down what is left, and close the file."""
        if self._writer is not None:
            self._writer.cancel()
        await self.flush()
        self._reading.close()
        self._writing.close()

    async def _write_soon(self) -> None:
        try:
            await asyncio.sleep(_HOLD)
            while self._pending:
                rest = _HOLD if await self.flush() else _RETRY
                await asyncio.sleep(rest)
        finally:
            self._writer = None

    def _write(self, batch: Mapping[str, Mark]) -> bool:
        with self._pen:
            try:
                self._writing.execute("begin immediate")
                self._writing.executemany(_PUT, [self._sealed(*one) for one in batch.items()])
                self._writing.execute("commit")
            except sqlite3.Error as error:
                if self._writing.in_transaction:
                    self._writing.execute("rollback")
                _log.error(
                    "%d marks are not in the anchor %s yet: %s", len(batch), self.path, error
                )
                return False
        return True

    def _sealed(self, connection: str, mark: Mark) -> tuple[str | int | bytes, ...]:
        return (connection, *mark, self._mac(connection, mark))

    def _proven(self, found: tuple[str, int, int, int, bytes]) -> tuple[str, Mark]:
        connection, generation, ended, epoch, mac = found
        mark = Mark(generation, bool(ended), epoch)
        if not hmac.compare_digest(mac, self._mac(connection, mark)):
            raise Corrupt(f"the mark of {connection} in the anchor {self.path} was altered")
        return connection, mark

    def _mac(self, connection: str, mark: Mark) -> bytes:
        said = (connection, *map(int, mark))
        return hmac.digest(
            self._secret, length_prefixed(*(str(one).encode() for one in said)), "sha256"
        )


def _standing(mark: Mark) -> tuple[bool, int, int]:
    return mark.ended, mark.epoch, mark.generation


def begin_anchor(path: Path, store: bytes) -> None:
    """Make a new anchor for a store.

    Raises:
        Misconfigured: it cannot be made there, or something is there already.
    """
    if not path.parent.is_dir():
        raise Misconfigured(f"the folder of the anchor {path} is not there: mount or make it")
    if path.exists():
        raise Misconfigured(f"{path} is there already: name another place for the anchor")
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    touch(draft)
    try:
        with closing(connect(draft, ("synchronous = full",))) as file:
            file.execute("begin immediate")
            for statement in _SCHEMA:
                file.execute(statement)
            file.execute("insert into about values (?)", (store,))
            file.execute("commit")
        # Whole or not at all, and never over one that another process has just begun.
        os.link(draft, path)
    except FileExistsError:
        pass
    except (OSError, sqlite3.Error) as error:
        raise Misconfigured(f"the anchor {path} cannot be made: {error}") from error
    finally:
        draft.unlink()


def open_anchor(path: Path, key: DataKey, store: bytes) -> Anchor:
    """Open the anchor of a store. `key`: the store's own.

    Raises:
        Misconfigured: there is none there, or it belongs to another store.
    """
    if not path.is_file():
        words = "it may lie on a disk that is not mounted; `connector-vault db anchor` begins one"
        raise Misconfigured(f"there is no anchor at {path}: {words}")
    with ExitStack() as stack:
        try:
            reading = connect(path, ("busy_timeout = 100", "query_only = on"))
            stack.callback(reading.close)
            found = reading.execute("select store from about").fetchall()
            if found != [(store,)]:
                words = "belongs to another database: name the right one"
                raise Misconfigured(f"the anchor {path} {words}")
            writing = connect(path, SETTINGS)
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorname", "")
            raise Misconfigured(f"the anchor {path} cannot be used ({code}): {error}") from error
        stack.pop_all()
    # A key made of the store's own, so that this one need not be kept for the marks.
    return Anchor(path, key.mac(length_prefixed(b"anchor", store)), reading, writing)

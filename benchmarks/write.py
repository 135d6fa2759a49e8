"""A durable write: one compare-and-swap that is on the disk when it returns."""

import os
import sqlite3
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path

from benchmarks.ground import OWNER, ground
from benchmarks.measure import in_turns, table
from connector_vault import Secret
from connector_vault.stores import Update


async def measure() -> str:
    """Measure alone, because another writer would make each of them wait."""
    async with ground() as here:
        store = here.vault.room.store
        connection = await here.vault.add("openrouter", OWNER, secret=Secret("sk-" + "x" * 40))
        labels = count()
        with (here.folder / "plain").open("wb", buffering=0) as plain:
            times = await in_turns(
                {
                    "fdatasync of 4 KiB": _sync(plain.fileno()),
                    "floor: the same UPDATE by sqlite3, in the loop": _bare(here.folder),
                    "store.commit": lambda: store.commit(
                        Update(connection.id, {"generation": 1}, {"label": str(next(labels))})
                    ),
                },
                turns=10,
                each=30,
            )
        floor = "floor: the same UPDATE by sqlite3, in the loop"
        return table("durable write, SQLite, synchronous=FULL", times, floor=floor)


def _sync(file: int) -> Callable[[], Awaitable[object]]:
    block = os.urandom(4096)

    async def sync() -> None:
        os.pwrite(file, block, 0)
        os.fdatasync(file)

    return sync


def _bare(folder: Path) -> Callable[[], Awaitable[object]]:
    # A file of its own: two connections to one would wait for each other's locks.
    database = sqlite3.connect(folder / "bare.db", isolation_level=None)
    for setting in ("journal_mode = wal", "synchronous = full", "secure_delete = on"):
        database.execute(f"pragma {setting}")
    database.execute("create table connection (id text primary key, generation int, label text)")
    database.execute("insert into connection values ('con', 1, '')")
    labels = count()

    async def write() -> None:
        change = "update connection set label = ? where id = 'con' and generation = 1"
        database.execute(change, (str(next(labels)),))

    return write

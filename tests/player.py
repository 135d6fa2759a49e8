"""Another process, which does one deed for a test: `python -m tests.player DEED ARGUMENTS`.

It says "ready", waits for a line, does the deed and prints what came of it as JSON.
"""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import asynccontextmanager, closing
from pathlib import Path

ROOT = Path(__file__).parents[1]


class Player:
    """The test's end of one such process."""

    def __init__(self, process):
        self._process = process

    async def go(self):
        """Let it begin."""
        self._process.stdin.write(b"go\n")
        await self._process.stdin.drain()

    async def end(self):
        """Wait for what came of it."""
        said = await self._process.stdout.readline()
        assert said, "the other process failed, and said why above"
        return json.loads(said)


@asynccontextmanager
async def playing(deed, *arguments):
    """Start a process, and wait until it is ready."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.player", deed, *map(str, arguments)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        assert await process.stdout.readline() == b"ready\n"
        yield Player(process)
    finally:
        process.stdin.close()
        await process.wait()


async def open_vault(database, keys, url):
    """Open a vault, maybe just when somebody else does."""
    from connector_vault import Vault

    meet()
    async with Vault.open(database, keys=keys, emulator=url) as vault:
        return vault.room.store.id.hex()


async def refresh(database, keys, url, connection, callers):
    """Ask for a newer token than the first, many times at once."""
    from connector_vault import Vault
    from tests.deeds import ADA, CLIENT

    async with Vault.open(database, keys=keys, emulator=url, clients=[CLIENT]) as vault:
        await vault.get(connection, owner=ADA)
        meet()
        tokens = await asyncio.gather(
            *(
                vault.token(connection, owner=ADA, purpose="test", newer_than=1)
                for _ in range(int(callers))
            )
        )
        return sorted({(token.generation, token.secret.reveal()) for token in tokens})


async def lock(path):
    """Hold a database's write lock until told."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("begin immediate")
        meet()
        connection.execute("commit")


async def seek(folder, needle):
    """Name the files of a folder that hold these bytes, in hexadecimal."""
    meet()
    wanted = bytes.fromhex(needle)
    held = {path.name: path.read_bytes() for path in Path(folder).iterdir()}  # noqa: ASYNC240
    return sorted(name for name, content in held.items() if wanted in content)


async def lease(database, connection, attempts):
    """Try to take a lease as many times at once. Give the attempts that had it."""
    from connector_vault.room import now_ms
    from connector_vault.stores import One, open_store
    from tests.deeds import ADA

    async with open_store(database, world="real", clock=now_ms) as store:
        (row,) = [row async for row in store.rows(One(connection, ADA))]
        meet()
        tries = (
            store.lease(row, attempt=f"{os.getpid()}-{number}", seconds=30, spend=True)
            for number in range(int(attempts))
        )
        return [row.attempt for row in await asyncio.gather(*tries) if row]


def meet():
    """Say that all is ready, and wait for the others."""
    print("ready", flush=True)  # noqa: T201  # it is read by the test
    sys.stdin.readline()


if __name__ == "__main__":
    _, deed, *arguments = sys.argv
    print(json.dumps(asyncio.run(globals()[deed](*arguments))), flush=True)  # noqa: T201

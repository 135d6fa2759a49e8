"""Another process, which does one deed for a test: `python -m tests.player DEED ARGUMENTS`.

It says "ready", waits for a line, does the deed and prints what came of it as JSON.
"""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
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

    async def ask(self, **said):
        """Have something done, and give what came of it."""
        self._process.stdin.write(json.dumps(said).encode() + b"\n")
        await self._process.stdin.drain()
        return await self.end()

    async def end(self):
        """Wait for what came of it."""
        said = await self._process.stdout.readline()
        assert said, "the other process failed, and said why above"
        return json.loads(said)

    async def kill(self):
        """Give it no time to do anything more."""
        self._process.kill()
        await self._process.wait()


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


async def crowd(database, keys, journal, url):
    """Let so many callers at once ask for a token, as often as it is told to."""
    from connector_vault import Vault
    from tests.deeds import CLIENT

    told = {"keys": keys, "journal": journal, "emulator": url, "clients": [CLIENT]}
    async with Vault.open(database, **told, background=False) as vault:
        print("ready", flush=True)  # noqa: T201  # the test reads it
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await _call(vault, **json.loads(line))), flush=True)  # noqa: T201


async def _call(vault, user, connection, callers, newer_than, at):
    from connector_vault import Owner

    owner = Owner(tenant="acme", user=user)
    asked = {"owner": owner, "purpose": "test", "newer_than": newer_than}
    # All begin in the same millisecond, whoever was told first.
    await asyncio.sleep(at - time.monotonic())
    tokens = await asyncio.gather(*(vault.token(connection, **asked) for _ in range(callers)))
    return [[token.generation, token.secret.reveal()] for token in tokens]


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
    files = [path for path in Path(folder).rglob("*") if path.is_file()]  # noqa: ASYNC240
    held = {path.name: path.read_bytes() for path in files}
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


async def keep(folder, *records):
    """Put records into a journal, name this process, and live on until told."""
    from connector_vault.journal import open_journal

    meet()
    async with open_journal(Path(folder), shared=False) as journal:
        for record in records:
            await journal.append(record.encode())
        print(json.dumps(await journal.process()), flush=True)  # noqa: T201  # the test reads it
        meet()


async def scribble(folder):
    """Put records into a journal until killed, and name each once it is kept."""
    from connector_vault.journal import open_journal

    meet()
    async with open_journal(Path(folder), shared=False) as journal:
        for number in range(100_000):
            await journal.append(b"%d " % number * 5000)
            print(number, flush=True)  # noqa: T201  # the test reads it


async def deliver(database, keys, url, hook, secret):
    """Deliver what is due to a webhook, and count it."""
    from connector_vault import Secret, Vault, Webhook
    from connector_vault.deliveries import Deliveries

    async with Vault.open(database, keys=keys, emulator=url, background=False) as vault:
        sent = Deliveries(vault.room, [Webhook(url=hook, secret=Secret(secret))])
        meet()
        return await sent.deliver()


async def die(database, keys, url, hook, secret):
    """Deliver an event, and be killed when it is confirmed, before that can be noted."""
    from connector_vault import Secret, Vault, Webhook
    from connector_vault.deliveries import Deliveries

    async def commit(*_):
        os.kill(os.getpid(), signal.SIGKILL)

    async with Vault.open(database, keys=keys, emulator=url, background=False) as vault:
        vault.room.store.commit = commit
        meet()
        hooks = [Webhook(url=hook, secret=Secret(secret))]
        return await Deliveries(vault.room, hooks).deliver()


async def upgrade(database):
    """Make a database's tables, maybe just when somebody else does."""
    from connector_vault.stores.versions import upgrade

    meet()
    return list(await upgrade(database))


async def appear(database, process):
    """Be there until told, or killed."""
    from connector_vault.room import now_ms
    from connector_vault.stores import open_store

    async with open_store(database, world="real", clock=now_ms) as store:
        appeared = await store.presence.appear(process)
        meet()
        print(json.dumps([appeared, os.getpid()]), flush=True)  # noqa: T201  # the test reads it
        meet()


async def tell(database, connection):
    """Wake whoever waits for a connection."""
    from connector_vault.room import now_ms
    from connector_vault.stores import open_store

    async with open_store(database, world="real", clock=now_ms) as store:
        meet()
        store.presence.tell(connection)
        await store.presence._teller


def meet():
    """Say that all is ready, and wait for the others."""
    print("ready", flush=True)  # noqa: T201  # it is read by the test
    sys.stdin.readline()


if __name__ == "__main__":
    _, deed, *arguments = sys.argv
    print(json.dumps(asyncio.run(globals()[deed](*arguments))), flush=True)  # noqa: T201

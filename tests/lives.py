"""What befalls vaults: databases that are away, processes that die, holders of leases."""

import json
import sqlite3
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import replace

from connector_vault import Vault
from connector_vault.journal import Journal
from connector_vault.refresh import Refresher
from connector_vault.stores import Undecided
from tests.deeds import TOKEN, impatient, until
from tests.holder import Holder, keyring_of
from tests.journals import Broken, Inline
from tests.player import playing

BLOCK = 4096
"""Bytes of a journal's header."""


class Lossy:
    """A store whose answers to the next leases are lost on their way, as on a network."""

    def __init__(self, store):
        self._store = store
        self.lost = 1

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def lease(self, row, **said):
        held = await self._store.lease(row, **said)
        if not self.lost:
            return held
        self.lost -= 1
        raise Undecided("the connection to the database broke")


def on(room):
    """Give another vault on these parts."""
    return Vault(room, Refresher(room))


def held_by(vault, place):
    """Give a vault like this, and its key holder, which has been asked for nothing yet."""
    holder = Holder(place.keys)
    keyring = keyring_of(vault, holder)
    return on(replace(vault.room, keyring=keyring)), holder


@contextmanager
def locked(file):
    """Keep everybody from writing to a database."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("begin immediate")
        try:
            yield
        finally:
            connection.execute("rollback")


@asynccontextmanager
async def away(vault, file):
    """Let a vault's database be away."""
    await impatient(vault.room.store)
    with locked(file):
        yield


def journal_of(vault):
    """Give the folder of a vault's journal."""
    return vault.room.journal._folder.path


def journalled(folder):
    """Tell whether a journal holds a record."""
    return any(file.read_bytes()[BLOCK:].strip(b"\0") for file in folder.glob("*.journal"))


async def process_of(vault):
    """Give the id of a vault's process."""
    return await vault.room.journal.process()


def intend(raw, attempt, lease_until=1):
    """Let an attempt have had the lease, and maybe have spent the refresh token."""
    raw("update connection set attempt = ?1, intent = ?1, lease_until = ?2", attempt, lease_until)


def told(raw, name):
    """List what is told under this name."""
    return [
        json.loads(detail) for (detail,) in raw("select detail from event where name = ?", name)
    ]


def full_journal(folder):
    """Make a journal on a disk that is full; give both."""
    disk = Broken()
    disk.failing = {"write": "ENOSPC"}
    return Journal(folder / "full", shared=False, hand=Inline(), disk=disk), disk


async def killed(place, world, connection):
    """Let another process ask for a refresh, and die before it hears the answer."""
    async with refreshing(place, world, connection, kind="hang") as other:
        await other.kill()


async def killed_with_tokens(vault, place, world, connection):
    """Let another process be killed with new tokens in its journal, and not in the database."""
    async with refreshing(place, world, connection, kind="delay", seconds=0.5) as other:
        with locked(place.file):
            await until(lambda: journalled(journal_of(vault)))
            await other.kill()


@asynccontextmanager
async def refreshing(place, world, connection, **fault):
    """Start another process that refreshes; give it once the provider has heard it."""
    heard = len(await world.log(path=TOKEN))
    await world.fault(path=TOKEN, **fault)
    async with playing("refresh", place.database, place.keys, world.url, connection.id, 1) as other:
        await other.go()
        await world.heard(path=TOKEN, times=heard + 1)
        yield other

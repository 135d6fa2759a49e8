"""Data keys by the hundreds, and holders of the key that wraps them who are not at their best."""

import asyncio
from dataclasses import replace
from hashlib import sha256
from typing import NamedTuple

from connector_vault import Secret, Vault
from connector_vault.envelope import wrap_context
from connector_vault.errors import Corrupt
from connector_vault.keys import Raw, Wrapped
from connector_vault.refresh import Refresher
from connector_vault.stores import AddKey, Tallies, WrappedKey
from connector_vault.stores import Wrapped as WrappedBy
from tests.deeds import ADA, renew
from tests.holder import Holder, keyring_of
from tests.player import playing

ALL = "select dek_id, holder, version, wrapped from dek order by dek_id"
SEALED = "select id, sealed, generation, grant_id from connection order by id"

STOLEN = "select dek_id, tenant, connection, wrapped from dek"
"""What a thief, a backup or a log has of data keys."""

_BATCH = 1_000


class Turner(Holder):
    """A holder whose key can be rotated, and that can be slow or away when it wraps anew."""

    def __init__(self, uri):
        super().__init__(uri)
        self.trouble = []
        """What is raised, one after another, before it wraps anew."""
        self.rewrapped = 0
        """Times it was asked to."""

    async def rotate(self):
        return await self._held.rotate()

    async def oldest(self):
        return await self._held.oldest()

    async def retire(self, before):
        await self._held.retire(before)

    async def rewrap(self, items):
        self.rewrapped += 1
        if self.trouble:
            raise self.trouble.pop(0)
        return await super().rewrap(items)


class Gate:
    """Stops somebody at a step, each time, until it is opened."""

    def __init__(self):
        self.reached, self._free = asyncio.Event(), asyncio.Event()

    def open(self):
        self._free.set()

    async def wait(self):
        self.reached.set()
        async with asyncio.timeout(20):
            await self._free.wait()


def gated(monkeypatch, owner, name, *, before=False):
    """Have whoever calls a method wait at a gate: before it is done, or once it is."""
    gate, done = Gate(), getattr(owner, name)

    async def waiting(*given, **said):
        if before:
            await gate.wait()
        result = await done(*given, **said)
        if not before:
            await gate.wait()
        return result

    monkeypatch.setattr(owner, name, waiting)
    return gate


def holder_of(vault):
    """Give the holder that wraps a vault's keys."""
    return vault.room.keyring.keys.holders.current


def turned_by(vault, place):
    """Give a vault like this, and its key holder."""
    holder = Turner(place.keys)
    room = replace(vault.room, keyring=keyring_of(vault, holder))
    return Vault(room, Refresher(room)), holder


async def add_some(vault, number):
    """Keep so many secrets, each of its own."""
    adding = (
        vault.add("openrouter", ADA, secret=Secret(f"sk-{one:010}"), label=f"{one}")
        for one in range(number)
    )
    return await asyncio.gather(*adding)


async def check(vault, connections):
    """See that each connection opens, and with its own secret."""
    for connection in connections:
        token = await renew(vault, connection, None)
        assert token.secret.reveal() == f"sk-{int(connection.label):010}"


def chill(vault):
    """Let a vault have no data key at hand."""
    vault.room.keyring.keys._kept.clear()


class Found(NamedTuple):
    """How many data keys there are, and how many open as they should."""

    keys: int
    good: int


async def fill(vault, number):
    """Make so many data keys of connections that are not there. What each is follows from its id.

    Thousands a second: rows that they would seal are not what is tried.
    """
    store, holder = vault.room.store, holder_of(vault)
    for begin in range(0, number, _BATCH):
        ids = [sha256(b"id %d" % one).digest()[:16] for one in range(begin, begin + _BATCH)]
        items = [Raw(bytearray(sha256(one).digest()), _context(store, one)) for one in ids]
        made = zip(ids, await holder.wrap(items), strict=True)
        version, now = await holder.version(), store.clock()
        keys = [
            WrappedKey(one, "bulk", f"con_{one.hex()}", holder.id, version, wrapped, now)
            for one, wrapped in made
        ]
        await store.commit(*map(AddKey, keys[: number - begin]))


async def found(vault):
    """Unwrap all that `fill` made."""
    store, holders = vault.room.store, vault.room.keyring.keys.holders
    keys = good = 0
    async for tally in store.rows(Tallies()):
        rows = [
            row
            async for row in store.rows(WrappedBy(tally.holder, tally.version))
            if row.tenant == "bulk"
        ]
        items = [Wrapped(row.wrapped, _context(store, row.dek_id)) for row in rows]
        raws = await holders.of(tally.holder).unwrap(items)
        keys += len(rows)
        good += sum(raw == sha256(row.dek_id).digest() for raw, row in zip(raws, rows, strict=True))
    return Found(keys, good)


class Rests(list):
    """How long a vault would have rested, and what it does instead."""

    instead = ()


def resting(vault, monkeypatch):
    """Let a vault not rest."""
    rests = Rests()

    async def rest(seconds):
        rests.append(seconds)
        for work in rests.instead:
            await work()

    monkeypatch.setattr(vault.room.work, "rest", rest)
    return rests


async def opening(vault, stolen):
    """Count the stolen keys that a vault's holder opens."""
    items = [
        Wrapped(wrapped, wrap_context(vault.room.store.id, tenant, connection, dek_id))
        for dek_id, tenant, connection, wrapped in stolen
    ]
    return sum(not isinstance(one, Corrupt) for one in await holder_of(vault).unwrap(items))


async def files_with(folder, needle):
    """Name the files that hold these bytes. Another process looks: to close a file that SQLite has
    open in this one would drop SQLite's locks.
    """
    async with playing("seek", folder, needle.hex()) as other:
        await other.go()
        return await other.end()


def _context(store, dek_id):
    return wrap_context(store.id, "bulk", f"con_{dek_id.hex()}", dek_id)

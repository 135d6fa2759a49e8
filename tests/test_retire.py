"""Older versions are destroyed: what they wrapped is noise, in every copy; and nobody needed it."""

import asyncio
import sqlite3
from contextlib import closing
from functools import partial

import pytest

from connector_vault import Secret, Vault, rotation
from connector_vault.errors import Corrupt, KeysUnavailable, NotAllowed
from connector_vault.keys.local import LocalKeys
from tests.deeds import ADA, renew, until
from tests.wraps import (
    STOLEN,
    add_some,
    check,
    chill,
    files_with,
    gated,
    holder_of,
    opening,
    resting,
)

DATABASES = ["sqlite", "postgres"]


@pytest.fixture
def rests(vault, monkeypatch):
    return resting(vault, monkeypatch)


@pytest.fixture
async def some(vault):
    return await add_some(vault, 12)


async def test_what_older_versions_wrapped_is_noise(vault, some, raw, rests):
    stolen = raw(STOLEN)
    await vault.rotate()
    stolen += raw(STOLEN)
    await vault.rotate()
    assert await opening(vault, stolen) == 26

    status = await vault.rotation.retire()

    assert (status.version, status.oldest) == (3, 3)
    assert await opening(vault, stolen) == 0
    assert await opening(vault, raw(STOLEN)) == 13
    chill(vault)
    await check(vault, some)


async def test_it_is_refused_while_a_key_needs_an_older_version(vault, some, raw, rests):
    await holder_of(vault).rotate()
    await vault.rotation.rewrap(limit=5)

    with pytest.raises(NotAllowed, match=r"version 1 of local:\w+ still wraps 8 data keys: run"):
        await vault.rotation.retire()

    assert (await vault.rotation.status()).oldest == 1
    assert rests == []
    await check(vault, some)


async def test_it_is_refused_while_a_journal_needs_an_older_version(vault, connect, raw, rests):
    await renew(vault, await connect(vault))
    await vault.rotate()
    raw("update dek set version = 1 where connection = 'journal'")

    with pytest.raises(NotAllowed, match="still wraps 1 data key"):
        await vault.rotation.retire()


async def test_it_is_refused_while_another_holder_wraps_something(vault, some, raw, rests):
    raw("update dek set holder = 'hcvault:other' where connection = ?", some[0].id)

    with pytest.raises(NotAllowed, match="hcvault:other still wraps 1 data key"):
        await vault.rotation.retire()


async def test_it_waits_for_what_was_wrapped_before_and_is_stored_meanwhile(
    vault, opened, some, rests, monkeypatch
):
    """Somebody had it wrapped, and stores it when nothing old is to be seen."""
    async with opened() as other:
        gate = gated(monkeypatch, other.room.store, "commit", before=True)
        adding = asyncio.create_task(add_some(other, 1))
        await gate.reached.wait()
        await vault.rotate()

        async def store_it():
            gate.open()
            await asyncio.wait([adding])

        rests.instead = [store_it]
        with pytest.raises(NotAllowed, match=r"version 1 of .* still wraps 1 data key"):
            await vault.rotation.retire()

        assert rests == [rotation._UNDER_WAY] == [60.0]
        rests.instead = []
        await vault.rotation.rewrap()
        await vault.rotation.retire()
        await check(vault, [*some, *adding.result()])


async def test_a_version_that_is_made_meanwhile_is_not_in_the_way(vault, opened, some, rests):
    async with opened() as other:
        await vault.rotate()
        rests.instead = [other.rotate]

        status = await vault.rotation.retire()

    assert (status.version, status.oldest, status.stale) == (3, 3, 0)
    await check(vault, some)


async def test_a_vault_that_closes_destroys_nothing(vault, opened, some):
    async with opened() as other:
        await other.rotate()
        retiring = asyncio.create_task(other.rotation.retire())
        await until(lambda: other.room.work._closing._waiters)
        await other.room.work.close()

        with pytest.raises(KeysUnavailable, match="closed before older versions were destroyed"):
            await retiring

    assert (await vault.rotation.status()).oldest == 1


async def test_to_retire_again_is_nothing(vault, some, rests):
    await vault.rotate()
    await vault.rotation.retire()

    assert (await vault.rotation.retire()).oldest == 2
    await check(vault, some)


@pytest.fixture
def stolen(disk, place, world):
    """Take a copy of a database, with all that is in it; and open it beside the current holder."""

    def stolen():
        file = disk / "stolen.db"
        with closing(sqlite3.connect(place.file)) as live, closing(sqlite3.connect(file)) as copy:
            live.backup(copy)
        told = {"keys": place.keys, "journal": str(disk / "stolen"), "emulator": world.url}
        return file, partial(Vault.open, f"sqlite:///{file}", **told, background=False)

    return stolen


async def test_copies_of_a_database_beside_the_current_holder_yield_nothing(
    vault, some, rests, stolen
):
    """Taken before a disconnect. Until the retirement they yield all."""
    file, opened = stolen()

    await vault.disconnect(some[0].id, owner=ADA)
    await vault.rotate()
    async with opened() as copy:
        await check(copy, some)
    await vault.rotation.retire()

    with pytest.raises(Corrupt):
        async with opened():
            pass
    with closing(sqlite3.connect(file)) as session:
        assert await opening(vault, session.execute(STOLEN).fetchall()) == 0
    await check(vault, some[1:])


async def test_a_disconnected_ones_wrapped_key_is_gone_from_the_live_files(
    vault, some, rests, raw, disk
):
    """From the log beside the database as well."""
    ask = "select wrapped from dek where connection = ?"
    ((before,),) = raw(ask, some[0].id)
    await vault.rotate()
    ((after,),) = raw(ask, some[0].id)
    ((kept,),) = raw(ask, some[1].id)
    assert "vault.db" in "".join(await files_with(disk, after))

    await vault.disconnect(some[0].id, owner=ADA)
    await vault.rotation.retire()

    assert [await files_with(disk, one) for one in (before, after)] == [[], []]
    assert await files_with(disk, kept) != []


async def test_a_retired_versions_key_is_gone_from_its_folder(vault, some, rests, disk):
    def keys():
        return (disk / "vault.key").read_bytes().splitlines()[1:]

    (old,) = keys()
    await vault.rotate()
    assert await files_with(disk, old) == ["vault.key"]

    await vault.rotation.retire()

    assert await files_with(disk, old) == []
    assert [line[:2] for line in keys()] == [b"2 "]
    assert await LocalKeys.open(disk / "vault.key").oldest() == 2


async def test_a_secret_that_is_added_after_it_opens_after_the_next(vault, opened, rests):
    for number in range(3):
        connection = await vault.add(
            "openrouter", ADA, secret=Secret(f"sk-{number:010}"), label=f"{number}"
        )
        await vault.rotate()
        await vault.rotation.retire()
        async with opened() as other:
            await check(other, [connection])

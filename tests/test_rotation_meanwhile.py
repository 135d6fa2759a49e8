"""While all data keys are wrapped anew, everything else goes on, in every process."""

import asyncio

import pytest
from tenacity import wait_fixed

from connector_vault import Secret, rotation
from connector_vault.errors import (
    ConnectorVaultError,
    KeysUnavailable,
    NotConnected,
    StoreUnavailable,
)
from connector_vault.stores import Wrapped as WrappedBy
from tests.deeds import ADA, TOKEN, begun, renew, row_of, secret_of, until
from tests.wraps import ALL, add_some, check, chill, gated, holder_of, turned_by

DATABASES = ["sqlite", "postgres"]


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(rotation, "_PAGE", 10)


@pytest.fixture
async def some(vault):
    return await add_some(vault, 39)


def rotating(vault, monkeypatch):
    """Begin a rotation that stops each time between the holder's answer and the database."""
    gate = gated(monkeypatch, holder_of(vault), "rewrap")
    return asyncio.create_task(vault.rotate()), gate


async def versions_of(vault, connection):
    """Give the versions that wrap the keys of a connection."""
    return [version for version, whose in await wrapped_by(vault) if whose == connection.id]


async def wrapped_by(vault):
    store, status = vault.room.store, await vault.rotation.status()
    return [
        (row.version, row.connection)
        for one in status.versions
        async for row in store.rows(WrappedBy(one.holder, one.version))
    ]


@pytest.mark.parametrize("at_hand", [True, False], ids=["warm", "cold"])
async def test_tokens_that_are_read_all_the_time_never_fail(vault, opened, some, at_hand):
    """By this process, and by another: and each is its own connection's."""
    turns = reads = 0

    async def turn(one):
        nonlocal turns
        while reads < 40 or turns < 6:
            await one.rotate()
            turns += 1

    async with opened() as other:
        rotations = asyncio.gather(turn(vault), turn(other))
        while not rotations.done():
            for reader in (vault, other):
                if not at_hand:
                    chill(reader)
                await check(reader, some[reads % 39 :: 13])
                await asyncio.sleep(0)
            reads += 1
        await rotations
        await check(other, some)

    assert (await vault.rotation.status()).version == 1 + turns


async def test_of_two_rotations_at_once_each_makes_a_version_and_none_loses_a_key(
    vault, opened, some
):
    async with opened() as other:
        await asyncio.gather(vault.rotate(), other.rotate())

        # What the slower one stored last may be under the first of the two.
        await vault.rotation.rewrap()
        status = await vault.rotation.status()
        assert (status.version, status.data_keys, status.stale) == (3, 40, 0)
        for one in (vault, other):
            chill(one)
            await check(one, some)


async def test_a_slow_rotation_undoes_nothing_of_a_faster_one(
    vault, opened, some, raw, monkeypatch
):
    """The slow one has its answers, and the other has stored newer ones before it does."""
    slow, gate = rotating(vault, monkeypatch)
    await gate.reached.wait()
    async with opened() as other:
        await other.rotate()
        fast = raw(ALL)
        gate.open()
        await slow

        assert raw(ALL) == fast
    assert {version for _, _, version, _ in raw(ALL)} == {3}


async def test_a_connect_meanwhile_is_under_the_new_version(vault, opened, some, monkeypatch):
    task, gate = rotating(vault, monkeypatch)
    await gate.reached.wait()
    async with opened() as other:
        (new,) = await add_some(other, 1)
    gate.open()
    await task

    assert await versions_of(vault, new) == [2]
    chill(vault)
    await check(vault, [*some, new])


async def test_a_key_that_was_made_before_and_is_stored_after_is_not_overlooked(
    vault, opened, some, monkeypatch
):
    """It is found by the next round; and until then nothing is retired."""
    async with opened() as other:
        gate = gated(monkeypatch, other.room.store, "commit", before=True)
        adding = asyncio.create_task(add_some(other, 1))
        await gate.reached.wait()
        await vault.rotate()
        gate.open()
        (new,) = await adding

    assert await versions_of(vault, new) == [1]
    assert (await vault.maintain()).rewrapped == 1
    await check(vault, [*some, new])


async def test_a_refresh_meanwhile_is_stored(vault, opened, world, connect, monkeypatch):
    connection = await connect(vault)
    async with opened() as other:
        refresh = await begun(world, renew(other, connection), TOKEN, kind="delay")
        task, gate = rotating(vault, monkeypatch)
        await gate.reached.wait()
        assert (await refresh).generation == 2
        gate.open()
        await task

    chill(vault)
    assert (await renew(vault, connection, None)).generation == 2
    assert (await renew(vault, connection, 2)).generation == 3


async def test_a_disconnect_meanwhile_stays_one(vault, opened, some, monkeypatch, raw):
    """Its key was listed, and wrapped, and must not come back."""
    task, gate = rotating(vault, monkeypatch)
    await gate.reached.wait()
    async with opened() as other:
        receipts = [await other.disconnect(one.id, owner=ADA) for one in some]
    gate.open()
    await task

    assert all(receipt.shredded for receipt in receipts)
    assert [connection for _, connection in await wrapped_by(vault)] == [""]
    assert raw("select count(*) from dek") == [(1,)]
    with pytest.raises(NotConnected):
        await secret_of(vault, some[0])


async def test_a_new_data_key_meanwhile_stays_the_one(vault, opened, some, monkeypatch):
    task, gate = rotating(vault, monkeypatch)
    await gate.reached.wait()
    async with opened() as other:
        for connection in some:
            assert await other.renewal.renew(await row_of(other, connection))
    gate.open()
    await task

    await check(vault, some)
    status = await vault.rotation.status()
    assert (status.data_keys, status.stale) == (40, 0)


async def test_a_vault_that_closes_stops_a_rotation_and_another_goes_on(
    vault, opened, some, monkeypatch
):
    monkeypatch.setattr(rotation, "_WIDTH", 1)
    async with opened() as other:
        task, gate = rotating(other, monkeypatch)
        await gate.reached.wait()
        closing = asyncio.create_task(other.room.work.close())
        await until(lambda: other.room.work.closing)
        gate.open()
        await task
        await closing

    stale = (await vault.rotation.status()).stale
    assert 0 < stale < 40
    assert (await vault.maintain()).rewrapped == stale
    await check(vault, some)


@pytest.mark.parametrize("error", [KeysUnavailable("away"), StoreUnavailable("away")], ids=str)
async def test_a_vault_that_closes_waits_for_nobody_who_is_away(vault, place, some, error):
    turned, holder = turned_by(vault, place)
    holder.trouble = [error] * 1_000
    turned.rotation._patiently.wait = wait_fixed(60)
    task = asyncio.create_task(turned.rotate())
    await until(lambda: holder.rewrapped)

    async with asyncio.timeout(5):
        await turned.room.work.close()
        with pytest.raises(type(error)):
            await task


async def test_a_vault_that_was_closed_under_a_rotation_says_so(opened, vault, some, monkeypatch):
    async with opened() as other:
        task, gate = rotating(other, monkeypatch)
        await gate.reached.wait()
    gate.open()

    async with asyncio.timeout(5):
        with pytest.raises(ConnectorVaultError):
            await task
    await vault.rotation.rewrap()
    await check(vault, some)


async def test_a_secret_is_added_and_read_while_a_rotation_stands_still(vault, monkeypatch):
    """Nobody waits for it: not even whoever wants what it is just working on."""
    task, gate = rotating(vault, monkeypatch)
    await gate.reached.wait()
    connection = await vault.add("openrouter", ADA, secret=Secret("sk-1"))
    chill(vault)

    assert (await secret_of(vault, connection)).reveal() == "sk-1"

    gate.open()
    await task


async def test_to_count_a_million_keys_is_not_the_loops_work(vault, some, disk, held_writer):
    """It takes a fifth of a second. The writer's thread does it, and tokens are read meanwhile."""
    async with held_writer(vault.room.store) as queued:
        status = asyncio.create_task(vault.rotation.status())
        await queued(1)

        await check(vault, some)

        assert not status.done()
    assert (await status).data_keys == 40


async def test_a_rotation_that_is_cancelled_loses_nothing(vault, some, monkeypatch):
    gate = gated(monkeypatch, holder_of(vault), "rewrap")
    task = asyncio.create_task(vault.rotate())
    await gate.reached.wait()
    task.cancel()
    await asyncio.wait([task])
    gate.open()

    assert task.cancelled()
    chill(vault)
    await check(vault, some)
    assert await vault.rotation.rewrap() == 40

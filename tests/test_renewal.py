"""A connection gets a new data key: what it holds stays the same, sealed anew."""

import asyncio

import pytest

from connector_vault import State
from connector_vault.errors import KeysUnavailable, StoreUnavailable
from connector_vault.renewal import AGE
from connector_vault.room import now_ms
from connector_vault.stores import AddKey, DropKey
from tests.deeds import ADA, TOKEN, begun, refreshes, renew, row_of, secret_of
from tests.wraps import add_some, check, chill, turned_by

DATABASES = ["sqlite", "postgres"]

HOUR = 3600
YEAR = 365 * 24 * HOUR
SAME = ("generation", "grant_id", "grant_key", "expires_at", "state", "due_at", "doubt", "origin")


async def renewed(vault, connection):
    """Give a connection a new data key."""
    return await vault.renewal.renew(await row_of(vault, connection))


def aged(raw, connection, seconds=YEAR + HOUR):
    """Let the data keys of a connection be old."""
    made = now_ms() - seconds * 1000
    raw("update dek set created_at = ? where connection = ?", made, connection.id)


def keys_of(raw, connection):
    return {
        dek_id for (dek_id,) in raw("select dek_id from dek where connection = ?", connection.id)
    }


async def test_a_new_data_key_seals_the_same_tokens(vault, opened, world, connect, raw):
    connection = await connect(vault)
    before, old = (
        await row_of(vault, connection),
        await vault.room.keyring.open(await row_of(vault, connection)),
    )

    assert await renewed(vault, connection)

    after = await row_of(vault, connection)
    assert keys_of(raw, connection) == {after.dek_id} != {before.dek_id}
    assert after.sealed != before.sealed
    assert [getattr(after, name) for name in SAME] == [getattr(before, name) for name in SAME]
    assert (after.attempt, after.lease_until, after.intent) == ("", 0, "")
    assert not vault._refresher.leases._running
    async with opened() as other:
        assert await other.room.keyring.open(after) == old
        assert (await renew(other, connection)).generation == 2
    assert await refreshes(world) == 1


async def test_the_old_data_key_is_not_at_hand_any_more(vault, connect):
    connection = await connect(vault)
    old = (await row_of(vault, connection)).dek_id

    await renewed(vault, connection)

    assert vault.room.keyring.keys.at_hand(old) is None
    assert await vault.room.store.key(old) is None


async def test_it_stands_in_the_audit(vault, connect, raw):
    connection = await connect(vault)

    await renewed(vault, connection)

    assert raw("select count(*) from audit where deed = 'new data key'") == [(1,)]


async def test_a_pasted_secret_gets_one_too(vault, raw):
    some = await add_some(vault, 3)

    for connection in some:
        assert await renewed(vault, connection)

    chill(vault)
    await check(vault, some)
    assert raw("select count(*) from dek") == [(4,)]


async def test_a_connection_that_is_to_be_mended_gets_one(vault, connect, raw):
    connection = await connect(vault)
    raw("update connection set state = 'reconnect', reason = 'x'")

    assert await renewed(vault, connection)

    assert (await row_of(vault, connection)).state == State.RECONNECT.value


async def test_one_that_has_ended_gets_none(vault, connect, raw):
    connection = await connect(vault)
    await vault.disconnect(connection.id, owner=ADA)

    assert not await renewed(vault, connection)

    assert keys_of(raw, connection) == set()


async def test_another_process_that_has_the_old_one_at_hand_reads_on(vault, opened):
    async with opened() as other:
        some = await add_some(vault, 3)
        await check(other, some)
        for connection in some:
            await renewed(vault, connection)

        await check(other, some)


async def test_it_waits_for_a_refresh_under_way(vault, opened, world, connect):
    connection = await connect(vault)
    async with opened() as other:
        refresh = await begun(world, renew(other, connection), TOKEN, kind="delay", seconds=0.3)

        assert await renewed(vault, connection)

        assert refresh.task.done()
        row = await row_of(vault, connection)
        assert (row.generation, row.attempt) == (2, "")
        assert await secret_of(vault, connection) == (await refresh).secret


async def test_a_refresh_waits_for_it(vault, opened, world, connect, monkeypatch):
    connection = await connect(vault)
    begin, free, commit = asyncio.Event(), asyncio.Event(), vault.room.store.commit

    async def slow(*changes):
        if any(isinstance(one, AddKey) for one in changes):
            begin.set()
            await free.wait()
        await commit(*changes)

    monkeypatch.setattr(vault.room.store, "commit", slow)
    renewal = asyncio.create_task(renewed(vault, connection))
    async with opened() as other:
        await begin.wait()
        refresh = asyncio.create_task(renew(other, connection))
        await asyncio.sleep(0.1)
        assert await refreshes(world) == 0
        free.set()

        assert await renewal
        assert (await refresh).generation == 2


async def test_old_data_keys_are_replaced_and_young_ones_are_not(vault, raw):
    old, young, store = *await add_some(vault, 2), bytes(16)
    aged(raw, old)
    raw("update dek set created_at = 1 where tenant = ''")
    before = [keys_of(raw, one) for one in (old, young)]

    assert await vault.renewal.renew_older(now_ms() - AGE) == 1

    after = [keys_of(raw, one) for one in (old, young)]
    assert [was == now for was, now in zip(before, after, strict=True)] == [False, True]
    assert await vault.room.store.key(store) is not None
    assert await vault.renewal.renew_older(now_ms() - AGE) == 0
    await check(vault, [old, young])


async def test_maintenance_replaces_them(vault, raw):
    some = await add_some(vault, 3)
    for connection in some[:2]:
        aged(raw, connection)

    assert [(await vault.maintain()).renewed for _ in range(2)] == [2, 0]

    chill(vault)
    await check(vault, some)


async def test_one_that_cannot_be_opened_holds_up_no_other(vault, raw, caplog):
    some = await add_some(vault, 3)
    for connection in some:
        aged(raw, connection)
    dek_id = (await row_of(vault, some[1])).dek_id
    raw("update dek set wrapped = ? where dek_id = ?", b"\0\0\0\1" + bytes(60), dek_id)
    chill(vault)

    assert await vault.renewal.renew_older(now_ms() - AGE) == 2

    assert f"the data key of {some[1].id} is not replaced yet" in caplog.text
    assert keys_of(raw, some[1]) == {dek_id}
    await check(vault, [some[0], some[2]])


async def test_a_vault_that_closes_begins_no_other(vault, opened, raw):
    some = await add_some(vault, 3)
    for connection in some:
        aged(raw, connection)
    async with opened() as other:
        await other.room.work.close()

        assert await other.renewal.renew_older(now_ms() - AGE) == 0


async def test_a_holder_that_is_away_changes_nothing(vault, place, raw):
    (connection,) = await add_some(vault, 1)
    before = keys_of(raw, connection)
    turned, holder = turned_by(vault, place)
    holder.error = KeysUnavailable("away")

    with pytest.raises(KeysUnavailable):
        await renewed(turned, connection)

    assert keys_of(raw, connection) == before
    assert (await row_of(vault, connection)).attempt == ""
    await check(vault, [connection])


@pytest.fixture
async def orphan(vault, raw, monkeypatch):
    """Leave behind what a process leaves that is killed before it drops the old data key."""
    (connection,) = await add_some(vault, 1)
    commit = vault.room.store.commit

    async def killed(*changes):
        if any(isinstance(one, DropKey) for one in changes):
            raise StoreUnavailable("this process is dead")
        await commit(*changes)

    old = (await row_of(vault, connection)).dek_id
    with monkeypatch.context() as patch:
        patch.setattr(vault.room.store, "commit", killed)
        assert await renewed(vault, connection)
    assert keys_of(raw, connection) == {old, (await row_of(vault, connection)).dek_id}
    return connection, old


@pytest.mark.parametrize(("minutes", "left"), [(59, 2), (61, 1)])
async def test_a_data_key_that_seals_nothing_goes_after_an_hour(vault, raw, orphan, minutes, left):
    """Before, it may be one that is just being stored, where keys lie apart."""
    connection, old = orphan
    raw("update dek set created_at = ? where dek_id = ?", now_ms() - minutes * 60_000, old)

    assert await vault.renewal.renew_older(now_ms() - 60_000) == 0

    assert len(keys_of(raw, connection)) == left
    assert (await row_of(vault, connection)).dek_id in keys_of(raw, connection)
    chill(vault)
    await check(vault, [connection])


async def test_a_data_key_whose_connection_is_not_there_goes_after_an_hour(vault, raw):
    """It was put there for one that then could not be made, where keys lie apart."""
    _, wrapped = await vault.room.keyring.create("acme", "con_never")
    await vault.room.store.commit(AddKey(wrapped))

    for minutes, left in ((59, 1), (61, 0)):
        raw(
            "update dek set created_at = ? where connection = 'con_never'",
            now_ms() - minutes * 60_000,
        )
        assert await vault.renewal.renew_older(now_ms() - 60_000) == 0
        assert raw("select count(*) from dek where connection = 'con_never'") == [(left,)]


async def test_a_renewal_that_is_cancelled_gives_its_lease_back(vault, connect, monkeypatch):
    connection = await connect(vault)
    reached, create = asyncio.Event(), vault.room.keyring.create

    async def slow(*said):
        reached.set()
        await asyncio.sleep(30)
        return await create(*said)

    with monkeypatch.context() as patch:
        patch.setattr(vault.room.keyring, "create", slow)
        task = asyncio.create_task(renewed(vault, connection))
        await reached.wait()
        task.cancel()
        await asyncio.wait([task])

    assert task.cancelled()
    assert (await row_of(vault, connection)).attempt == ""
    assert (await renew(vault, connection)).generation == 2

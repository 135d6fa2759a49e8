"""A new data key beside whoever else changes the row, or reads it: in each order, nobody loses."""

import asyncio

import pytest

from connector_vault import State
from connector_vault.errors import NotConnected, StoreUnavailable
from connector_vault.stores import AddKey, Conflict, DropKey, Update
from tests.deeds import ADA, TOKEN, begun, live, renew, row_of, secret_of, until
from tests.lives import killed_with_tokens
from tests.wraps import Gate, add_some, check, chill

DATABASES = ["sqlite", "postgres"]

FREE = "update connection set attempt = '', intent = '', lease_until = 0 where id = ?"
"""As once an attempt counts as over of which nobody can tell."""


async def renewed(vault, connection):
    return await vault.renewal.renew(await row_of(vault, connection))


def is_renewal(changes):
    return any(isinstance(one, AddKey) for one in changes)


def is_drop(changes):
    return any(isinstance(one, DropKey) for one in changes)


def is_sealed(changes):
    return any(isinstance(one, Update) and "sealed" in one.set for one in changes)


def held(monkeypatch, vault, which, gates=None):
    """Have the commits of a kind wait at a gate, before they are made; or each at its own."""
    gate, commit = Gate(), vault.room.store.commit

    async def waiting(*changes):
        if which(changes):
            await (gates.pop(0) if gates else gate).wait()
        await commit(*changes)

    monkeypatch.setattr(vault.room.store, "commit", waiting)
    return gate


async def left(vault, connection, raw):
    """See that the row's data key is there, and no other; and read the row."""
    row = await row_of(vault, connection)
    found = raw("select dek_id from dek where connection = ?", connection.id)
    assert found == [(row.dek_id,)]
    return row


async def test_tokens_that_were_received_before_are_stored_after(
    vault, opened, world, connect, raw, monkeypatch
):
    """Their flight knows the row, and the data key, as they were: and both have moved."""
    connection = await connect(vault)
    gate = held(monkeypatch, vault, is_sealed)
    refresh = asyncio.create_task(renew(vault, connection))
    await gate.reached.wait()
    raw(FREE, connection.id)
    async with opened() as other:
        assert await renewed(other, connection)
    gate.open()

    token = await refresh

    row = await left(vault, connection, raw)
    assert (token.generation, row.generation, row.attempt) == (2, 2, "")
    async with opened() as other:
        assert await secret_of(other, connection) == token.secret
        assert (await renew(other, connection, 2)).generation == 3
    assert await live(world) == 1


async def test_tokens_that_were_just_sealed_anew_are_sealed_once_more(
    vault, opened, connect, raw, monkeypatch
):
    """Their flight has looked again, and between its look and its commit only the key moves."""
    connection, gates = await connect(vault), [Gate(), Gate()]
    first, second = gates
    held(monkeypatch, vault, is_sealed, gates).open()
    refresh = asyncio.create_task(renew(vault, connection))
    await first.reached.wait()
    raw(FREE, connection.id)
    first.open()
    await second.reached.wait()
    async with opened() as other:
        assert await renewed(other, connection)
    second.open()

    token = await refresh

    assert (await left(vault, connection, raw)).generation == 2
    chill(vault)
    assert await secret_of(vault, connection) == token.secret


async def test_a_renewal_that_comes_too_late_takes_nobodys_lease_away(
    vault, opened, world, connect, raw, monkeypatch
):
    connection = await connect(vault)
    gate = held(monkeypatch, vault, is_renewal)
    renewal = asyncio.create_task(renewed(vault, connection))
    await gate.reached.wait()
    raw(FREE, connection.id)
    async with opened() as other:
        refresh = await begun(world, renew(other, connection), TOKEN, kind="delay")
        theirs = (await row_of(vault, connection)).attempt
        gate.open()

        assert not await renewal
        assert (await row_of(vault, connection)).attempt == theirs != ""
        assert (await refresh).generation == 2

    assert (await left(vault, connection, raw)).generation == 2


async def test_tokens_that_a_killed_process_left_are_stored_after(
    vault, opened, world, connect, raw, disk, place
):
    connection = await connect(vault)
    await killed_with_tokens(vault, place, world, connection)
    raw(FREE, connection.id)
    await renewed(vault, connection)

    assert (await vault.maintain()).landed == 1

    assert (await left(vault, connection, raw)).generation == 2
    assert (await renew(vault, connection, 2)).generation == 3


async def test_a_renewal_that_comes_after_a_landing_gives_way(
    vault, opened, connect, raw, monkeypatch
):
    """It was asleep so long that its lease ran out."""
    connection = await connect(vault)
    gate = held(monkeypatch, vault, is_renewal)
    renewal = asyncio.create_task(renewed(vault, connection))
    await gate.reached.wait()
    raw(FREE, connection.id)
    async with opened() as other:
        token = await renew(other, connection)
        gate.open()

        assert not await renewal
        assert await secret_of(other, connection) == token.secret

    assert (await left(vault, connection, raw)).generation == 2
    chill(vault)
    assert await secret_of(vault, connection) == token.secret


async def test_a_consent_that_comes_between_wins(vault, opened, connect, raw, monkeypatch):
    connection = await connect(vault)
    gate = held(monkeypatch, vault, is_renewal)
    renewal = asyncio.create_task(renewed(vault, connection))
    await gate.reached.wait()
    async with opened() as other:
        assert (await connect(other)).id == connection.id
    gate.open()

    assert not await renewal

    row = await left(vault, connection, raw)
    assert (row.generation, row.attempt) == (2, "")
    assert (await renew(vault, connection, 2)).generation == 3


async def test_a_consent_that_was_slower_is_stored_under_the_new_key(
    vault, opened, world, connect, raw, monkeypatch
):
    """It had sealed its tokens under the old one."""
    connection = await connect(vault)
    async with opened() as other:
        gate = held(monkeypatch, other, is_sealed)
        again = asyncio.create_task(connect(other))
        await gate.reached.wait()
        assert await renewed(vault, connection)
        gate.open()
        assert (await again).id == connection.id

    row = await left(vault, connection, raw)
    assert row.generation == 2
    chill(vault)
    assert (await renew(vault, connection, 2)).generation == 3
    assert await live(world) == 1


async def test_a_disconnect_that_comes_between_wins(
    vault, opened, world, connect, raw, monkeypatch
):
    connection = await connect(vault)
    gate = held(monkeypatch, vault, is_renewal)
    renewal = asyncio.create_task(renewed(vault, connection))
    await gate.reached.wait()
    async with opened() as other:
        ending = asyncio.create_task(other.disconnect(connection.id, owner=ADA))
        while (await row_of(vault, connection)).state != State.REVOKING.value:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        gate.open()

        assert not await renewal
        receipt = await ending

    assert (receipt.outcome, receipt.shredded) == ("revoked", True)
    assert raw("select count(*) from dek where connection = ?", connection.id) == [(0,)]
    assert await live(world) == 0


async def test_a_disconnect_after_it_destroys_both_keys(vault, opened, connect, raw, monkeypatch):
    """Between its two commits: the old one is still there, and is dropped twice."""
    connection = await connect(vault)
    gate = held(monkeypatch, vault, is_drop)
    renewal = asyncio.create_task(renewed(vault, connection))
    await gate.reached.wait()
    async with opened() as other:
        receipt = await other.disconnect(connection.id, owner=ADA)
    gate.open()

    assert await renewal
    assert receipt.shredded
    assert raw("select count(*) from dek where connection = ?", connection.id) == [(0,)]


async def test_a_disconnect_of_a_pasted_secret_waits_for_no_lease(vault, opened, raw, monkeypatch):
    (connection,) = await add_some(vault, 1)
    gate = held(monkeypatch, vault, is_renewal)
    renewal = asyncio.create_task(renewed(vault, connection))
    await gate.reached.wait()
    async with opened() as other:
        assert (await other.disconnect(connection.id, owner=ADA)).shredded
    gate.open()

    assert not await renewal
    assert raw("select count(*) from dek where connection = ?", connection.id) == [(0,)]
    with pytest.raises(NotConnected):
        await secret_of(vault, connection)


async def test_two_renewals_at_once_leave_one_key(vault, opened, raw):
    some = await add_some(vault, 5)
    async with opened() as other:
        both = (renewed(one, connection) for one in (vault, other) for connection in some)
        came = await asyncio.gather(*both)

    assert any(came)
    for connection in some:
        await left(vault, connection, raw)
    chill(vault)
    await check(vault, some)


async def test_a_commit_whose_answer_is_lost_was_made_or_not(vault, opened, raw, monkeypatch):
    """It was made here. Whoever heard nothing tells so, and has broken nothing."""
    (connection,) = await add_some(vault, 1)
    commit = vault.room.store.commit

    async def deaf(*changes):
        await commit(*changes)
        if is_renewal(changes):
            raise StoreUnavailable("the answer was lost")

    with monkeypatch.context() as patch:
        patch.setattr(vault.room.store, "commit", deaf)
        with pytest.raises(StoreUnavailable):
            await renewed(vault, connection)

    row = await row_of(vault, connection)
    assert (row.attempt, row.lease_until) == ("", 0)
    chill(vault)
    await check(vault, [connection])
    async with opened() as other:
        await check(other, [connection])


async def test_whoever_conflicts_says_false_and_leaves_no_lease(vault, raw, monkeypatch):
    (connection,) = await add_some(vault, 1)
    commit = vault.room.store.commit

    async def late(*changes):
        if is_renewal(changes):
            raise Conflict
        await commit(*changes)

    monkeypatch.setattr(vault.room.store, "commit", late)

    assert not await renewed(vault, connection)
    assert (await left(vault, connection, raw)).attempt == ""
    await until(lambda: not vault._refresher.leases._running)

"""Disconnecting beside refreshes, other processes and callers who leave."""

import asyncio

import pytest

from connector_vault import lease, lifecycle
from connector_vault.errors import Corrupt, NotConnected, Reconnect
from connector_vault.room import now_ms
from connector_vault.stores import Update
from tests.deeds import ADA, TOKEN, begun, live, renew, until

GRANT = "/applications/Iv1.emulator/grant"
ONE = "/applications/Iv1.emulator/token"
ASKED = '{"asked_at":1000}'
STATE = "select state from connection"
HOURS = 3600
NINE_HOURS = 9 * HOURS


async def end(vault, connection, owner=ADA):
    return await vault.disconnect(connection.id, owner=owner)


async def asked(world):
    """List what the provider was asked since the account was connected."""
    return [(entry.method, entry.path) for entry in (await world.log())[3:]]


async def test_two_at_once_give_the_same_receipt(vault, opened, connect):
    connection = await connect(vault)

    async with opened() as other:
        first, second, third = await asyncio.gather(
            end(vault, connection), end(vault, connection), end(other, connection)
        )

    assert first == second == third


async def test_a_hundred_at_once_ask_the_provider_once(vault, world, connect):
    """As somebody does who presses a button again because nothing happens."""
    connection = await connect(vault)
    await world.fault(path="*/applications/*", kind="status", status=503, times=None)

    receipts = await asyncio.gather(*(end(vault, connection) for _ in range(100)))

    assert {(one.outcome, one.note) for one in receipts} == {("unconfirmed", receipts[0].note)}
    told = await asked(world)
    assert len(told) == len(set(told)) > 0


async def test_whoever_was_too_slow_gives_the_receipt_of_who_was_faster(
    vault, opened, connect, monkeypatch
):
    """A machine that was asleep wakes up with a lease that has run out."""
    connection, keyring = await connect(vault), vault.room.keyring
    asleep, awake = asyncio.Event(), asyncio.Event()
    read = keyring.open

    async def sleepy(row):
        asleep.set()
        await awake.wait()
        keyring.keys.forget(row.dek_id)
        return await read(row)

    monkeypatch.setattr(keyring, "open", sleepy)
    slow = asyncio.create_task(end(vault, connection))
    await asleep.wait()
    async with opened(clock=lambda: now_ms() + 60_000) as other:
        fast = await end(other, connection)
    awake.set()

    assert fast.confirmed
    assert await slow == fast


async def test_the_token_of_a_refresh_under_way_is_the_one_revoked(vault, world, connect, raw):
    connection = await connect(vault)
    refresh = await begun(world, renew(vault, connection), TOKEN, kind="delay")
    ending = asyncio.create_task(end(vault, connection))
    await until(lambda: raw(STATE) == [("revoking",)])

    with pytest.raises(NotConnected):
        await refresh
    receipt = await ending
    assert (receipt.outcome, receipt.reach, receipt.probe) == ("revoked", "grant", "dead")
    assert await live(world) == 0
    assert (await vault.get(connection.id, owner=ADA)).generation == 2


async def test_it_waits_for_a_refresh_in_another_process(vault, opened, world, connect, raw):
    connection = await connect(vault)
    async with opened() as other:
        refresh = await begun(world, renew(other, connection), TOKEN, kind="delay")
        ending = asyncio.create_task(end(vault, connection))
        await until(lambda: raw(STATE) == [("revoking",)])

        with pytest.raises(NotConnected):
            await refresh
    receipt = await ending
    assert (receipt.outcome, receipt.confirmed, await live(world)) == ("revoked", True, 0)


async def test_an_expired_token_is_refreshed_to_be_revoked(vault, world, connect, later):
    connection = await connect(vault)
    await world.advance(NINE_HOURS)

    receipt = await end(later(vault, NINE_HOURS), connection)

    assert (receipt.outcome, receipt.reach, receipt.probe) == ("revoked", "grant", "dead")
    assert await asked(world) == [("POST", TOKEN), ("DELETE", GRANT), ("POST", ONE)]
    assert await live(world) == 0


async def test_a_token_that_cannot_be_refreshed_to_be_revoked_is_tried_again(
    vault, world, connect, later
):
    connection = await connect(vault)
    await world.advance(NINE_HOURS)
    await world.fault(path=TOKEN, kind="status", status=503)

    first = await end(later(vault, NINE_HOURS), connection)
    second = await end(later(vault, NINE_HOURS), connection)

    assert (first.confirmed, second.outcome, second.confirmed) == (False, "revoked", True)
    assert await live(world) == 0


async def test_a_lost_reply_to_a_refresh_is_told(vault, world, connect):
    connection = await connect(vault)
    await world.fault(path=TOKEN, kind="drop")
    with pytest.raises(Reconnect):
        await renew(vault, connection)

    receipt = await end(vault, connection)

    assert (receipt.outcome, receipt.confirmed) == ("unconfirmed", False)
    assert "nobody holds" in receipt.note


async def test_a_lost_reply_is_told_although_the_grant_was_called_dead(vault, world, connect):
    """A provider that does not end the family of a spent token lets the lost one live."""
    connection = await connect(vault)
    await world.act("github", "policy", reuse="plain")
    await world.fault(path=TOKEN, kind="drop")
    with pytest.raises(Reconnect):
        await renew(vault, connection)

    receipt = await end(vault, connection)

    assert "nobody holds" in receipt.note


async def test_a_lost_reply_is_told_although_nothing_was_sent_since(vault, opened, world, connect):
    connection = await connect(vault)
    await world.fault(path=TOKEN, kind="drop")
    with pytest.raises(Reconnect):
        await renew(vault, connection)
    async with opened(clients=[]) as other:
        await end(other, connection)

    receipt = await end(vault, connection)

    assert "nobody holds" in receipt.note


async def test_a_refresh_whose_process_died_is_told(vault, world, connect, raw):
    connection = await connect(vault)
    raw("update connection set intent = 'dead', attempt = 'dead', lease_until = 1")
    await live(world)

    receipt = await end(vault, connection)

    assert (receipt.outcome, "nobody holds" in receipt.note) == ("unconfirmed", True)


async def test_a_token_that_was_not_revoked_is_not_shredded(vault, world, connect, raw):
    connection = await connect(vault)
    ending = await begun(world, end(vault, connection), GRANT, kind="delay")
    raw("update connection set generation = generation + 1")

    with pytest.raises(Corrupt):
        await ending

    assert raw("select count(*) from dek where connection = ?", connection.id) == [(1,)]


async def test_a_lost_reply_to_the_revokers_own_refresh_is_told(vault, world, connect, later):
    connection = await connect(vault)
    await world.advance(NINE_HOURS)
    await world.act("github", "policy", reuse="plain")
    await world.fault(path=TOKEN, kind="drop")
    await end(later(vault, NINE_HOURS), connection)

    receipt = await end(later(vault, NINE_HOURS), connection)

    assert "nobody holds" in receipt.note
    assert not receipt.confirmed


async def test_a_lost_reply_to_the_revokers_own_refresh_is_remembered(vault, world, connect, later):
    connection = await connect(vault)
    await world.fault(path=TOKEN, kind="drop")

    await end(later(vault, NINE_HOURS), connection)

    assert (await vault.room.row(connection.id, ADA)).doubt != ""


async def test_anothers_lease_is_not_given_back(vault, connect, raw, monkeypatch):
    monkeypatch.setattr(lease, "_PATIENCE", 0.2)
    connection = await connect(vault)
    raw("update connection set attempt = 'another', lease_until = ?", now_ms() + 30_000)

    receipt = await end(vault, connection)

    assert (receipt.outcome, receipt.confirmed) == ("unconfirmed", False)
    assert (await vault.room.row(connection.id, ADA)).attempt == "another"


async def test_a_cancelled_end_is_seen_through(vault, world, connect):
    connection = await connect(vault)
    first = await begun(world, end(vault, connection), GRANT, kind="delay")
    first.cancel()
    await first.over()

    receipt = await end(vault, connection)

    assert (receipt.outcome, receipt.confirmed) == ("revoked", True)
    assert await asked(world) == [("DELETE", GRANT), ("POST", ONE)]


async def test_a_cancelled_end_does_not_lose_a_refresh(vault, world, connect, later, monkeypatch):
    monkeypatch.setattr(lifecycle, "SEND", 0.5)
    monkeypatch.setattr(lifecycle, "LIFE", 1.0)
    connection = await connect(vault)
    await world.advance(NINE_HOURS)
    nine = later(vault, NINE_HOURS)
    first = await begun(world, end(nine, connection), TOKEN, kind="delay")
    first.cancel()
    await first.over()

    receipt = await end(nine, connection)

    assert (receipt.outcome, receipt.confirmed) == ("revoked", True)
    assert await live(world) == 0


async def test_a_cancelled_end_holds_no_lease(vault, connect, begun_writer):
    """The lease is taken just when nobody waits for it any more."""
    connection = await connect(vault)
    revoking = {"state": "revoking", "receipt": ASKED}
    await vault.room.store.commit(Update(connection.id, {}, revoking))
    ending = asyncio.create_task(end(vault, connection))
    async with begun_writer(vault.room.store):
        ending.cancel()
        await asyncio.wait([ending])
    await vault.room.work.close()

    row = await vault.room.row(connection.id, ADA)
    assert (row.state, row.attempt) == ("revoked", "")


async def test_an_end_that_another_process_finishes_is_the_same_end(
    vault, opened, world, connect, held_writer
):
    """Between the look at the row and the lease, the other one has done it all."""
    connection = await connect(vault)
    await world.fault(path=GRANT, kind="reset")
    await end(vault, connection)
    async with opened() as other, held_writer(vault.room.store) as queued:
        second = asyncio.create_task(end(vault, connection))
        await queued(1)
        first = await end(other, connection)

    assert await second == first

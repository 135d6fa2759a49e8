"""When a refresh fails, nothing is lost, and nobody says more than it knows."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from connector_vault import Vault, lifecycle
from connector_vault.errors import (
    KeysUnavailable,
    Misconfigured,
    NotConnected,
    RateLimited,
    Reconnect,
    Unreachable,
)
from connector_vault.refresh import Refresher
from connector_vault.room import now_ms
from tests.deeds import TOKEN, begun, forgive, impatient, live, refreshes, renew, row_of
from tests.holder import Holder, keyring_of

WRONG_CLIENT = {"error": "incorrect_client_credentials", "error_description": "They are wrong."}

UNPROCESSED = [
    pytest.param({"kind": "status", "status": 503}, Unreachable, id="503"),
    pytest.param({"kind": "status", "status": 200, "body": {}}, Unreachable, id="empty"),
    pytest.param({"kind": "status", "status": 200, "body": []}, Unreachable, id="list"),
    pytest.param({"kind": "malformed"}, Unreachable, id="html"),
    pytest.param(
        {"kind": "malformed", "body": "x" * 3_000_000, "times": 2}, Unreachable, id="3 MB"
    ),
    pytest.param({"kind": "hang", "times": 2}, Unreachable, id="hang"),
    pytest.param({"kind": "reset", "times": 2}, Unreachable, id="reset"),
    pytest.param({"kind": "status", "status": 429}, RateLimited, id="429"),
    pytest.param(
        {"kind": "status", "status": 200, "body": WRONG_CLIENT}, Misconfigured, id="client"
    ),
]
PROCESSED = [{"kind": "drop"}, {"kind": "truncate"}]


def on(room):
    return Vault(room, Refresher(room))


@pytest.mark.parametrize(("fault", "error"), UNPROCESSED)
async def test_a_failure_changes_nothing(vault, world, connect, monkeypatch, fault, error):
    monkeypatch.setattr(lifecycle, "SEND", 1.0)
    connection = await connect(vault)
    before = await row_of(vault, connection)
    await world.fault(path=TOKEN, **fault)

    with pytest.raises(error):
        await renew(vault, connection)

    after = await row_of(vault, connection)
    same = ("state", "generation", "sealed", "expires_at", "attempt", "intent")
    assert [getattr(after, name) for name in same] == [getattr(before, name) for name in same]


@pytest.mark.parametrize(("fault", "error"), UNPROCESSED)
async def test_the_call_after_a_failure_works(vault, world, connect, monkeypatch, fault, error):
    monkeypatch.setattr(lifecycle, "SEND", 1.0)
    connection = await connect(vault)
    await world.fault(path=TOKEN, **fault)
    with pytest.raises(error):
        await renew(vault, connection)
    await forgive(vault, connection)

    assert (await renew(vault, connection)).generation == 2


@pytest.mark.parametrize("fault", ["hang", "reset"])
async def test_a_refresh_that_was_not_answered_is_tried_once_more(
    vault, world, connect, monkeypatch, fault
):
    monkeypatch.setattr(lifecycle, "SEND", 1.0)
    connection = await connect(vault)
    await world.fault(path=TOKEN, kind=fault)

    assert (await renew(vault, connection)).generation == 2


@pytest.mark.parametrize("fault", PROCESSED, ids=lambda fault: fault["kind"])
async def test_after_a_lost_reply_the_old_token_is_tried_once_more(vault, world, connect, fault):
    """GitHub then says that it is spent: nobody has ever had the tokens it gave instead."""
    connection = await connect(vault)
    await world.fault(path=TOKEN, **fault)

    with pytest.raises(Reconnect):
        await renew(vault, connection)

    assert await refreshes(world) == 2
    row = await row_of(vault, connection)
    assert (row.state, row.intent, bool(row.doubt)) == ("reconnect", "", True)


async def test_two_lost_replies_leave_the_connection_as_it_was(vault, world, connect):
    connection = await connect(vault)
    await world.fault(path=TOKEN, kind="reset", times=2)

    with pytest.raises(Unreachable):
        await renew(vault, connection)

    row = await row_of(vault, connection)
    assert (row.state, row.generation, row.attempt, row.intent) == ("active", 1, "", "")
    assert bool(row.doubt)


async def test_a_verdict_is_for_the_holder_of_the_lease(vault, world, connect, raw):
    connection = await connect(vault)
    refresh = await begun(world, renew(vault, connection), TOKEN, kind="late")
    raw("update connection set attempt = 'another', lease_until = ?", now_ms() + 30_000)
    await live(world)

    with pytest.raises(Reconnect):
        await refresh

    row = await row_of(vault, connection)
    assert (row.state, row.attempt) == ("active", "another")


async def test_a_success_is_kept_although_the_lease_moved(vault, world, connect, raw):
    connection = await connect(vault)
    refresh = await begun(world, renew(vault, connection), TOKEN, kind="delay")
    raw("update connection set attempt = 'another', lease_until = ?", now_ms() + 30_000)

    assert (await refresh).generation == 2
    assert (await row_of(vault, connection)).attempt == "another"


async def test_a_late_success_takes_back_a_verdict(vault, world, connect, raw):
    """Another attempt, made after our lease ran out, spent the token we had just replaced."""
    connection = await connect(vault)
    refresh = await begun(world, renew(vault, connection), TOKEN, kind="delay")
    raw("update connection set state = 'reconnect', reason = 'bad_refresh_token', attempt = ''")

    assert (await refresh).generation == 2

    assert (await row_of(vault, connection)).state == "active"


async def test_a_dead_holders_lease_runs_out(vault, world, connect, raw):
    connection = await connect(vault)
    left = now_ms() + 200
    raw("update connection set attempt = 'dead', lease_until = ?", left)

    assert (await renew(vault, connection)).generation == 2
    assert (await row_of(vault, connection)).doubt == ""


async def test_an_answer_waits_for_a_database_that_is_away(
    vault, world, place, connect, held_writer
):
    store = vault.room.store
    connection = await connect(vault)
    refresh = await begun(world, renew(vault, connection), TOKEN, kind="delay")
    await impatient(store)
    with closing(sqlite3.connect(place.file, isolation_level=None)) as other:
        async with held_writer(store) as queued:
            await world.release()
            await queued(1)
            other.execute("begin immediate")
        async with held_writer(store):
            # The first try has failed by now.
            other.execute("commit")

    assert (await refresh).generation == 2


async def test_the_key_is_there_before_the_token_is_spent(vault, world, place, connect):
    """A cached key may run out, and its holder go away, while the provider thinks."""
    connection = await connect(vault)
    holder = Holder(place.keys)
    keyring = keyring_of(vault, holder)
    vault = on(replace(vault.room, keyring=keyring))
    refresh = await begun(world, renew(vault, connection), TOKEN, kind="delay")
    holder.error = KeysUnavailable("it is away")
    keyring.keys.forget((await row_of(vault, connection)).dek_id)

    with pytest.raises(KeysUnavailable):
        await refresh

    assert (await row_of(vault, connection)).generation == 2


async def test_without_its_key_holder_nothing_is_spent(vault, world, place, connect):
    connection = await connect(vault)
    holder = Holder(place.keys)
    holder.error = KeysUnavailable("it is away")
    room = replace(vault.room, keyring=keyring_of(vault, holder))
    vault = on(room)

    with pytest.raises(KeysUnavailable):
        await renew(vault, connection)

    row = await row_of(vault, connection)
    assert (row.attempt, row.intent, await refreshes(world)) == ("", "", 0)


async def test_just_before_a_token_is_spent_its_row_is_looked_at_again(
    vault, world, place, connect, raw
):
    connection = await connect(vault)
    holder = Holder(place.keys)
    holder.answers.clear()
    keyring = keyring_of(vault, holder)
    vault = on(replace(vault.room, keyring=keyring))
    refresh = asyncio.create_task(renew(vault, connection))
    await holder.asked.wait()
    raw("update connection set state = 'revoking'")
    holder.answers.set()

    with pytest.raises(Unreachable, match="changed hands"):
        await refresh

    assert ((await row_of(vault, connection)).attempt, await refreshes(world)) == ("", 0)


async def test_a_connection_that_is_being_ended_is_let_go(vault, world, connect, raw, held_writer):
    """Between the look at the row and the lease, somebody disconnects."""
    connection = await connect(vault)
    async with held_writer(vault.room.store) as queued:
        refresh = asyncio.create_task(renew(vault, connection))
        await queued(1)
        raw("update connection set state = 'revoking'")

    with pytest.raises(NotConnected):
        await refresh

    row = await row_of(vault, connection)
    assert (row.attempt, row.intent, await refreshes(world)) == ("", "", 0)


async def test_an_attempt_that_sends_nothing_does_not_hide_a_lost_reply(
    vault, opened, world, connect
):
    connection = await connect(vault)
    await world.fault(path=TOKEN, kind="reset", times=2)
    with pytest.raises(Unreachable):
        await renew(vault, connection)
    await forgive(vault, connection)
    async with opened(clients=[]) as other:
        with pytest.raises(Misconfigured):
            await renew(other, connection)

    assert (await row_of(vault, connection)).doubt != ""


async def test_a_success_ends_every_doubt(vault, world, connect):
    connection = await connect(vault)
    await world.fault(path=TOKEN, kind="reset")

    await renew(vault, connection)

    row = await row_of(vault, connection)
    assert (row.attempt, row.intent, row.doubt) == ("", "", "")


@pytest.mark.parametrize("answer", [{"error": "bad_refresh_token"}, WRONG_CLIENT, None])
async def test_an_answer_leaves_no_doubt(vault, world, connect, answer):
    connection = await connect(vault)
    status = 200 if answer else 429
    await world.fault(path=TOKEN, kind="status", status=status, body=answer)

    with pytest.raises((Reconnect, Misconfigured, RateLimited)):
        await renew(vault, connection)

    row = await row_of(vault, connection)
    assert (row.attempt, row.intent, row.doubt) == ("", "", "")


async def test_a_grant_whose_client_is_gone_is_left_alone(vault, opened, world, connect):
    connection = await connect(vault)
    before = await row_of(vault, connection)

    async with opened(clients=[]) as other:
        with pytest.raises(Misconfigured, match=r"Iv1\.emulator"):
            await renew(other, connection)

    after = await row_of(vault, connection)
    same = ("state", "generation", "sealed", "attempt", "lease_until", "intent", "doubt")
    assert [getattr(after, name) for name in same] == [getattr(before, name) for name in same]
    assert await refreshes(world) == 0

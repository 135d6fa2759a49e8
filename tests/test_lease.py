"""Who may touch a connection's tokens, and how the right is given back."""

import asyncio
from dataclasses import replace

import pytest

from connector_vault import lease, lifecycle
from connector_vault.errors import (
    Corrupt,
    KeysUnavailable,
    StoreUnavailable,
    TimedOut,
    Unreachable,
)
from connector_vault.room import now_ms
from tests.deeds import TOKEN, begun, refreshes, renew, row_of, until
from tests.lives import (
    Lossy,
    away,
    full_journal,
    held_by,
    on,
)

LONG = lifecycle.LIFE + 1
"""Seconds after which a lease has run out."""


def ahead(seconds):
    return {"clock": lambda: now_ms() + int(seconds * 1000)}


@pytest.fixture
def hurried(monkeypatch):
    """Wait for another's lease for no more than a moment."""
    monkeypatch.setattr(lease, "_PATIENCE", 0.2)


@pytest.mark.parametrize("left", [61_000, 3600_000, 10**9])
async def test_a_lease_of_a_clock_that_was_set_back_holds_nobody_up(vault, connect, raw, left):
    connection = await connect(vault)
    raw("update connection set attempt = 'another', lease_until = ?", now_ms() + left)

    assert (await renew(vault, connection)).generation == 2


async def test_a_lease_is_given_back_once_the_database_is_there_again(
    vault, place, connect, monkeypatch
):
    monkeypatch.setattr(lease, "_REST", 0.05)
    connection = await connect(vault)
    slow, holder = held_by(vault, place)
    holder.answers.clear()
    refresh = asyncio.create_task(renew(slow, connection))
    await holder.asked.wait()
    holder.error = KeysUnavailable("it is away")
    async with away(vault, place.file):
        holder.answers.set()
        with pytest.raises(KeysUnavailable):
            await refresh
        assert (await row_of(vault, connection)).attempt != ""

    assert (await renew(vault, connection)).generation == 2


async def test_a_lost_reply_is_told_once_the_database_is_there_again(
    vault, opened, world, place, connect, monkeypatch
):
    monkeypatch.setattr(lease, "_REST", 0.05)
    monkeypatch.setattr(lifecycle, "SEND", 1.0)
    connection = await connect(vault)
    refresh = await begun(world, renew(vault, connection), TOKEN, kind="hang")
    async with away(vault, place.file):
        await until(lambda: vault._refresher.leases._ending)

    assert (await refresh).generation == 2
    assert (await row_of(vault, connection)).doubt == ""


async def test_whoever_is_still_to_give_a_lease_back_keeps_it(
    vault, opened, world, place, connect, monkeypatch, hurried
):
    """Nobody is told of the doubt yet."""
    monkeypatch.setattr(lifecycle, "SEND", 1.0)
    monkeypatch.setattr(lease, "_REST", 30.0)
    connection = await connect(vault)
    refresh = await begun(world, renew(vault, connection), TOKEN, kind="hang")
    async with away(vault, place.file):
        with pytest.raises(StoreUnavailable):
            await refresh

    async with opened(**ahead(LONG)) as other:
        with pytest.raises(TimedOut):
            await renew(other, connection)
    assert await refreshes(world) == 1


async def test_a_lease_whose_answer_was_lost_is_given_back(vault, world, connect, monkeypatch):
    monkeypatch.setattr(lease, "_REST", 0.05)
    connection = await connect(vault)
    lossy = on(replace(vault.room, store=Lossy(vault.room.store)))

    with pytest.raises(StoreUnavailable):
        await renew(lossy, connection)
    assert (await row_of(vault, connection)).intent != ""

    assert (await renew(vault, connection)).generation == 2
    assert await refreshes(world) == 1


async def test_a_lease_whose_answer_was_lost_leaves_no_doubt(vault, connect, monkeypatch):
    monkeypatch.setattr(lease, "_REST", 0.05)
    connection = await connect(vault)
    lossy = on(replace(vault.room, store=Lossy(vault.room.store)))
    with pytest.raises(StoreUnavailable):
        await renew(lossy, connection)

    await vault.room.work.close()
    await lossy._refresher.leases.acquire(await row_of(vault, connection), spend=False)

    assert (await row_of(vault, connection)).doubt == ""


async def test_after_a_lost_reply_nobody_sends_until_it_can_no_longer_be_under_way(
    vault, world, connect, monkeypatch
):
    monkeypatch.setattr(lifecycle, "SETTLE", 0.5)
    connection = await connect(vault)
    await world.fault(path=TOKEN, kind="reset")

    await renew(vault, connection)

    first, second = [
        one.time for one in await world.log(path=TOKEN) if "refresh_token" in one.fields
    ]
    assert second - first >= 0.5


MOVES = ["attempt = 'another'", "generation = 2", "state = 'revoking'"]


@pytest.mark.parametrize("move", MOVES)
async def test_nothing_is_sent_once_the_row_has_moved(vault, world, place, connect, raw, move):
    connection = await connect(vault)
    slow, holder = held_by(vault, place)
    holder.answers.clear()
    refresh = asyncio.create_task(renew(slow, connection))
    await holder.asked.wait()
    raw(f"update connection set {move}")
    holder.answers.set()

    with pytest.raises(Unreachable, match="changed hands"):
        await refresh

    assert await refreshes(world) == 0


async def test_nothing_is_sent_under_a_lease_that_is_too_old(vault, world, connect, monkeypatch):
    monkeypatch.setattr(lifecycle, "LIFE", lifecycle.SEND + lifecycle.SETTLE)
    connection = await connect(vault)

    with pytest.raises(Unreachable, match="changed hands"):
        await renew(vault, connection)

    row = await row_of(vault, connection)
    assert (row.attempt, row.intent, await refreshes(world)) == ("", "", 0)


async def test_without_a_journal_a_refresh_is_made_and_the_danger_told(
    vault, world, connect, tmp_path, caplog
):
    connection = await connect(vault)
    journal, _ = full_journal(tmp_path)

    token = await renew(on(replace(vault.room, journal=journal)), connection)

    assert token.generation == 2
    assert "a kill may lose a connection now" in caplog.text


async def test_a_refresh_that_was_outrun_gives_its_lease_back(vault, world, connect, raw):
    """Whoever was faster did not say that the attempt is over."""
    connection = await connect(vault)
    renewal = await begun(world, renew(vault, connection), TOKEN, kind="delay")
    raw("update connection set generation = 2")

    with pytest.raises(Corrupt):
        await renewal

    row = await row_of(vault, connection)
    assert (row.attempt, row.lease_until) == ("", 0)

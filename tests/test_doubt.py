"""What is made sure of before a token is spent that somebody may have spent already."""

import asyncio
from dataclasses import replace

import pytest

from connector_vault import lease, lifecycle
from connector_vault.errors import (
    TimedOut,
)
from connector_vault.room import now_ms
from tests.deeds import TOKEN, begun, refreshes, renew, row_of
from tests.lives import (
    full_journal,
    intend,
    killed,
    killed_with_tokens,
    on,
    process_of,
)

LONG = lifecycle.LIFE + 1
"""Seconds after which a lease has run out."""


def ahead(seconds):
    return {"clock": lambda: now_ms() + int(seconds * 1000)}


@pytest.fixture
def hurried(monkeypatch):
    """Wait for another's lease for no more than a moment."""
    monkeypatch.setattr(lease, "_PATIENCE", 0.2)


async def test_a_token_that_a_dead_process_may_have_spent_is_tried(
    vault, opened, world, place, connect
):
    """Its lock is gone, and it left nothing."""
    connection = await connect(vault)
    await killed(place, world, connection)

    async with opened(**ahead(LONG)) as other:
        assert (await renew(other, connection)).generation == 2

    assert await refreshes(world) == 2


async def test_a_lease_of_a_dead_process_runs_out_first(vault, world, place, connect, hurried):
    """Its request may still be under way."""
    connection = await connect(vault)
    await killed(place, world, connection)

    with pytest.raises(TimedOut):
        await renew(vault, connection)

    assert await refreshes(world) == 1


async def test_a_token_that_a_dead_process_may_have_spent_is_remembered(
    vault, opened, world, place, connect
):
    connection = await connect(vault)
    await killed(place, world, connection)
    attempt = (await row_of(vault, connection)).intent
    await world.fault(path=TOKEN, kind="status", status=429)

    async with opened(**ahead(LONG)) as other:
        with pytest.raises(Exception, match="rate limited"):
            await renew(other, connection)

    row = await row_of(vault, connection)
    assert (row.attempt, row.intent, row.doubt) == ("", "", attempt)


async def test_what_a_dead_process_received_is_used_and_its_token_not_spent_again(
    vault, opened, world, place, connect
):
    connection = await connect(vault)
    await killed_with_tokens(vault, place, world, connection)

    async with opened(**ahead(LONG)) as other:
        assert (await renew(other, connection)).generation == 2

    assert await refreshes(world) == 1


async def test_a_process_that_lives_is_waited_for(vault, opened, world, connect, raw, hurried):
    """However long ago its lease ran out."""
    connection = await connect(vault)
    async with opened() as other:
        intend(raw, f"{await process_of(other)}/natt_1")

        with pytest.raises(TimedOut):
            await renew(vault, connection)

    assert await refreshes(world) == 0


async def test_a_process_that_lives_is_named_to_those_who_waited_for_it(
    vault, opened, connect, raw, hurried
):
    connection = await connect(vault)
    async with opened() as other:
        process = await process_of(other)
        intend(raw, f"{process}/natt_1")

        with pytest.raises(TimedOut, match=f"process {process} has held {connection.id}"):
            await renew(vault, connection)


async def test_when_a_process_ends_others_go_on(vault, opened, connect, raw):
    connection = await connect(vault)
    async with opened() as other:
        intend(raw, f"{await process_of(other)}/natt_1")
        waiting = asyncio.create_task(renew(vault, connection))
        await asyncio.sleep(0.1)
        assert not waiting.done()

    assert (await waiting).generation == 2


async def test_a_process_that_others_land_for_counts_as_alive(
    vault, world, place, connect, opened, hurried
):
    connection = await connect(vault)
    await killed_with_tokens(vault, place, world, connection)
    (orphan,) = vault.room.journal.orphans()

    with orphan:
        async with opened(**ahead(LONG)) as other:
            with pytest.raises(TimedOut):
                await renew(other, connection)

    assert await refreshes(world) == 1


ELSEWHERE = [(-599.0, TimedOut), (-601.0, None)]


@pytest.mark.parametrize(("ended", "error"), ELSEWHERE)
async def test_a_process_of_another_journal_is_waited_for_until_the_cap(
    vault, opened, connect, raw, tmp_path, hurried, ended, error
):
    connection = await connect(vault)
    async with opened(journal=str(tmp_path / "elsewhere")) as other:
        await process_of(vault)
        attempt = f"{await process_of(other)}/natt_1"
    intend(raw, attempt, now_ms() + int(ended * 1000))

    if error:
        with pytest.raises(error):
            await renew(vault, connection)
    assert (await row_of(vault, connection)).generation == 1
    if not error:
        assert (await renew(vault, connection)).generation == 2


@pytest.mark.parametrize("attempt", ["nonsense", "no/process", "/", "none_x/natt_1"])
async def test_an_attempt_of_nobody_is_waited_for_until_the_cap(
    vault, connect, raw, hurried, attempt
):
    connection = await connect(vault)
    intend(raw, attempt, now_ms() - 599_000)
    with pytest.raises(TimedOut):
        await renew(vault, connection)

    intend(raw, attempt, now_ms() - 601_000)
    assert (await renew(vault, connection)).generation == 2


async def test_an_attempt_of_this_process_that_came_to_nothing_is_over(vault, connect, raw):
    connection = await connect(vault)
    await renew(vault, connection)
    attempt = f"{await process_of(vault)}/natt_1"
    intend(raw, attempt)
    before = await row_of(vault, connection)

    assert (await renew(vault, connection, newer_than=2)).generation == 3
    assert before.intent == attempt


async def test_an_attempt_of_this_process_that_runs_is_waited_for(
    vault, world, connect, raw, hurried
):
    """Its lease ran out, because the machine slept."""
    connection = await connect(vault)
    first = await begun(world, renew(vault, connection), TOKEN, kind="delay")
    raw("update connection set lease_until = 1")
    leases = vault._refresher.leases

    with pytest.raises(TimedOut):
        await leases.acquire(await row_of(vault, connection), spend=True)
    assert (await first).generation == 2


async def test_an_attempt_of_a_process_without_a_journal_is_waited_for(
    vault, world, connect, tmp_path, hurried
):
    connection = await connect(vault)
    journal, _ = full_journal(tmp_path)
    blind = on(replace(vault.room, journal=journal))
    first = await begun(world, renew(blind, connection), TOKEN, kind="delay")

    with pytest.raises(TimedOut, match="process none_"):
        await renew(vault, connection)
    await first

    assert await refreshes(world) == 1

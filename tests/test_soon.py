"""A token that is about to end: one refreshes it in the background, the others use it."""

import asyncio

import pytest

from connector_vault import lifecycle
from connector_vault.errors import Reconnect
from connector_vault.stores import Update
from tests.deeds import TOKEN, begun, refreshes, renew, row_of
from tests.times import Time

HOUR, MINUTE = 3600, 60


@pytest.fixture
def time(world):
    return Time(world)


@pytest.fixture
async def vault(opened, time):
    async with opened(clock=time.clock) as vault:
        yield vault


@pytest.fixture
async def ending(vault, time, connect):
    """A connection whose token has four minutes left."""
    connection = await connect(vault)
    await time.on(8 * HOUR - 4 * MINUTE)
    return connection


async def use(vault, connection):
    return await renew(vault, connection, newer_than=None)


async def settled(vault):
    """Wait until nothing is going on in the background."""
    while vault.room.work._tasks:
        await asyncio.wait(vault.room.work._tasks)


async def test_nobody_waits_for_a_token_that_still_works(vault, world, ending, monkeypatch):
    monkeypatch.setattr(lifecycle, "SEND", 1.0)
    await world.fault(path=TOKEN, kind="hang")

    async with asyncio.timeout(5):
        tokens = [await use(vault, ending) for _ in range(20)]

    assert {token.generation for token in tokens} == {1}
    await world.heard(path=TOKEN, times=2)


async def test_one_caller_has_it_refreshed(vault, world, ending):
    await world.fault(path=TOKEN, kind="delay", seconds=0.2)

    await asyncio.gather(*(use(vault, ending) for _ in range(50)))
    await settled(vault)

    assert await refreshes(world) == 1
    assert (await use(vault, ending)).generation == 2


async def test_of_two_processes_one_has_it_refreshed(vault, opened, world, time, ending):
    await world.fault(path=TOKEN, kind="delay", seconds=0.2)

    async with opened(clock=time.clock) as other:
        tokens = await asyncio.gather(*(use(one, ending) for one in (vault, other) * 10))
        await settled(vault)
        await settled(other)

    assert {token.generation for token in tokens} == {1}
    assert await refreshes(world) == 1


async def test_a_background_that_fails_is_no_failure_of_its_caller(vault, world, ending):
    await world.fault(path=TOKEN, kind="status", status=503, times=None)

    for _ in range(10):
        assert (await use(vault, ending)).generation == 1
        await settled(vault)

    assert await refreshes(world) == 1


async def test_a_background_that_finds_it_dead_is_told_to_the_next(vault, world, ending):
    await world.act("github", "revoke", login="octocat")

    assert (await use(vault, ending)).generation == 1
    await settled(vault)

    with pytest.raises(Reconnect):
        await use(vault, ending)


async def test_one_whose_provider_wants_a_rest_is_left_alone(vault, world, ending):
    resting = {"due_at": 1, "retry_at": vault.room.clock() + 60_000, "failures": 3}
    await vault.room.store.commit(Update(ending.id, {}, resting))

    assert (await use(vault, ending)).generation == 1
    await settled(vault)

    assert await refreshes(world) == 0


async def test_within_its_last_minute_everybody_waits_for_a_better_one(vault, world, time, ending):
    await time.on(3 * MINUTE + 1)
    await world.fault(path=TOKEN, kind="delay", seconds=0.2)

    tokens = await asyncio.gather(*(use(vault, ending) for _ in range(20)))

    assert {token.generation for token in tokens} == {2}
    assert await refreshes(world) == 1


async def test_whoever_was_refused_waits_for_a_better_one(vault, world, ending):
    """While others still use the old one."""
    refused = await begun(world, renew(vault, ending), TOKEN, kind="delay")

    assert (await use(vault, ending)).generation == 1
    assert (await refused).generation == 2
    assert await refreshes(world) == 1


async def test_a_reply_that_is_lost_in_the_background_is_asked_for_once_more(
    vault, world, ending, monkeypatch
):
    monkeypatch.setattr(lifecycle, "SEND", 1.0)
    await world.fault(path=TOKEN, kind="hang")

    await use(vault, ending)
    await settled(vault)

    assert (await row_of(vault, ending)).generation == 2

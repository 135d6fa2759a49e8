"""Hosts whose clocks are wrong neither storm a provider nor go without good tokens."""

import asyncio

import httpx2
import pytest

from tests.deeds import TOKEN, refreshes, renew
from tests.times import Time

MINUTE, HOUR = 60, 3600
CLOCKS = [-24 * HOUR, -HOUR, 0, HOUR, 24 * HOUR]
JUMPS = [-3 * HOUR, -HOUR, HOUR, 3 * HOUR]


@pytest.fixture
def time(world):
    return Time(world)


async def works(world, token):
    """Ask the provider whose token it is."""
    headers = {"authorization": f"Bearer {token.secret.reveal()}"}
    async with httpx2.AsyncClient(verify=False) as http:
        answer = await http.get(f"{world.url}/api.github.com/user", headers=headers)
    return answer.status_code == 200


async def used(vault, world, connection):
    """Use a connection as the gateway does: ask for a newer token if the provider refuses it."""
    token = await renew(vault, connection, newer_than=None)
    if not await works(world, token):
        token = await renew(vault, connection, newer_than=token.generation)
    return await works(world, token)


@pytest.mark.parametrize("wrong", CLOCKS)
async def test_a_clock_that_is_wrong_costs_nothing(opened, world, time, connect, wrong):
    time.jump(wrong)
    async with opened(clock=time.clock) as vault:
        connection = await connect(vault)
        for _ in range(36):
            await time.on(HOUR)
            await vault.maintain()
            assert await used(vault, world, connection)

    # A token lives for eight hours: there are five in that time.
    assert await refreshes(world) <= 6


@pytest.mark.parametrize("jump", JUMPS)
async def test_a_clock_that_jumps_costs_no_more_than_one_refresh(
    opened, world, time, connect, jump
):
    async with opened(clock=time.clock) as vault:
        connection = await connect(vault)
        for hour in range(36):
            if hour == 5:
                time.jump(jump)
            await time.on(HOUR)
            await vault.maintain()
            assert await used(vault, world, connection)

    assert await refreshes(world) <= 6


async def test_hosts_that_disagree_by_an_hour_do_not_refresh_in_turns(opened, world, time, connect):
    """What one of them has just replaced is good for the other, too."""
    slow, fast = Time(world), Time(world)
    slow.jump(-HOUR)
    fast.jump(HOUR)
    async with opened(clock=slow.clock) as one, opened(clock=fast.clock) as other:
        connection = await connect(one)
        for _ in range(36):
            await slow.on(HOUR)
            fast.jump(HOUR)
            await asyncio.gather(one.maintain(), other.maintain())
            for vault in (one, other):
                assert await used(vault, world, connection)

    assert await refreshes(world) <= 10


@pytest.mark.parametrize("wrong", [-HOUR, HOUR])
async def test_a_lease_of_a_host_whose_clock_is_wrong_is_respected(
    vault, opened, world, connect, wrong
):
    """Of many callers on two such hosts one refreshes."""
    time = Time(world)
    time.jump(wrong)
    connection = await connect(vault)
    await world.fault(path=TOKEN, kind="delay", seconds=0.3)

    async with opened(clock=time.clock) as other:
        tokens = await asyncio.gather(
            *(renew(one, connection) for one in (vault, other) for _ in range(10))
        )

    assert {token.generation for token in tokens} == {2}
    assert await refreshes(world) == 1


async def test_a_token_that_lives_for_less_than_a_minute_storms_nobody(vault, world, connect):
    connection = await connect(vault)
    short = {"access_token": "gho_short", "expires_in": 30, "token_type": "bearer"}
    await world.fault(path=TOKEN, kind="status", status=200, body=short, times=None)

    tokens = [await renew(vault, connection) for _ in range(3)]

    assert {token.generation for token in tokens} == {2}
    assert await refreshes(world) == 1


@pytest.mark.parametrize(("passed", "generation"), [(10, 2), (16, 3), (40, 3)])
async def test_a_token_that_lives_for_less_than_a_minute_is_used_for_half_of_it(
    opened, world, time, connect, passed, generation
):
    short = {"access_token": "gho_short", "expires_in": 30, "token_type": "bearer"}
    async with opened(clock=time.clock) as vault:
        connection = await connect(vault)
        await world.fault(path=TOKEN, kind="status", status=200, body=short, times=None)
        await renew(vault, connection)
        time.jump(passed)

        assert (await renew(vault, connection, newer_than=None)).generation == generation

"""An open vault does by itself, again and again, what `maintain` does once."""

import asyncio
from dataclasses import replace

import pytest

from connector_vault import Owner, Vault, maintenance, registry
from connector_vault.connector import Revocation
from tests.deeds import CLIENT, TOKEN, renew, row_of
from tests.lives import away
from tests.times import Time

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600
GONE = "/applications/*"
ASKED = '{"asked_at": 1}'


@pytest.fixture
def time(world):
    return Time(world)


@pytest.fixture
async def vault(opened, time):
    async with opened(clock=time.clock) as vault:
        yield vault


async def several(vault, connect, number):
    """Connect an account for so many people."""
    owners = [Owner(tenant="acme", user=f"user{n}") for n in range(number)]
    return [await connect(vault, owner) for owner in owners]


async def generations(vault, connections):
    return [(await row_of(vault, one)).generation for one in connections]


async def has_generation(vault, connection, generation):
    async with asyncio.timeout(10):
        while (await row_of(vault, connection)).generation < generation:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_an_open_vault_maintains_itself(vault, world, place, time, connect):
    connection = await connect(vault)
    await time.on(8 * HOUR - 4 * MINUTE)

    said = {"keys": place.keys, "clients": [CLIENT], "emulator": world.url}
    async with Vault.open(place.database, **said, clock=time.clock):
        await has_generation(vault, connection, 2)


async def test_an_open_vault_maintains_itself_again_and_again(
    vault, opened, time, connect, monkeypatch
):
    monkeypatch.setattr(maintenance, "_EVERY", 0.05)
    connection = await connect(vault)

    async with opened(background=True, clock=time.clock):
        for generation in (2, 3):
            await time.on(8 * HOUR - 4 * MINUTE)
            await has_generation(vault, connection, generation)
            await renew(vault, connection, newer_than=None)
            await vault.room.audit.flush()


async def test_a_round_that_fails_is_not_the_last(vault, opened, time, place, connect, monkeypatch):
    monkeypatch.setattr(maintenance, "_EVERY", 0.05)
    connection = await connect(vault)
    await time.on(8 * HOUR - 4 * MINUTE)

    async with opened(clock=time.clock) as other:
        async with away(other, place.file):
            other.room.work.begin(other._maintenance.keep())
            await asyncio.sleep(0.2)
        await has_generation(vault, connection, 2)


async def test_a_bug_of_one_connector_does_not_end_maintenance(
    vault, opened, time, connect, raw, monkeypatch
):
    """Its revocation fails as nobody foresaw."""
    monkeypatch.setattr(maintenance, "_EVERY", 0.05)
    ending, living = await connect(vault), await connect(vault, login="hubot")
    known = registry.load("github")
    broken = replace(known, oauth=replace(known.oauth, revocation=Revocation(token=None)))
    monkeypatch.setattr(registry, "load", lambda _: broken)
    raw("update connection set state = 'revoking', receipt = ? where id = ?", ASKED, ending.id)
    raw("update connection set due_at = 1")

    async with opened(background=True, clock=time.clock):
        await has_generation(vault, living, 2)


async def test_a_vault_that_is_told_not_to_maintains_nothing(vault, opened, world, time, connect):
    connection = await connect(vault)
    await time.on(8 * HOUR - 4 * MINUTE)

    async with opened(background=False, clock=time.clock) as other:
        assert not other.room.work._tasks

    assert (await row_of(vault, connection)).generation == 1


async def test_a_vault_that_rests_between_rounds_closes_at_once(opened):
    async with asyncio.timeout(5), opened(background=True) as vault:
        await vault.maintain()


async def test_a_vault_that_closes_begins_nothing_more(
    vault, opened, world, time, connect, monkeypatch
):
    monkeypatch.setattr(maintenance, "_WIDTH", 1)
    connections = await several(vault, connect, 4)
    await time.on(8 * HOUR - 4 * MINUTE)
    await world.fault(path=TOKEN, kind="delay", seconds=0.3)
    before = len(await world.log(path=TOKEN))

    async with opened(background=True, clock=time.clock):
        await world.heard(path=TOKEN, times=before + 1)

    assert sorted(await generations(vault, connections)) == [1, 1, 1, 2]

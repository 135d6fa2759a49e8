"""Processes that are killed while they rotate or retire: no data key is lost, and others go on."""

import random

import pytest

from connector_vault import Vault, rotation
from connector_vault.keys.local import LocalKeys
from tests.places import SEED, TORTURE, place_in
from tests.turns import FILES, MOVE, RETIREMENT, TURN, victims
from tests.wraps import add_some, check, fill, found

DATABASES = ["sqlite", "postgres"]

KEYS = 100_000 if TORTURE else 200
"""Data keys, beside those of a few connections."""

PAGE = 500 if TORTURE else 40


def spread(number):
    """Say how often a victim comes to a step, of so many times, before it dies of it."""
    return (number // 20, number // 2, number * 9 // 10) if TORTURE else (max(1, number // 3),)


SPARED = {
    "unwrapped": spread(KEYS),
    # What is stored together is one statement on PostgreSQL: at most as many as are under way.
    "storing": spread(KEYS // PAGE // 4),
    **dict.fromkeys(("listed", "rewrapped", "stored", "opened"), spread(KEYS // PAGE)),
}
"""Any other step a victim comes to once."""

MOMENTS = 20 if TORTURE else 6
SPAN = 4.0 if TORTURE else 0.08
"""Seconds in which they are: about as long as it takes."""

pytestmark = pytest.mark.timeout(1_200 if TORTURE else 60)


@pytest.fixture
def place(tmp_path, database):
    return place_in(tmp_path, database)


@pytest.fixture(scope="module", autouse=True)
def _emulated():
    """Let nobody load certificates: with few keys, that takes as long as all the rest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONNECTOR_VAULT_EMULATOR", "http://127.0.0.1:1")
        yield


@pytest.fixture(scope="module")
def kill(_emulated):
    with victims() as run:
        yield run


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(rotation, "_UNDER_WAY", 0.0)


def opened(place):
    return Vault.open(place.database, keys=place.keys, journal=place.journal, background=False)


def victim(place, deed, **said):
    return {"place": place, "deed": deed, "page": PAGE, **said}


async def filled(place):
    """Make a vault of many data keys, and give its connections."""
    async with opened(place) as vault:
        await fill(vault, KEYS)
        return await add_some(vault, 10)


async def whole(vault, connections):
    """See that everything opens, and give how far things are."""
    assert await found(vault) == (KEYS, KEYS)
    await check(vault, connections)
    return await vault.rotation.status()


async def see(place, connections):
    """See it as the next process does."""
    async with opened(place) as vault:
        return await whole(vault, connections)


async def mend(place, connections):
    """Let the next process see it, and bring it to its end. Gives how things were, and are."""
    async with opened(place) as vault:
        before = await whole(vault, connections)
        await vault.rotation.rewrap()
        after = await vault.rotation.status()
    assert after.stale == 0
    return before, after


def steps_on(place, steps):
    """Leave out what a key file goes through where that was tried beside another database."""
    return steps if place.database.startswith("sqlite:") else [*filter(of_rows, steps)]


def of_rows(step):
    return step not in FILES


def moments(steps):
    """Give each step, and how often a victim comes to it before it dies: early, midway and late."""
    return [(step, spared) for step in steps for spared in SPARED.get(step, (0,))]


def told(moments, stale):
    """Tell where victims died, and how much was then to do."""
    where = (f"{step} {left:,}" for (step, _), left in zip(moments, stale, strict=True))
    return f"{KEYS:,} data keys, {len(stale)} kills, and what was then to do: {', '.join(where)}"


async def test_a_kill_at_each_step_of_a_rotation(place, kill, record_property):
    connections, stale = await filled(place), []
    dead = moments(steps_on(place, TURN))

    for step, spared in dead:
        dying = victim(place, "rotate", last=step, spared=spared)
        assert await kill(dying) == [-9], step
        before, _ = await mend(place, connections)
        stale.append(before.stale)
    record_property("measured", f"rotated, {told(dead, stale)}")

    # Some died when a part was stored, and some when nothing was, or all.
    assert {0, KEYS + 11} < set(stale)
    await see(place, connections)


async def test_a_kill_at_each_step_of_a_retirement(place, kill):
    connections = await filled(place)
    async with opened(place) as vault:
        version = (await vault.rotate()).version

    for step in steps_on(place, RETIREMENT):
        assert await kill(victim(place, "retire", last=step)) == [-9], step
        await see(place, connections)
        assert await kill(victim(place, "retire")) == [0], step
        async with opened(place) as vault:
            assert (await whole(vault, connections)).oldest == version
            version = (await vault.rotate()).version


async def test_a_kill_at_each_step_of_a_move_to_another_holder(
    place, kill, tmp_path, record_property
):
    uris = [place.keys, f"local:{tmp_path / 'other.key'}"]
    LocalKeys.create(tmp_path / "other.key")
    connections, stale = await filled(place), []
    dead = moments(MOVE)

    for step, spared in dead:
        uris.reverse()
        moving = place._replace(keys=list(uris))
        dying = victim(moving, "rewrap", last=step, spared=spared)
        assert await kill(dying) == [-9], step
        before, after = await mend(moving, connections)
        stale.append(before.stale)
        assert [one.holder for one in after.versions] == [after.holder]
    record_property("measured", f"moved, {told(dead, stale)}")

    assert {0, KEYS + 11} < set(stale)
    await see(moving, connections)


async def test_kills_at_any_moment(place, kill, record_property):
    """Two at once, each with rotations and retirements of its own, and one more who looks on."""
    chance, unfinished = random.Random(SEED), 0
    connections = await filled(place)

    async with opened(place) as witness:
        for _ in range(MOMENTS // 2):
            moments = [chance.random() * SPAN for _ in range(2)]
            dying = [victim(place, "both", turns=900, after=after) for after in moments]
            assert await kill(*dying) == [-9, -9]
            unfinished += (await see(place, connections)).stale > 0
            assert await found(witness) == (KEYS, KEYS)
        await witness.rotate()
        await check(witness, connections)
        status = await witness.rotation.retire()

    record_property("measured", f"{MOMENTS} kills, seed {SEED}: {unfinished} in the middle")
    assert (status.stale, status.oldest) == (0, status.version)
    await see(place, connections)


async def test_a_process_that_has_a_vault_open_goes_on_while_others_rotate_and_retire(place, kill):
    """It opens with versions that it was not given, and wraps under none that was destroyed."""
    connections = await filled(place)

    async with opened(place) as vault:
        for _ in range(3):
            assert await kill(victim(place, "both", turns=2)) == [0]
            assert await found(vault) == (KEYS, KEYS)
            vault.room.keyring.keys._kept.clear()
            await check(vault, connections)
            connections += await add_some(vault, 3)

    await see(place, connections)

"""Another holder takes over all data keys, in place: no connection is lost, and no token opened."""

import asyncio

import pytest

from connector_vault import rotation
from connector_vault.envelope import DataKey
from connector_vault.errors import Corrupt, KeysUnavailable, Misconfigured, NotAllowed
from connector_vault.keys.local import LocalKeys
from tests.deeds import row_of
from tests.wraps import ALL, SEALED, add_some, check, chill, gated, holder_of

DATABASES = ["sqlite", "postgres"]


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(rotation, "_PAGE", 10)


@pytest.fixture
def first(place):
    return place.keys


@pytest.fixture
def second(place):
    """Make another key file, and give its URI."""
    LocalKeys.create(place.folder / "second.key")
    return f"local:{place.folder / 'second.key'}"


@pytest.fixture
async def some(opened):
    """Connections whose keys the first holder has wrapped."""
    async with opened() as vault:
        return await add_some(vault, 24)


def holders(raw):
    return {(holder, version) for _, holder, version, _ in raw(ALL)}


async def test_another_holder_takes_over_and_nothing_that_is_sealed_is_touched(
    opened, some, raw, first, second, monkeypatch
):
    sealed = raw(SEALED)
    async with opened(keys=[second, first]) as vault:
        with monkeypatch.context() as patch:
            for name in ("__init__", "open", "seal"):
                patch.delattr(DataKey, name)
            assert await vault.rotation.rewrap() == 25
        new = holder_of(vault).id
        assert (await vault.rotation.status()).holder == new

    assert (raw(SEALED), holders(raw)) == (sealed, {(new, 1)})
    async with opened(keys=second) as vault:
        await check(vault, some)


async def test_it_goes_back_as_well(opened, some, raw, first, second):
    before = raw(ALL)
    for keys in ([second, first], [first, second]):
        async with opened(keys=keys) as vault:
            await vault.rotation.rewrap()

    assert [one[:3] for one in raw(ALL)] == [one[:3] for one in before]
    assert not {one[3] for one in raw(ALL)} & {one[3] for one in before}
    async with opened(keys=first) as vault:
        await check(vault, some)


async def test_maintenance_does_it_by_itself(opened, some, first, second):
    async with opened(keys=[second, first]) as vault:
        assert (await vault.maintain()).rewrapped == 25

    async with opened(keys=second) as vault:
        await check(vault, some)


async def test_until_it_is_done_both_are_needed(opened, some, first, second):
    async with opened(keys=[second, first]) as vault:
        assert await vault.rotation.rewrap(limit=10) == 10
        chill(vault)
        await check(vault, some)

    for alone in (first, second):
        with pytest.raises(Misconfigured, match="was given: add it to CONNECTOR_VAULT_KEYS"):
            async with opened(keys=alone) as vault:
                await check(vault, some)

    async with opened(keys=[first, second]) as vault:
        await check(vault, some)


async def test_processes_with_the_holders_in_either_order_work_beside_each_other(
    opened, some, first, second
):
    """As while one after the other is started again: whoever rewraps last, nothing is lost."""
    async with opened(keys=[first, second]) as old, opened(keys=[second, first]) as new:
        await new.rotation.rewrap()
        made = await add_some(old, 3) + await add_some(new, 3)
        await asyncio.gather(old.rotation.rewrap(), new.rotation.rewrap())
        for vault in (old, new):
            chill(vault)
            await check(vault, [*some, *made])

        await new.rotation.rewrap()

    async with opened(keys=second) as vault:
        await check(vault, [*some, *made])


async def test_tokens_are_read_in_between(opened, some, first, second, monkeypatch):
    async with opened(keys=[second, first]) as vault:
        gate = gated(monkeypatch, holder_of(vault), "wrap", before=True)
        task = asyncio.create_task(vault.rotation.rewrap())
        await gate.reached.wait()

        chill(vault)
        await check(vault, some)

        gate.open()
        await task


async def test_what_was_seen_in_between_is_wiped(opened, some, first, second, monkeypatch):
    seen = []
    async with opened(keys=[second, first]) as vault:
        holder = holder_of(vault)
        wrap = holder.wrap

        async def watched(items):
            seen.extend(items)
            assert any(any(item.key) for item in items)
            return await wrap(items)

        monkeypatch.setattr(holder, "wrap", watched)
        await vault.rotation.rewrap()

    assert (len(seen), any(any(item.key) for item in seen)) == (25, False)


async def test_what_was_seen_is_wiped_although_the_new_holder_is_away(
    opened, some, first, second, monkeypatch
):
    monkeypatch.setattr(rotation, "_PATIENCE", 0.0)
    seen = []

    async def away(items):
        seen.extend(items)
        raise KeysUnavailable("away")

    async with opened(keys=[second, first]) as vault:
        monkeypatch.setattr(holder_of(vault), "wrap", away)
        with pytest.raises(KeysUnavailable):
            await vault.rotation.rewrap()

    assert seen
    assert not any(any(item.key) for item in seen)
    async with opened(keys=first) as vault:
        await check(vault, some)


async def test_a_damaged_key_stays_with_the_old_holder(opened, some, raw, first, second, caplog):
    async with opened(keys=[second, first]) as vault:
        dek_id = (await row_of(vault, some[5])).dek_id
        raw("update dek set wrapped = ? where dek_id = ?", b"\0\0\0\1" + bytes(60), dek_id)

        assert await vault.rotation.rewrap() == 24

        await check(vault, [one for one in some if one is not some[5]])
        with pytest.raises(NotAllowed, match="still wraps 1 data key"):
            await vault.rotation.retire()
        with pytest.raises(Corrupt):
            await check(vault, [some[5]])
    assert some[5].id in caplog.text


async def test_the_new_holder_may_be_rotated_at_once(opened, some, raw, first, second):
    async with opened(keys=[second, first]) as vault:
        status = await vault.rotate()

    assert (status.stale, holders(raw)) == (0, {(status.holder, 2)})


async def test_a_holder_that_was_given_twice_is_one(opened, some, raw, first):
    async with opened(keys=[first, first]) as vault:
        status = await vault.rotate()
        await check(vault, some)

    assert (status.stale, holders(raw)) == (0, {(status.holder, 2)})

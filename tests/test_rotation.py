"""Every data key is wrapped anew under a new version, and nothing that is sealed is touched."""

import pytest

from connector_vault import maintenance, rotation
from connector_vault.envelope import DataKey
from connector_vault.errors import BadArguments
from connector_vault.keys.local import LocalKeys
from connector_vault.reports import KeyVersion
from connector_vault.room import now_ms
from tests.deeds import renew, row_of
from tests.wraps import ALL, SEALED, add_some, check, chill, holder_of, resting

DATABASES = ["sqlite", "postgres"]

HOUR = 3600


@pytest.fixture
async def some(vault):
    """Forty connections: with the store's own, forty-one data keys."""
    return await add_some(vault, 40)


@pytest.fixture
def rests(vault, monkeypatch):
    return resting(vault, monkeypatch)


async def test_a_rotation_wraps_every_key_anew(vault, opened, some, raw):
    before, sealed = raw(ALL), raw(SEALED)

    await vault.rotate()

    after = raw(ALL)
    assert [one[0] for one in after] == [one[0] for one in before]
    assert {(holder, version) for _, holder, version, _ in after} == {(holder_of(vault).id, 2)}
    assert not {one[3] for one in after} & {one[3] for one in before}
    assert raw(SEALED) == sealed
    async with opened() as other:
        await check(other, some)


async def test_nothing_is_opened_for_it(vault, some, monkeypatch):
    """Not even seen: no data key is made of what was unwrapped."""
    for name in ("__init__", "open", "seal"):
        monkeypatch.delattr(DataKey, name)

    await vault.rotate()

    monkeypatch.undo()
    await check(vault, some)


async def test_the_keys_of_the_store_and_of_journals_are_wrapped_too(vault, opened, connect, raw):
    connection = await connect(vault)
    await renew(vault, connection)

    await vault.rotate()

    own = raw("select connection, version from dek where tenant = '' order by connection")
    assert own == [("", 2), ("journal", 2)]
    chill(vault)
    assert (await renew(vault, connection, 2)).generation == 3
    async with opened() as other:
        await connect(other, login="hubot")


async def test_a_key_that_is_wrapped_anew_is_as_old_as_before(vault, some, raw):
    ages = "select dek_id, created_at from dek order by dek_id"
    before = raw(ages)

    await vault.rotate()

    assert raw(ages) == before


async def test_the_status_says_what_wraps_how_many(vault, some):
    id_ = holder_of(vault).id
    before = await vault.rotation.status()
    await holder_of(vault).rotate()
    stale = await vault.rotation.status()
    await vault.rotation.rewrap()
    after = await vault.rotation.status()

    assert (before.holder, before.version, before.data_keys, before.stale) == (id_, 1, 41, 0)
    assert (stale.version, stale.oldest, stale.stale) == (2, 1, 41)
    assert stale.versions == (KeyVersion(holder=id_, version=1, keys=41, current=False),)
    assert (after.version, after.data_keys, after.stale) == (2, 41, 0)
    assert after.versions == (KeyVersion(holder=id_, version=2, keys=41, current=True),)


async def test_each_rotation_makes_a_version(vault, some, raw):
    for _ in range(3):
        status = await vault.rotate()

    assert (status.version, status.oldest, status.stale) == (4, 1, 0)
    await check(vault, some)


async def test_a_key_made_after_a_rotation_is_under_the_new_version(vault, opened):
    async with opened() as other:
        await vault.rotate()
        (connection,) = await add_some(other, 1)

    dek_id = (await row_of(vault, connection)).dek_id
    assert (await vault.room.store.key(dek_id)).version == 2
    assert (await vault.rotation.status()).stale == 0


async def test_where_all_is_done_there_is_nothing_to_do(vault, some, raw):
    before, told = raw(ALL), []

    assert await vault.rotation.rewrap(progress=lambda *said: told.append(said)) == 0

    assert raw(ALL) == before
    assert told == [(0, 0)]


async def test_progress_is_told_from_nothing_to_all(vault, some, monkeypatch):
    monkeypatch.setattr(rotation, "_PAGE", 10)
    told = []

    await vault.rotate(progress=lambda *said: told.append(said))

    assert told == [(done, 41) for done in (0, 10, 20, 30, 40, 41)] or sorted(told) == told
    assert (told[0], told[-1], {total for _, total in told}) == ((0, 41), (41, 41), {41})


async def test_a_limit_leaves_the_rest_for_later(vault, some, monkeypatch):
    monkeypatch.setattr(rotation, "_PAGE", 10)
    await holder_of(vault).rotate()

    assert await vault.rotation.rewrap(limit=20) == 20
    assert (await vault.rotation.status()).stale == 21
    assert await vault.rotation.rewrap(limit=30) == 21


async def test_a_limit_is_not_passed_by_a_page(vault, some):
    await holder_of(vault).rotate()

    assert await vault.rotation.rewrap(limit=7) == 7


async def test_a_rate_is_kept_from_the_first_second_on(vault, some, rests):
    """41 keys at ten a second: four rests of a second, and none once all is done."""
    await vault.rotate(rate=10)

    assert [round(rest) for rest in rests] == [1, 2, 3, 4]
    assert (await vault.rotation.status()).stale == 0


async def test_a_rate_may_be_less_than_one(vault, some, rests):
    await holder_of(vault).rotate()

    assert await vault.rotation.rewrap(rate=0.1, limit=2) == 2

    assert [round(rest) for rest in rests] == [10]


@pytest.mark.parametrize("rate", [0, -1.0])
async def test_a_rate_is_more_than_nothing_and_a_wrong_one_makes_no_version(vault, rate):
    for work in (vault.rotation.rewrap, vault.rotate):
        with pytest.raises(BadArguments):
            await work(rate=rate)

    assert (await vault.rotation.status()).version == 1


async def test_maintenance_finds_that_somebody_made_a_version(vault, opened, some, place):
    """Such as an operator, with the key holder's own tool."""
    await LocalKeys.open(place.keys.removeprefix("local:")).rotate()

    reports = [await vault.maintain() for _ in range(2)]

    assert [report.rewrapped for report in reports] == [41, 0]
    assert (await vault.rotation.status()).stale == 0


async def test_maintenance_does_a_part_each_round_until_all_is_done(vault, some, monkeypatch):
    monkeypatch.setattr(maintenance, "_REWRAPPED", 20)
    await holder_of(vault).rotate()

    reports = [await vault.maintain() for _ in range(3)]

    assert [report.rewrapped for report in reports] == [20, 20, 1]


async def test_maintenance_looks_once_an_hour(vault, later, some, monkeypatch):
    later_vault = later(vault, 0)
    await later_vault.maintain()
    await holder_of(vault).rotate()

    assert (await later_vault.maintain()).rewrapped == 0
    clock = later_vault.room.clock
    monkeypatch.setattr(maintenance, "_HOUR", 0)
    assert clock() <= now_ms()
    assert (await later_vault.maintain()).rewrapped == 41

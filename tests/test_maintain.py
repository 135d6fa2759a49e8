"""What keeps connections alive while nobody looks, and ends what was to be ended."""

import asyncio

import pytest

from connector_vault import Owner, Report, maintenance
from connector_vault.errors import StoreUnavailable
from connector_vault.stores import Due
from tests.deeds import ADA, TOKEN, refreshes, renew, row_of
from tests.lives import away, told
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


async def test_one_in_use_is_refreshed_before_its_token_ends(vault, world, time, connect):
    connection = await connect(vault)

    await time.on(8 * HOUR - 11 * MINUTE)
    early = await vault.maintain()
    await time.on(6.5 * MINUTE)
    late = await vault.maintain()

    assert (early.refreshed, late.refreshed) == (0, 1)
    assert (await renew(vault, connection, newer_than=None)).generation == 2


async def test_one_in_use_never_makes_anybody_wait(vault, world, time, connect):
    connection = await connect(vault)
    for _ in range(36):
        await time.on(2 * HOUR)
        for _ in range(12):
            time.jump(10 * MINUTE)
            await vault.maintain()
        time.jump(-2 * HOUR)
        before = await refreshes(world)
        await renew(vault, connection, newer_than=None)
        await vault.room.audit.flush()
        assert await refreshes(world) == before


async def test_an_idle_one_is_refreshed_for_its_refresh_tokens_sake_alone(
    vault, world, time, connect
):
    """Once when its token ends, because it has just been used; then once in four months."""
    connection = await connect(vault)
    for _ in range(120):
        await time.on(2 * HOUR)
        await vault.maintain()
    early = await refreshes(world)
    for _ in range(150):
        await time.on(DAY)
        await vault.maintain()

    assert (early, await refreshes(world)) == (1, 2)
    assert (await renew(vault, connection, newer_than=None)).generation == 4


async def test_an_idle_one_that_is_used_again_is_in_use(vault, time, connect):
    connection = await connect(vault)
    await time.on(9 * HOUR)

    await renew(vault, connection, newer_than=None)
    await vault.room.audit.flush()

    row = await row_of(vault, connection)
    assert (row.generation, 0 < row.expires_at - row.due_at <= 600_000) == (2, True)


async def test_a_use_of_an_idle_one_brings_its_refresh_forward(vault, time, connect, raw):
    connection = await connect(vault)
    raw("update connection set due_at = expires_at + 1000000, used_at = 1")

    await renew(vault, connection, newer_than=None)
    await vault.room.audit.flush()

    row = await row_of(vault, connection)
    assert 0 < row.expires_at - row.due_at <= 600_000
    assert row.used_at > 1


async def test_uses_are_noted_once_an_hour(vault, time, connect, raw):
    connection = await connect(vault)
    noted = []
    for _ in range(4):
        await renew(vault, connection, newer_than=None)
        await vault.room.audit.flush()
        noted.append((await row_of(vault, connection)).used_at)
        time.jump(40 * MINUTE)

    assert noted[0] == noted[1] < noted[2] == noted[3]


async def test_of_two_maintainers_each_connection_is_refreshed_by_one(
    vault, opened, world, time, connect
):
    connections = await several(vault, connect, 8)
    await time.on(8 * HOUR - 4 * MINUTE)

    async with opened(clock=time.clock) as other:
        reports = await asyncio.gather(vault.maintain(), other.maintain())

    assert sum(report.refreshed for report in reports) == 8
    assert await generations(vault, connections) == [2] * 8
    assert await refreshes(world) == 8


async def test_what_a_maintainer_that_died_had_taken_is_taken_up_again(vault, time, connect):
    await connect(vault)
    await time.on(8 * HOUR - 4 * MINUTE)
    now = time.clock()
    taken = Due(state="active", now=now, until=now + maintenance._HOLD, limit=1)
    assert len(await vault.room.store.take(taken)) == 1

    reports = [await vault.maintain()]
    time.jump(121)
    reports.append(await vault.maintain())

    assert [report.refreshed for report in reports] == [0, 1]


async def test_what_failed_is_tried_again_later_and_later(vault, world, time, connect):
    await connect(vault)
    await time.on(8 * HOUR - 4 * MINUTE)
    await world.fault(path=TOKEN, kind="status", status=503, times=None)
    reports = []
    for _ in range(30):
        reports.append(await vault.maintain())
        time.jump(10)

    tries = await refreshes(world)
    assert sum(report.failed for report in reports) == tries
    assert 5 <= tries <= 6


async def test_one_that_fails_holds_up_no_other(vault, world, time, connect, raw):
    good, bad = await connect(vault), await connect(vault, login="hubot")
    await time.on(8 * HOUR - 4 * MINUTE)
    raw("update connection set sealed = x'00' where id = ?", bad.id)

    report = await vault.maintain()

    assert (report.refreshed, report.failed) == (1, 1)
    assert await generations(vault, [good, bad]) == [2, 1]


async def test_a_dead_grant_is_found_before_anybody_needs_it(vault, world, time, connect, raw):
    await connect(vault)
    await time.on(8 * HOUR - 4 * MINUTE)
    await world.act("github", "revoke", login="octocat")

    reports = [await vault.maintain() for _ in range(2)]

    assert [report.reconnect for report in reports] == [1, 0]
    assert len(told(raw, "reconnect_needed")) == 1


async def test_a_coming_death_is_announced_once(vault, world, time, connect, raw):
    connection = await connect(vault)
    await world.fault(path=TOKEN, kind="status", status=503, times=None)
    time.jump(171 * DAY)

    reports = [await vault.maintain() for _ in range(3)]

    assert [report.warned for report in reports] == [1, 0, 0]
    dies_on = (await row_of(vault, connection)).dies_on
    assert told(raw, "dying_soon") == [{"dies_on": dies_on}]


async def test_no_death_is_announced_of_one_that_can_be_refreshed(vault, time, connect, raw):
    await connect(vault)
    time.jump(171 * DAY)

    report = await vault.maintain()

    assert (report.refreshed, report.warned, told(raw, "dying_soon")) == (1, 0, [])


async def test_a_report_counts_what_was_done(vault, world, time, connect):
    ending, living = await connect(vault), await connect(vault, login="hubot")
    await world.fault(path=GONE, kind="status", status=503)
    await vault.disconnect(ending.id, owner=ADA)
    await time.on(8 * HOUR - 4 * MINUTE)
    seen = []

    report = await vault.maintain(progress=seen.append)

    assert report == Report(refreshed=1, ended=1)
    assert seen[-1] == report
    assert [one.ended + one.refreshed for one in seen] == sorted(
        one.ended + one.refreshed for one in seen
    )
    assert (await generations(vault, [living])) == [2]


async def test_where_nothing_is_due_nobody_is_asked(vault, world, connect):
    await connect(vault)
    heard = len(await world.log())

    assert await vault.maintain() == Report()
    assert len(await world.log()) == heard


async def test_a_database_that_is_away_is_told(vault, place):
    async with away(vault, place.file):
        with pytest.raises(StoreUnavailable):
            await vault.maintain()


async def test_what_nobody_needs_any_more_is_deleted(vault, time, connect, raw):
    ended, living = await connect(vault), await connect(vault, login="hubot")
    await vault.connect("github", ADA, redirect_uri="http://127.0.0.1:9/callback")
    await vault.disconnect(ended.id, owner=ADA)
    await vault.maintain()
    assert (len(raw("select 1 from connection")), len(raw("select 1 from consent"))) == (2, 1)
    time.jump(366 * DAY)

    await vault.maintain()

    assert raw("select id from connection") == [(living.id,)]
    assert raw("select count(*) from consent") == [(0,)]
    assert raw("select count(*) from event where name = 'disconnected'") == [(0,)]

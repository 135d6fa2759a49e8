"""A disconnect that its provider does not confirm is seen through, by whoever is there."""

import pytest

from connector_vault.schedule import background_pause
from tests.deeds import ADA, live, row_of
from tests.lives import told
from tests.times import Time

HOUR, DAY = 3600, 24 * 3600
GONE = "/applications/*"


@pytest.fixture
def time(world):
    return Time(world)


@pytest.fixture
async def vault(opened, time):
    async with opened(clock=time.clock) as vault:
        yield vault


@pytest.fixture
async def unconfirmed(vault, world, connect):
    """A connection whose end GitHub does not confirm."""
    connection = await connect(vault)
    await world.fault(path=GONE, kind="status", status=503, times=None)
    receipt = await vault.disconnect(connection.id, owner=ADA)
    assert not receipt.confirmed
    return connection


async def next_try(vault, time, connection):
    """Let time pass until it is tried again; give the seconds that took."""
    row = await row_of(vault, connection)
    wait = (row.due_at - time.clock()) / 1000 + 0.001
    time.jump(max(wait, 0))
    await vault.maintain()
    return wait


async def ended(vault, time, connection):
    """Try until it is over; give the tries, and the seconds since it was asked for."""
    tries, passed = 1, 0.0
    while (await row_of(vault, connection)).state == "revoking":
        passed += await next_try(vault, time, connection)
        tries += 1
    return tries, passed


async def test_it_is_tried_again_until_it_is_confirmed(vault, world, time, unconfirmed):
    await next_try(vault, time, unconfirmed)
    await world.mend()

    await next_try(vault, time, unconfirmed)

    receipt = await vault.disconnect(unconfirmed.id, owner=ADA)
    assert (receipt.outcome, receipt.confirmed, await live(world)) == ("revoked", True, 0)


async def test_it_is_tried_later_and_later(vault, time, unconfirmed):
    waits = [await next_try(vault, time, unconfirmed) for _ in range(10)]

    for number, wait in enumerate(waits, start=1):
        least, most = (background_pause(number, chance=chance) for chance in (0, 1))
        assert least - 1 <= wait <= most + 1


async def test_before_it_is_due_nobody_is_asked(vault, world, time, unconfirmed):
    heard = len(await world.log(path=GONE))
    time.jump(5)

    assert (await vault.maintain()).failed == 0
    assert len(await world.log(path=GONE)) == heard


async def test_any_process_goes_on_with_it(vault, opened, world, time, unconfirmed):
    await world.mend()
    time.jump(40)

    async with opened(clock=time.clock) as other:
        assert (await other.maintain()).ended == 1

    assert (await row_of(vault, unconfirmed)).state == "revoked"


async def test_after_a_day_nobody_expects_an_answer(vault, time, unconfirmed):
    tries, passed = await ended(vault, time, unconfirmed)

    assert DAY - 1 <= passed <= DAY + 1.25 * HOUR
    assert tries >= 8


async def test_what_was_never_confirmed_is_called_so(vault, time, unconfirmed, raw):
    await ended(vault, time, unconfirmed)

    receipt = await vault.disconnect(unconfirmed.id, owner=ADA)

    assert (receipt.outcome, receipt.confirmed, receipt.shredded) == ("unconfirmed", False, True)
    assert (receipt.reach, "503" in receipt.note) == ("none", True)
    assert receipt.finished_at is not None
    assert told(raw, "disconnected") == [{"outcome": "unconfirmed"}]


async def test_what_was_never_confirmed_is_shredded_all_the_same(vault, time, unconfirmed, raw):
    await ended(vault, time, unconfirmed)

    assert raw("select count(*) from dek where connection = ?", unconfirmed.id) == [(0,)]
    assert raw("select sealed from connection") == [(b"",)]


async def test_a_host_that_slept_for_a_day_still_tries_eight_times(vault, world, time, unconfirmed):
    time.jump(2 * DAY)

    tries, _ = await ended(vault, time, unconfirmed)

    assert tries == 8
    assert len([one for one in await world.log(path=GONE) if one.method == "DELETE"]) == 8


async def test_a_disconnect_of_a_process_that_died_is_taken_up(vault, opened, time, connect, raw):
    """It had committed that it begins, and nothing more."""
    connection = await connect(vault)
    asked = '{"asked_at": 1}'
    due = time.clock() + 1000
    raw("update connection set state = 'revoking', receipt = ?, due_at = ?", asked, due)
    time.jump(2)

    assert (await vault.maintain()).ended == 1
    assert (await row_of(vault, connection)).state == "revoked"


async def test_a_reconnection_is_not_what_is_ended(vault, world, time, connect, unconfirmed):
    """The person connected again while the old end was still to be confirmed."""
    again = await connect(vault)
    await world.mend()

    await next_try(vault, time, unconfirmed)

    assert (await row_of(vault, unconfirmed)).state == "revoked"
    assert (await row_of(vault, again)).state == "active"
    assert await live(world) == 1

"""What is made of a refresh that gave nothing: who is told what, and when it is tried again."""

import pytest

from connector_vault.errors import Misconfigured, RateLimited, Reconnect, Unreachable
from connector_vault.room import now_ms
from connector_vault.stores import AddConnection, Update
from tests.deeds import TOKEN, forgive, live, refreshes, renew, row_of
from tests.lives import told

WRONG_CLIENT = {"error": "incorrect_client_credentials", "error_description": "They are wrong."}
DEAD = {"error": "bad_refresh_token"}
MINUTES = 60_000


@pytest.fixture
async def others_died(connect, raw):
    """Connect an account, and let so many others of its client have died so long ago."""

    async def others_died(vault, number, ago=0, **different):
        connection = await connect(vault)
        row = await row_of(vault, connection)
        dead = row._replace(state="reconnect", changed_at=now_ms() - ago, account="", **different)
        await vault.room.store.commit(
            *(AddConnection(dead._replace(id=f"con_dead{n}")) for n in range(number))
        )
        return connection

    return others_died


async def refused(vault, world, connection, **answer):
    """Let a refresh be refused: give the error of its caller, who may be turned away before."""
    said = answer or {"body": DEAD}
    await world.fault(path=TOKEN, kind="status", **{"status": 200, **said})
    error = await failure(renew(vault, connection))
    await world.mend()
    return error


async def failure(work):
    """Give the error that work ends with."""
    try:
        await work
    except Exception as error:  # noqa: BLE001  # it is looked at
        return error
    pytest.fail("it did not fail")


async def test_when_ten_grants_of_a_client_have_died_no_more_is_believed_dead(
    vault, world, others_died
):
    connection = await others_died(vault, 10)

    error = await refused(vault, world, connection)

    assert isinstance(error, Misconfigured)
    assert "Iv1.emulator" in str(error)
    row = await row_of(vault, connection)
    assert (row.state, row.attempt, row.intent, row.doubt) == ("active", "", "", "")


FEW = [
    ({"number": 9}, "fewer than ten"),
    ({"number": 20, "ago": 11 * MINUTES}, "long ago"),
    ({"number": 20, "client_id": "other"}, "of another client"),
    ({"number": 20, "provider": "slack"}, "at another provider"),
]


@pytest.mark.parametrize(("deaths", "_why"), FEW)
async def test_a_death_among_few_is_believed(vault, world, others_died, deaths, _why):
    connection = await others_died(vault, **deaths)

    assert isinstance(await refused(vault, world, connection), Reconnect)


async def test_once_a_client_is_mended_its_grants_live_on(vault, world, others_died):
    connection = await others_died(vault, 10)
    await refused(vault, world, connection)

    assert (await renew(vault, connection)).generation == 2


async def test_an_alarm_is_raised_once_for_a_client(vault, world, others_died, connect, raw):
    first = await others_died(vault, 10)
    second = await connect(vault, login="hubot")
    for connection in (first, second, first):
        await forgive(vault, connection)
        await refused(vault, world, connection)

    (said,) = told(raw, "misconfigured")
    assert "Iv1.emulator" in said["reason"]


async def test_an_alarm_is_raised_again_after_a_while(vault, opened, world, connect, raw):
    connection = await connect(vault)
    ahead = [0]
    async with opened(clock=lambda: now_ms() + ahead[0]) as vault:  # noqa: PLR1704
        for minutes in (0, 9, 11):
            ahead[0] = minutes * MINUTES
            await forgive(vault, connection)
            await refused(vault, world, connection, body=WRONG_CLIENT)

    assert len(told(raw, "misconfigured")) == 2


async def test_a_client_that_is_wrong_changes_nothing_but_the_pause(vault, world, connect):
    connection = await connect(vault)
    before = await row_of(vault, connection)

    assert isinstance(await refused(vault, world, connection, body=WRONG_CLIENT), Misconfigured)

    after = await row_of(vault, connection)
    changed = {name for name in before._fields if getattr(before, name) != getattr(after, name)}
    assert changed == {"revision", "changed_at", "failures", "retry_at", "due_at"}


async def test_a_death_is_told_with_its_reason(vault, world, connect, raw):
    connection = await connect(vault)
    await live(world)

    error = await failure(renew(vault, connection))

    assert [one["reason"] for one in told(raw, "reconnect_needed")] == [error.reason]
    row = await row_of(vault, connection)
    assert (row.state, row.reason, row.due_at, row.warn_at) == ("reconnect", error.reason, 0, 0)


async def test_a_grant_that_somebody_else_refreshed_says_so(vault, world, connect):
    """Its access token lives: it was not revoked."""
    connection = await connect(vault)

    error = await refused(vault, world, connection)

    assert error.reason == "bad_refresh_token: another system has refreshed this grant"


async def test_a_grant_that_was_revoked_blames_nobody(vault, world, connect):
    connection = await connect(vault)
    await live(world)

    assert (await failure(renew(vault, connection))).reason == "bad_refresh_token"


async def test_whoever_lost_an_answer_blames_nobody(vault, world, connect):
    connection = await connect(vault)
    await vault.room.store.commit(Update(connection.id, {}, {"doubt": "an attempt"}))

    assert (await refused(vault, world, connection)).reason == "bad_refresh_token"


async def test_an_access_token_that_has_ended_blames_nobody(vault, world, connect, later):
    connection = await connect(vault)

    error = await refused(later(vault, 9 * 3600), world, connection)

    assert error.reason == "bad_refresh_token"


async def test_a_provider_that_does_not_say_blames_nobody(vault, world, connect):
    connection = await connect(vault)
    await world.fault(path="/user", kind="status", status=503)

    assert (await refused(vault, world, connection)).reason == "bad_refresh_token"


async def test_an_adopted_grant_that_dies_names_the_system_it_came_from(vault, world, connect, raw):
    connection = await connect(vault)
    raw("update connection set origin = 'adopted'")
    await live(world)

    reason = (await failure(renew(vault, connection))).reason

    assert reason == "bad_refresh_token: maybe the system it was adopted from still refreshes it"


async def test_the_first_failure_turns_nobody_away(vault, world, connect):
    connection = await connect(vault)
    await refused(vault, world, connection, status=503)

    assert (await renew(vault, connection)).generation == 2


async def test_after_two_failures_callers_of_every_process_are_turned_away(
    vault, opened, world, connect
):
    connection = await connect(vault)
    for _ in range(2):
        await refused(vault, world, connection, status=503)

    async with opened() as other:
        for one in (vault, other, vault):
            error = await failure(renew(one, connection))
            assert isinstance(error, RateLimited)
            assert 0 < error.retry_after <= 1.25

    assert await refreshes(world) == 2


async def test_each_failure_turns_callers_away_for_longer(vault, opened, world, connect):
    connection = await connect(vault)
    ahead, waits = [0.0], []
    async with opened(clock=lambda: now_ms() + int(ahead[0] * 1000)) as clocked:
        for _ in range(9):
            await refused(clocked, world, connection, status=503)
            row = await row_of(clocked, connection)
            waits.append((row.retry_at - row.changed_at) / 1000)
            ahead[0] += waits[-1] + 0.1

    assert [round(wait / 1.125) for wait in waits[2:4]] == [2, 4]
    assert 60 <= waits[-1] <= 75


async def test_a_provider_that_wants_to_be_left_alone_is(vault, world, connect):
    connection = await connect(vault)
    headers = {"retry-after": "100"}

    first = await refused(vault, world, connection, status=429, headers=headers)
    second = await failure(renew(vault, connection))

    assert isinstance(first, RateLimited)
    assert 95 < second.retry_after <= 125
    assert await refreshes(world) == 1


async def test_a_provider_that_was_left_alone_is_asked_again(vault, world, connect, opened):
    connection = await connect(vault)
    headers = {"retry-after": "100"}
    await refused(vault, world, connection, status=429, headers=headers)

    async with opened(clock=lambda: now_ms() + 126_000) as clocked:
        assert (await renew(clocked, connection)).generation == 2


async def test_a_token_that_still_works_is_handed_out_meanwhile(vault, world, connect):
    connection = await connect(vault)
    for _ in range(3):
        await refused(vault, world, connection, status=503)

    assert (await renew(vault, connection, newer_than=None)).generation == 1


async def test_a_success_forgets_all_failures(vault, world, connect):
    connection = await connect(vault)
    await refused(vault, world, connection, status=503)

    await renew(vault, connection)

    row = await row_of(vault, connection)
    assert (row.failures, row.retry_at) == (0, 0)


async def test_a_consent_forgets_all_failures(vault, world, connect):
    connection = await connect(vault)
    for _ in range(2):
        await refused(vault, world, connection, status=503)

    await connect(vault)

    row = await row_of(vault, connection)
    assert (row.failures, row.retry_at, row.state) == (0, 0, "active")


async def test_the_background_waits_longer_than_callers(vault, world, connect):
    connection = await connect(vault)

    await refused(vault, world, connection, status=503)

    row = await row_of(vault, connection)
    assert 9_000 < row.due_at - now_ms() <= 12_500


async def test_a_pause_of_a_clock_that_was_set_back_turns_nobody_away(vault, connect):
    connection = await connect(vault)
    far = now_ms() + 25 * 3600_000
    await vault.room.store.commit(Update(connection.id, {}, {"failures": 2, "retry_at": far}))

    assert (await renew(vault, connection)).generation == 2


async def test_a_provider_that_cannot_be_reached_leaves_no_doubt(vault, opened, connect):
    connection = await connect(vault)

    async with opened(emulator="http://127.0.0.1:1") as cut_off:
        assert isinstance(await failure(renew(cut_off, connection)), Unreachable)

    row = await row_of(vault, connection)
    assert (row.attempt, row.intent, row.doubt, row.failures) == ("", "", "", 1)


async def test_a_provider_that_does_not_answer_is_counted_and_told(vault, world, connect):
    connection = await connect(vault)
    await world.fault(path=TOKEN, kind="reset", times=2)

    error = await failure(renew(vault, connection))

    assert f"the refresh of {connection.id} got no answer" in str(error)
    row = await row_of(vault, connection)
    assert (row.failures, row.due_at - now_ms() > 9_000) == (2, True)

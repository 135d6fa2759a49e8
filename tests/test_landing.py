"""A token set that a provider gave comes into its row, whatever happens in between."""

import asyncio

import pytest

from connector_vault import State, lifecycle
from connector_vault.errors import KeysDenied, KeysUnavailable
from connector_vault.room import now_ms
from tests.deeds import ADA, live, refreshes, renew, row_of, until
from tests.lives import (
    away,
    held_by,
    journal_of,
    journalled,
    killed_with_tokens,
    refreshing,
    told,
)

DAY = 24 * 3600 * 1000
GRANT, ONE = "/applications/*/grant", "/applications/*/token"


async def generation(vault, connection):
    return (await row_of(vault, connection)).generation


async def has_landed(vault, connection, generation=2):
    """Wait until the tokens are in their row, and the journal is empty."""
    async with asyncio.timeout(10):
        while (await row_of(vault, connection)).generation < generation:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        while journalled(journal_of(vault)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_process_that_is_killed_leaves_its_tokens(vault, world, place, connect):
    connection = await connect(vault)

    await killed_with_tokens(vault, place, world, connection)

    assert journalled(journal_of(vault))
    row = await row_of(vault, connection)
    assert (row.generation, row.intent) == (1, row.attempt)


async def test_maintenance_lands_what_a_killed_process_left(vault, world, place, connect):
    connection = await connect(vault)
    await killed_with_tokens(vault, place, world, connection)

    report = await vault.maintain()

    assert (report.landed, await generation(vault, connection)) == (1, 2)
    assert (await renew(vault, connection, newer_than=2)).generation == 3
    assert await refreshes(world) == 2


async def test_the_next_start_lands_what_a_killed_process_left(
    vault, opened, world, place, connect
):
    connection = await connect(vault)
    await killed_with_tokens(vault, place, world, connection)

    async with opened(background=True):
        await has_landed(vault, connection)

    assert await refreshes(world) == 1


async def test_what_has_landed_is_no_longer_in_doubt_or_held(vault, world, place, connect):
    connection = await connect(vault)
    await killed_with_tokens(vault, place, world, connection)

    await vault.maintain()

    row = await row_of(vault, connection)
    assert (row.attempt, row.intent, row.doubt, row.lease_until) == ("", "", "", 0)


async def test_what_has_landed_is_not_landed_again(vault, world, place, connect, raw):
    connection = await connect(vault)
    await killed_with_tokens(vault, place, world, connection)

    reports = [await vault.maintain() for _ in range(2)]

    assert [report.landed for report in reports] == [1, 0]
    assert len(told(raw, "refreshed")) == 1
    assert not list(journal_of(vault).glob("*.journal"))


async def test_of_two_processes_that_land_at_once_one_does(
    vault, opened, world, place, connect, raw
):
    connection = await connect(vault)
    await killed_with_tokens(vault, place, world, connection)

    async with opened() as other:
        reports = await asyncio.gather(vault.maintain(), other.maintain())

    assert sum(report.landed for report in reports) == 1
    assert (await generation(vault, connection), len(told(raw, "refreshed"))) == (2, 1)


@pytest.mark.parametrize("error", [KeysUnavailable, KeysDenied])
async def test_tokens_wait_for_a_key_holder(vault, world, place, connect, error):
    connection = await connect(vault)
    await killed_with_tokens(vault, place, world, connection)
    keyless, holder = held_by(vault, place)
    holder.error = error("not now")

    with pytest.raises(error):
        await keyless.maintain()
    assert await generation(vault, connection) == 1

    holder.error = None
    assert (await keyless.maintain()).landed == 1


async def test_tokens_of_a_connection_that_was_ended_are_revoked(vault, world, place, connect, raw):
    connection = await connect(vault)
    await killed_with_tokens(vault, place, world, connection)
    raw("update connection set state = 'revoked', sealed = x''")

    await vault.maintain()

    row = await row_of(vault, connection)
    assert (row.state, row.generation, row.sealed) == ("revoked", 1, b"")
    assert await live(world) == 0


async def test_tokens_of_a_connection_that_was_removed_are_revoked(
    vault, world, place, connect, raw
):
    connection = await connect(vault)
    await killed_with_tokens(vault, place, world, connection)
    raw("delete from connection")

    await vault.maintain()

    assert await live(world) == 0


async def test_a_disconnect_revokes_what_a_killed_process_received(
    vault, opened, world, place, connect
):
    connection = await connect(vault)
    await killed_with_tokens(vault, place, world, connection)
    after = now_ms() + int(lifecycle.LIFE * 1000) + 1000

    async with opened(clock=lambda: after) as other:
        receipt = await other.disconnect(connection.id, owner=ADA)

    assert (receipt.outcome, receipt.confirmed, await live(world)) == ("revoked", True, 0)


async def test_a_late_token_that_cannot_be_revoked_holds_up_nobody(
    vault, opened, world, place, connect, raw
):
    connection = await connect(vault)
    await killed_with_tokens(vault, place, world, connection)
    raw("update connection set state = 'revoked', sealed = x''")
    other = await connect(vault, login="hubot")
    raw("update connection set due_at = 1 where id = ?", other.id)
    await world.fault(path=ONE, kind="status", status=503, times=None)

    async with opened() as second:
        assert (await second.maintain()).refreshed == 1

    assert journalled(journal_of(vault))


async def test_a_late_token_that_could_not_be_revoked_is_revoked_later(
    vault, opened, world, place, connect, raw
):
    connection = await connect(vault)
    await killed_with_tokens(vault, place, world, connection)
    raw("update connection set state = 'revoked', sealed = x''")
    async with opened(clients=[]) as clientless:
        await clientless.maintain()

    await vault.maintain()

    assert await live(world) == 0
    assert not list(journal_of(vault).glob("*.journal"))


async def test_tokens_that_a_consent_outran_are_revoked_alone(vault, world, place, connect):
    connection = await connect(vault)
    await killed_with_tokens(vault, place, world, connection)
    await connect(vault)

    await vault.maintain()

    assert len(await world.log(path=ONE)) >= 1
    assert await world.log(path=GRANT) == ()
    assert (await generation(vault, connection), await live(world)) == (2, 1)


async def test_tokens_show_that_a_grant_lives_that_was_called_dead(
    vault, world, place, connect, raw
):
    connection = await connect(vault)
    await killed_with_tokens(vault, place, world, connection)
    raw("update connection set state = 'reconnect', reason = 'bad_refresh_token'")

    await vault.maintain()

    now = await vault.get(connection.id, owner=ADA)
    assert (now.state, now.reason, now.generation) == (State.ACTIVE, "", 2)
    assert (len(told(raw, "recovered")), len(told(raw, "refreshed"))) == (1, 0)


async def test_tokens_that_others_have_replaced_are_dropped(vault, world, place, connect, raw):
    """And not revoked: they are of the same grant."""
    connection = await connect(vault)
    await killed_with_tokens(vault, place, world, connection)
    raw("update connection set generation = 2")

    report = await vault.maintain()

    assert (report.landed, await live(world)) == (1, 1)
    assert (await world.log(path=ONE), not journalled(journal_of(vault))) == ((), True)


async def test_a_reply_of_last_week_opens_no_more(vault, opened, world, place, connect, caplog):
    connection = await connect(vault)
    await killed_with_tokens(vault, place, world, connection)
    await vault.room.keyring.drop_journal_keys(now_ms() + 9 * DAY)

    async with opened() as other:
        await other.maintain()

    assert await generation(vault, connection) == 1
    assert "is lost" in caplog.text
    assert not list(journal_of(vault).glob("*.journal"))


async def test_a_reply_of_this_week_opens(vault, opened, world, place, connect):
    connection = await connect(vault)
    await killed_with_tokens(vault, place, world, connection)
    await vault.room.keyring.drop_journal_keys(now_ms() + 7 * DAY)

    async with opened() as other:
        assert (await other.maintain()).landed == 1


async def test_a_journal_holds_no_token_that_can_be_read(vault, world, place, connect):
    connection = await connect(vault)
    async with refreshing(place, world, connection, kind="delay", seconds=0.5) as other:
        async with away(vault, place.file):
            await until(lambda: journalled(journal_of(vault)))
            held = b"".join(file.read_bytes() for file in journal_of(vault).iterdir())
        ((_, token),) = await other.end()

    for secret in (token, "gho_", "ghr_", connection.id, "octocat", ADA.user, "refresh"):
        assert secret.encode() not in held


async def test_after_use_a_journal_holds_nothing(vault, connect):
    connection = await connect(vault)

    await renew(vault, connection)

    assert not journalled(journal_of(vault))

"""Disconnect means gone, and the receipt says what was proven."""

from datetime import UTC, datetime

import pytest

from connector_vault import Client, Gateway, Owner, Secret, State
from connector_vault.errors import NotConnected, Reconnect
from tests.deeds import ADA, live, renew, row_of
from tests.player import playing

DATABASES = ["sqlite", "postgres"]
"""Each test runs on both."""

GRANT = "/applications/Iv1.emulator/grant"
BOB = Owner(tenant="other", user="bob")
HOURS = 3600
NINE_HOURS = 9 * HOURS


async def end(vault, connection, owner=ADA):
    return await vault.disconnect(connection.id, owner=owner)


async def asked(world):
    """List what the provider was asked since the account was connected."""
    return [(entry.method, entry.path) for entry in (await world.log())[3:]]


async def test_a_receipt_says_what_was_proven(vault, connect):
    connection = await connect(vault)
    before = datetime.now(UTC)

    receipt = await end(vault, connection)

    assert (receipt.outcome, receipt.reach, receipt.probe) == ("revoked", "grant", "dead")
    assert (receipt.connection, receipt.provider, receipt.account) == (
        connection.id,
        "github",
        "octocat",
    )
    assert receipt.confirmed
    assert receipt.shredded
    assert receipt.note == ""
    assert (receipt.asked_at - before).total_seconds() > -0.001
    assert receipt.finished_at >= receipt.asked_at


async def test_nothing_lives_on_at_the_provider(vault, world, connect):
    connection = await connect(vault)

    await end(vault, connection)

    assert await live(world) == 0


async def test_a_second_disconnect_gives_the_same_receipt(vault, world, connect):
    connection = await connect(vault)

    first = await end(vault, connection)
    heard = await asked(world)

    assert await end(vault, connection) == first
    assert await asked(world) == heard


async def test_an_ended_connection_stays_as_a_tombstone(vault, connect, raw):
    connection = await connect(vault)

    await end(vault, connection)

    now = await vault.get(connection.id, owner=ADA)
    assert (now.state, now.live, now.label) == (State.REVOKED, False, "octocat")
    assert raw("select sealed, grant_key, attempt, lease_until from connection") == [
        (b"", b"", "", 0)
    ]


async def test_the_key_is_gone_from_the_disk(vault, disk, connect, raw):
    connection = await connect(vault)
    ((wrapped,),) = raw("select wrapped from dek where connection = ?", connection.id)
    ((sealed,),) = raw("select sealed from connection")
    await end(vault, connection)

    for secret in (wrapped[4:], sealed[50:]):
        async with playing("seek", disk, secret.hex()) as other:
            await other.go()
            assert await other.end() == []


async def test_another_owners_connection_cannot_be_ended(vault, world, connect):
    connection = await connect(vault)

    with pytest.raises(NotConnected):
        await end(vault, connection, BOB)

    assert (await vault.get(connection.id, owner=ADA)).live
    assert await asked(world) == []


async def test_no_call_starts_after_it(vault, world, connect):
    connection = await connect(vault)
    await end(vault, connection)
    heard = await asked(world)

    with pytest.raises(NotConnected):
        await renew(vault, connection, None)
    with pytest.raises(NotConnected):
        await renew(vault, connection)
    for name in (connection.id, None):
        with pytest.raises(NotConnected):
            await Gateway(vault).call(ADA, "github.list_issues", LIST, connection=name)

    assert await asked(world) == heard


LIST = {"owner": "octocat", "repo": "hello-world"}


async def test_no_call_starts_in_another_process(vault, opened, world, connect):
    connection = await connect(vault)

    async with opened() as other:
        await renew(other, connection, None)
        await end(vault, connection)
        with pytest.raises(NotConnected):
            await renew(other, connection, None)


async def test_a_grant_withdrawn_at_the_provider_is_already_gone(vault, world, connect):
    connection = await connect(vault)
    await live(world)

    receipt = await end(vault, connection)

    assert (receipt.outcome, receipt.reach, receipt.probe) == ("already gone", "token", "dead")
    assert receipt.confirmed


async def test_a_dead_grant_can_be_ended(vault, world, connect):
    connection = await connect(vault)
    await live(world)
    with pytest.raises(Reconnect):
        await renew(vault, connection)

    receipt = await end(vault, connection)

    assert (receipt.outcome, receipt.confirmed) == ("already gone", True)


async def test_a_dead_grant_can_be_ended_when_its_token_has_expired(vault, world, connect, later):
    connection = await connect(vault)
    await live(world)

    receipt = await end(later(vault, NINE_HOURS), connection)

    assert (receipt.outcome, receipt.confirmed) == ("already gone", True)


async def test_a_dead_grant_that_was_noticed_can_be_ended_when_its_token_has_expired(
    vault, world, connect, later
):
    connection = await connect(vault)
    await live(world)
    with pytest.raises(Reconnect):
        await renew(vault, connection)

    receipt = await end(later(vault, NINE_HOURS), connection)

    assert (receipt.outcome, receipt.confirmed) == ("already gone", True)


async def test_a_grant_that_others_share_is_kept(vault, world, connect):
    mine = await connect(vault)
    theirs = await connect(vault, owner=BOB)

    receipt = await end(vault, mine)

    assert (receipt.outcome, receipt.reach, receipt.confirmed) == ("revoked", "token", True)
    assert receipt.note == "provider grant kept: shared"
    token = await vault.token(theirs.id, owner=BOB, purpose="test", newer_than=1)
    assert token.generation == 2


async def test_the_last_one_out_ends_the_grant(vault, world, connect):
    mine = await connect(vault)
    theirs = await connect(vault, owner=BOB)
    await end(vault, mine)

    receipt = await end(vault, theirs, BOB)

    assert (receipt.reach, receipt.note, await live(world)) == ("grant", "", 0)


async def test_an_end_that_is_not_confirmed_keeps_no_grant(vault, world, connect):
    mine, theirs = await connect(vault), await connect(vault, owner=BOB)
    await world.fault(path="/applications/*", kind="reset", times=1)
    await end(vault, mine)

    receipt = await end(vault, theirs, BOB)

    assert (receipt.reach, await live(world)) == ("grant", 0)


async def test_a_shredded_key_is_not_kept_in_memory(vault, connect):
    connection = await connect(vault)
    row = await row_of(vault, connection)

    await end(vault, connection)

    assert row.dek_id not in vault.room.keyring.keys._kept


async def test_an_account_that_was_connected_again_keeps_its_grant(vault, world, connect):
    first = await connect(vault)
    await world.fault(path=GRANT, kind="reset")
    await end(vault, first)
    second = await connect(vault)

    receipt = await end(vault, first)

    assert second.id != first.id
    assert (receipt.outcome, receipt.reach) == ("revoked", "token")
    assert (await renew(vault, second)).generation == 2


async def test_a_pasted_key_is_destroyed_and_not_revoked(vault, world, raw):
    connection = await vault.add("openrouter", ADA, secret=Secret("sk-1234567890"))

    receipt = await end(vault, connection)

    assert (receipt.outcome, receipt.reach, receipt.shredded) == ("not revocable", "none", True)
    assert "pasted" in receipt.note
    assert raw("select count(*) from dek where connection = ?", connection.id) == [(0,)]
    assert await world.log() == ()


async def test_a_grant_ends_under_the_client_it_was_made_to(vault, opened, world, connect):
    await world.act(
        "github",
        "register_client",
        id="Iv1.other",
        secret="other-secret",
        redirect_uris=["http://127.0.0.1/callback"],
    )
    other = Client(provider="github", id="Iv1.other", secret=Secret("other-secret"), name="other")
    async with opened(clients=[other]) as one:
        connection = await connect(one, client="other")
    newer = Client(provider="github", id="Iv1.emulator", name="other")

    async with opened(clients=[newer, other]) as one:
        receipt = await end(one, connection)

    assert (receipt.outcome, receipt.reach) == ("revoked", "grant")


async def test_what_happened_is_written_down(vault, world, connect, raw):
    connection = await connect(vault)
    await world.fault(path=GRANT, kind="reset")
    await end(vault, connection)
    await end(vault, connection)

    lines = raw("select outcome from audit where deed = 'disconnect' order by id")

    assert lines == [("asked",), ("unconfirmed",), ("revoked",)]


async def test_no_receipt_holds_a_secret(vault, world, connect):
    connection = await connect(vault)
    token = await renew(vault, connection, None)
    await world.fault(path="/applications/*", kind="reset", times=None)

    receipt = await end(vault, connection)

    assert token.secret.reveal() not in repr(receipt)
    assert "emulator-secret" not in repr(receipt)

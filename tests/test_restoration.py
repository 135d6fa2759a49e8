"""What is put right after a backup was put back."""

import asyncio

import pytest

from connector_vault import Owner, Secret
from connector_vault.errors import Corrupt, RolledBack, StoreUnavailable
from tests.backups import keep, put_back
from tests.deeds import ADA, refreshes, renew, secret_of

DATABASES = ["sqlite", "postgres"]
EVE = Owner(tenant="acme", user="eve")
KEY = Secret("sk-or-v1-0123456789")


@pytest.fixture
def anchored(opened, tmp_path):
    return lambda **options: opened(anchor=str(tmp_path / "anchor.db"), **options)


@pytest.fixture
async def vault(anchored):
    async with anchored() as vault:
        yield vault


async def state(vault, connection):
    return (await vault.get(connection.id, owner=connection.owner)).state.value


async def test_what_was_ended_ends_again_and_the_rest_is_tried(vault, connect, raw, anchored):
    ended = await connect(vault)
    stale = await connect(vault, login="hubot")
    alive = await connect(vault, owner=EVE)
    pasted = await vault.add("openrouter", ADA, secret=KEY)
    keep(raw)
    newer = await vault.add("openai", ADA, secret=KEY)
    await vault.disconnect(ended.id, owner=ADA)
    await renew(vault, stale)
    put_back(raw)
    seen = []

    async with anchored() as other:
        report = await other.restoration.settle(progress=seen.append)

        assert (report.ended, report.unconfirmed, report.alive) == (1, 0, 1)
        assert (report.refreshed, report.reconnect, report.untried) == (0, 1, 1)
        assert (report.epoch, report.missing, sorted(seen)) == (1, (newer.id,), [1, 2, 3, 4])
        assert await state(other, ended) == "revoked"
        assert await state(other, stale) == "reconnect"
        assert await secret_of(other, alive)
        assert (await secret_of(other, pasted)).reveal() == KEY.reveal()
        assert not (await other.restoration.compare()).ended
    # A process that saw the newer states learns by itself that they are of the past on purpose.
    assert await state(vault, stale) == "reconnect"
    assert await secret_of(vault, alive)
    assert raw("select deed, detail from audit where tenant = ''") == [("restored", '{"epoch":1}')]


async def test_who_saw_newer_states_stops_until_it_is_said_that_a_backup_was_put_back(
    vault, opened, connect, raw
):
    connection = await connect(vault)
    keep(raw)
    await renew(vault, connection)
    put_back(raw)
    with pytest.raises(RolledBack):
        await vault.get(connection.id, owner=ADA)

    async with opened() as other:
        # One that has no anchor may say so, too.
        assert (await other.restoration.settle(probe=False)).untried == 1

    assert (await vault.get(connection.id, owner=ADA)).generation == 1
    put_back(raw, "connection")
    assert (await vault.get(connection.id, owner=ADA)).generation == 1


async def test_the_alarm_works_again_afterwards(vault, connect, raw):
    connection = await connect(vault)
    keep(raw)
    await renew(vault, connection)
    await vault.restoration.settle()
    put_back(raw, "connection")

    with pytest.raises(RolledBack):
        await vault.get(connection.id, owner=ADA)


async def test_a_database_from_before_a_restoration_is_noticed_by_every_process(
    vault, connect, raw, anchored
):
    connection = await connect(vault)
    keep(raw)
    await vault.restoration.settle()
    put_back(raw)

    async with anchored() as other:
        with pytest.raises(RolledBack):
            await secret_of(other, connection)
        assert (await other.restoration.compare()).older == (connection.id,)
        assert (await other.restoration.settle()).epoch == 2
        assert await secret_of(other, connection)


async def test_what_somebody_else_knows_was_ended_ends_again(opened, connect, raw):
    async with opened() as vault:
        ended, kept = await connect(vault), await connect(vault, login="hubot")
        keep(raw)
        await vault.disconnect(ended.id, owner=ADA)
        put_back(raw)
    async with opened() as vault:
        report = await vault.restoration.settle([ended.id, "con_unknown"])

        assert (report.ended, report.alive) == (1, 1)
        assert (await state(vault, ended), await state(vault, kept)) == ("revoked", "active")


async def test_a_key_that_is_gone_ends_its_connection(opened, connect, raw):
    """Where keys lie apart, an old database meets today's keys."""
    async with opened() as vault:
        ended = await connect(vault)
        keep(raw)
        await vault.disconnect(ended.id, owner=ADA)
    put_back(raw, "connection")
    async with opened() as vault:
        report = await vault.restoration.settle()

        receipt = await vault.disconnect(ended.id, owner=ADA)
    assert report.ended == 1
    assert (receipt.outcome, receipt.shredded) == ("unconfirmed", True)
    assert "destroyed" in receipt.note


async def test_a_provider_that_is_away_leaves_everything_as_it_is(vault, connect, raw, world):
    ended, kept = await connect(vault), await connect(vault, login="hubot")
    keep(raw)
    await vault.disconnect(ended.id, owner=ADA)
    put_back(raw)
    await world.fault(kind="status", status=503, times=100)

    report = await vault.restoration.settle()

    assert (report.unconfirmed, report.untried) == (1, 1)
    assert (await state(vault, ended), await state(vault, kept)) == ("revoking", "active")
    await world.mend()
    report = await vault.restoration.settle()
    assert (report.epoch, report.ended, report.alive) == (2, 1, 1)


async def test_it_may_be_done_again_and_at_once(vault, connect, opened, raw, world):
    owners = [Owner(tenant="acme", user=f"user{number}") for number in range(8)]
    connections = [await connect(vault, owner=owner) for owner in owners]
    keep(raw)
    await vault.disconnect(connections[0].id, owner=owners[0])
    put_back(raw)

    async with opened() as other:
        reports = await asyncio.gather(
            vault.restoration.settle(), other.restoration.settle([connections[0].id])
        )

    assert await state(vault, connections[0]) == "revoked"
    assert await refreshes(world) == 0
    assert {report.alive for report in reports} == {7}


async def test_an_epoch_cannot_be_forged(vault, connect, raw):
    connection = await connect(vault)
    keep(raw)
    await renew(vault, connection)
    put_back(raw)
    epoch = b"epoch\0\0\0" + (1).to_bytes(8, "big")
    names = "tenant, connection, holder, version, wrapped, created_at"
    raw(
        f"insert into dek (dek_id, {names}) select x'{epoch.hex()}', {names} from dek"
        " where connection <> ''"
        if "sqlite" in vault.room.store.__class__.__module__
        else f"insert into dek (dek_id, {names}) select '\\x{epoch.hex()}', {names} from dek"
        " where connection <> ''"
    )

    with pytest.raises(Corrupt) as caught:
        await vault.get(connection.id, owner=ADA)
    assert not isinstance(caught.value, RolledBack)


async def test_who_runs_meanwhile_learns_of_it_and_goes_on(vault, connect, anchored):
    connection = await connect(vault)
    async with anchored() as other:
        await secret_of(other, connection)
        await vault.restoration.settle()

        assert not await other.restoration.compare()
    async with anchored() as other:
        await secret_of(other, connection)
        await vault.restoration.settle()

        assert (await renew(other, connection)).generation == 2


async def test_many_who_learn_of_it_at_once_go_on(vault, connect, raw, opened):
    connection = await connect(vault)
    keep(raw)
    await renew(vault, connection)
    put_back(raw)
    async with opened() as other:
        await other.restoration.settle(probe=False)

    found = await asyncio.gather(*(vault.get(connection.id, owner=ADA) for _ in range(5)))

    assert {one.generation for one in found} == {1}


async def test_what_the_backup_lacked_is_told_once(vault, raw, anchored):
    await vault.add("openai", ADA, secret=KEY)
    await vault.room.seen.anchor.flush()
    raw("delete from connection")

    assert len((await vault.restoration.settle()).missing) == 1
    async with anchored() as other:
        assert not await other.restoration.compare()


async def test_a_database_that_goes_away_is_told_as_such(vault, connect, monkeypatch):
    await connect(vault)

    async def rows(_):
        raise StoreUnavailable("away")
        yield

    monkeypatch.setattr(vault.room.store, "rows", rows)

    with pytest.raises(StoreUnavailable):
        await vault.restoration.settle()

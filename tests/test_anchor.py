"""The anchor: what who writes the database cannot take back."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from connector_vault import Secret
from connector_vault import anchor as anchors
from connector_vault.anchor import Mark
from connector_vault.errors import Corrupt, Misconfigured, RolledBack, Unreachable
from tests.backups import keep, put_back
from tests.deeds import ADA, refreshes, renew, secret_of

KEY = Secret("sk-or-v1-0123456789")
DATABASES = ["sqlite", "postgres"]


@pytest.fixture
def anchor(tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder / "anchor.db"


@pytest.fixture
def anchored(opened, anchor):
    return lambda **options: opened(anchor=str(anchor), **options)


@pytest.fixture
async def vault(anchored):
    async with anchored() as vault:
        yield vault


def edited(anchor, statement):
    with closing(sqlite3.connect(anchor, isolation_level=None)) as file:
        file.execute(statement)


async def test_an_older_row_is_noticed_by_a_process_that_never_saw_the_newer(
    anchored, opened, connect, raw
):
    async with anchored() as vault:
        connection = await connect(vault)
        keep(raw)
        await renew(vault, connection)
    put_back(raw)

    async with anchored() as vault:
        with pytest.raises(RolledBack, match=connection.id):
            await secret_of(vault, connection)
        with pytest.raises(RolledBack):
            await vault.get(connection.id, owner=ADA)
    async with opened() as vault:
        # Without an anchor nobody can tell, which is why there is one.
        assert await secret_of(vault, connection)


@pytest.mark.parametrize("again", [False, True], ids=["same process", "new process"])
async def test_what_was_ended_does_not_come_back_to_life(anchored, connect, raw, again):
    async with anchored() as vault:
        connection = await connect(vault)
        keep(raw)
        await vault.disconnect(connection.id, owner=ADA)
        put_back(raw)
        if not again:
            with pytest.raises(RolledBack):
                await secret_of(vault, connection)
    if again:
        async with anchored() as vault:
            with pytest.raises(RolledBack):
                await secret_of(vault, connection)


async def test_a_token_of_the_past_is_not_spent(anchored, connect, raw, world):
    """A process that saw only the first token set asks before it spends the refresh token."""
    async with anchored() as one, anchored() as other:
        connection = await connect(one)
        await secret_of(other, connection)
        keep(raw)
        await renew(one, connection)
        await one.room.seen.anchor.flush()
        put_back(raw)
        sent = await refreshes(world)

        with pytest.raises(RolledBack):
            await renew(other, connection)

        assert await refreshes(world) == sent
        assert raw("select state, attempt from connection") == [("active", "")]


async def test_what_goes_its_way_is_no_alarm(anchored, connect, raw):
    async with anchored() as vault:
        connection = await connect(vault)
        await renew(vault, connection)
        await renew(vault, connection, 2)
    async with anchored() as vault:
        assert await secret_of(vault, connection)
        await vault.disconnect(connection.id, owner=ADA)
        assert not await vault.restoration.compare()
    async with anchored() as vault:
        assert (await vault.get(connection.id, owner=ADA)).state.value == "revoked"
        assert (await vault.disconnect(connection.id, owner=ADA)).finished_at
        assert not await vault.restoration.compare()


async def test_the_end_is_in_the_anchor_before_the_receipt_is_given(vault, connect, anchor):
    connection = await connect(vault)

    await vault.disconnect(connection.id, owner=ADA)

    with closing(sqlite3.connect(anchor)) as file:
        found = file.execute("select connection, generation, ended from marks").fetchall()
    assert found == [(connection.id, 1, 1)]


async def test_what_differs_is_listed(vault, connect, raw):
    ended = await connect(vault)
    older = await connect(vault, login="hubot")
    keep(raw)
    newer = await vault.add("openrouter", ADA, secret=KEY)
    await vault.disconnect(ended.id, owner=ADA)
    await renew(vault, older)
    put_back(raw)

    found = await vault.restoration.compare()

    assert (found.ended, found.older, found.missing) == ((ended.id,), (older.id,), (newer.id,))
    assert found


async def test_a_round_of_maintenance_raises_the_alarm(vault, connect, raw, caplog):
    await connect(vault)
    raw("delete from connection")

    await vault.maintain()

    assert "0 ended, 0 older, 1 missing: run connector-vault db anchor" in caplog.text


async def test_a_mark_that_was_edited_is_found_out(vault, connect, anchor, anchored):
    connection = await connect(vault)
    await vault.room.seen.anchor.flush()
    edited(anchor, "update marks set generation = 0")

    async with anchored() as other:
        with pytest.raises(Corrupt, match="anchor"):
            await secret_of(other, connection)
        with pytest.raises(Corrupt, match="anchor"):
            await other.restoration.compare()


async def test_a_mark_never_sinks(vault, anchor):
    watch = vault.room.seen.anchor
    for mark in [Mark(5, False, 0), Mark(4, False, 0), Mark(4, False, 1), Mark(9, False, 0)]:
        watch.note("con_a", mark)
        assert await watch.flush()
    for mark in [Mark(2, True, 0), Mark(7, False, 3)]:
        watch.note("con_b", mark)
        assert await watch.flush()

    assert watch.all() == {"con_a": Mark(4, False, 1), "con_b": Mark(2, True, 0)}


async def test_marks_are_written_by_themselves(vault, connect, anchor):
    connection = await connect(vault)

    async with asyncio.timeout(10):
        while connection.id not in vault.room.seen.anchor.all():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_an_anchor_that_cannot_be_used_is_no_outage(
    vault, connect, anchor, caplog, monkeypatch
):
    monkeypatch.setattr(anchors, "_RETRY", 0.01)
    connection = await connect(vault)
    watch = vault.room.seen.anchor
    await watch.flush()
    watch._reading.close()
    edited(anchor, "alter table marks rename to gone")

    await renew(vault, connection)
    assert not await watch.flush()
    assert await secret_of(vault, connection)

    assert "marks are not in the anchor" in caplog.text
    assert "cannot be read, and watches over nothing" in caplog.text
    edited(anchor, "alter table gone rename to marks")
    assert await watch.flush()
    assert watch.all()[connection.id].generation == 2


async def test_an_anchor_that_is_not_there_is_not_made_by_mistake(vault, opened, anchor, tmp_path):
    for path in (tmp_path / "anchor.db", tmp_path / "unmounted" / "anchor.db"):
        with pytest.raises(Misconfigured, match="db anchor"):
            async with opened(anchor=str(path)):
                pass
        assert not path.exists()


async def test_the_anchor_of_another_database_is_refused(vault, anchor, anchored):
    edited(anchor, "update about set store = x'00'")

    with pytest.raises(Misconfigured, match="belongs to another database"):
        async with anchored():
            pass


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
async def test_a_file_that_is_no_anchor_is_refused(vault, opened, tmp_path, content):
    path = tmp_path / "junk"
    path.write_bytes(content)

    with pytest.raises(Misconfigured, match="junk"):
        async with opened(anchor=str(path)):
            pass


async def test_it_is_private_and_never_made_over_another(vault, anchor):
    assert anchor.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Misconfigured, match="there already"):
        anchors.begin_anchor(anchor, b"s" * 16)
    with pytest.raises(Misconfigured, match="mount or make"):
        anchors.begin_anchor(anchor.parent / "none" / "anchor.db", b"s" * 16)
    assert [
        path.name for path in anchor.parent.iterdir() if path.suffix not in (".db-wal", ".db-shm")
    ] == ["anchor.db"]


async def test_an_older_row_does_not_pass_as_one_that_is_being_ended(anchored, connect, raw):
    async with anchored() as vault:
        connection = await connect(vault)
        keep(raw)
        await renew(vault, connection)
    put_back(raw)
    raw("update connection set state = 'revoking'")

    async with anchored() as vault:
        with pytest.raises(RolledBack):
            await vault.get(connection.id, owner=ADA)


async def test_a_state_that_is_none_ends_nothing(vault, connect, raw):
    connection = await connect(vault)
    raw("update connection set state = 'actve'")
    with pytest.raises(Corrupt):
        await vault.get(connection.id, owner=ADA)
    raw("update connection set state = 'active'")

    assert await secret_of(vault, connection)


async def test_nobody_connects_into_a_row_of_the_past(anchored, connect, raw):
    async with anchored() as vault:
        connection = await connect(vault)
        keep(raw)
        await vault.disconnect(connection.id, owner=ADA)
    put_back(raw)

    async with anchored() as vault:
        with pytest.raises(RolledBack):
            await connect(vault)


async def test_a_consent_between_a_lease_and_its_use_is_no_alarm(vault, connect):
    connection = await connect(vault)
    old = await vault.room.row(connection.id, ADA)
    await connect(vault)
    await vault.room.seen.anchor.flush()

    with pytest.raises(Unreachable):
        await vault.room.check(old)

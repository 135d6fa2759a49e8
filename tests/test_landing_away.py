"""Tokens that were received while the database, or the disk, is away."""

import asyncio
import logging
from dataclasses import replace

import pytest
from tenacity import stop_after_delay, wait_fixed

from connector_vault import landing, refresh
from connector_vault.errors import StoreUnavailable
from tests.deeds import TOKEN, begun, refreshes, renew, row_of, until
from tests.lives import (
    away,
    full_journal,
    journal_of,
    journalled,
    on,
)

DAY = 24 * 3600 * 1000
GRANT, ONE = "/applications/*/grant", "/applications/*/token"


@pytest.fixture
def brief(monkeypatch):
    """Tell callers at once that the database is away, and try it again soon."""
    monkeypatch.setattr(refresh._patiently, "stop", stop_after_delay(0.1))
    monkeypatch.setattr(landing, "_FIRST_REST", 0.05)


async def generation(vault, connection):
    return (await row_of(vault, connection)).generation


async def has_landed(vault, connection, generation=2):
    """Wait until the tokens are in their row, and the journal is empty."""
    async with asyncio.timeout(10):
        while (await row_of(vault, connection)).generation < generation:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        while journalled(journal_of(vault)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_tokens_wait_for_a_database_that_is_away_for_long(
    vault, world, place, connect, brief
):
    connection = await connect(vault)
    renewal = await begun(world, renew(vault, connection), TOKEN, kind="delay")

    async with away(vault, place.file):
        with pytest.raises(StoreUnavailable):
            await renewal

    await has_landed(vault, connection)
    assert await refreshes(world) == 1


async def test_while_tokens_wait_nobody_spends_the_old_ones(
    vault, opened, world, place, connect, brief
):
    connection = await connect(vault)
    renewal = await begun(world, renew(vault, connection), TOKEN, kind="delay")
    async with opened() as other:
        async with away(vault, place.file):
            with pytest.raises(StoreUnavailable):
                await renewal
            waiting = asyncio.create_task(renew(other, connection))
            await asyncio.sleep(0.1)
            assert not waiting.done()

        assert (await waiting).generation == 2
    assert await refreshes(world) == 1


async def test_tokens_outlive_a_process_whose_database_is_away(
    opened, world, place, connect, brief
):
    async with opened() as first:
        connection = await connect(first)
        renewal = await begun(world, renew(first, connection), TOKEN, kind="delay")
        async with away(first, place.file):
            await renewal.over()
            await first.room.work.close()
    assert isinstance(renewal.task.exception(), StoreUnavailable)

    async with opened() as second:
        assert (await second.maintain()).landed == 1
        assert await generation(second, connection) == 2


async def test_a_full_disk_does_not_stop_a_refresh(vault, connect, tmp_path, caplog):
    connection = await connect(vault)
    journal, disk = full_journal(tmp_path)
    disk.failing = {}
    await journal.process()
    disk.failing = {"write": "ENOSPC"}

    token = await renew(on(replace(vault.room, journal=journal)), connection)

    assert (token.generation, await generation(vault, connection)) == (2, 2)
    (said,) = [one for one in caplog.records if one.levelno == logging.CRITICAL]
    assert "in memory only" in said.getMessage()
    assert token.secret.reveal() not in caplog.text


async def test_tokens_in_memory_are_written_down_once_there_is_room(
    vault, world, place, connect, tmp_path, brief
):
    """The disk comes back before the database."""
    connection = await connect(vault)
    journal, disk = full_journal(tmp_path)
    filled = on(replace(vault.room, journal=journal))
    renewal = await begun(world, renew(filled, connection), TOKEN, kind="delay")
    async with away(vault, place.file):
        with pytest.raises(StoreUnavailable):
            await renewal
        disk.failing = {}
        await until(lambda: journalled(tmp_path / "full"))

    await has_landed(vault, connection)
    await until(lambda: not journalled(tmp_path / "full"))


async def test_tokens_that_no_disk_took_are_told_at_the_end(
    vault, world, place, connect, tmp_path, brief, caplog
):
    connection = await connect(vault)
    journal, _ = full_journal(tmp_path)
    filled = on(replace(vault.room, journal=journal))
    renewal = await begun(world, renew(filled, connection), TOKEN, kind="delay")
    async with away(vault, place.file):
        with pytest.raises(StoreUnavailable):
            await renewal
        await vault.room.work.close()

    assert f"the new tokens of {connection.id} are lost" in caplog.text


async def test_a_damaged_reply_does_not_hold_up_others(
    opened, world, place, connect, brief, caplog
):
    async with opened() as first:
        connection = await connect(first)
        await first.room.journal.append(b"damaged")
        renewal = await begun(world, renew(first, connection), TOKEN, kind="delay")
        async with away(first, place.file):
            await renewal.over()
            await first.room.work.close()
    assert renewal.task.exception()

    async with opened() as second:
        await second.maintain()
        assert await generation(second, connection) == 2
    assert "a reply in the journal" in caplog.text


async def test_a_caller_whose_tokens_were_landed_for_it_gets_them(
    vault, world, place, connect, brief, monkeypatch
):
    """While it waited for its next try, the one in the background came first."""
    monkeypatch.setattr(refresh._patiently, "stop", stop_after_delay(5))
    monkeypatch.setattr(refresh._patiently, "wait", wait_fixed(1))
    connection = await connect(vault)
    renewal = await begun(world, renew(vault, connection), TOKEN, kind="delay")

    async with away(vault, place.file):
        await world.release()
        await until(lambda: vault._refresher.landings._keeper)

    assert (await renewal).generation == 2

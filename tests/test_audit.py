"""Who did what to what: one line a deed, none lost, none twice."""

import asyncio
import contextlib
import json
import sqlite3
from contextlib import closing

import pytest

from connector_vault import Owner, Secret, audit, rotation
from connector_vault.audit import Audit
from connector_vault.errors import ConnectorVaultError, StoreUnavailable
from connector_vault.room import now_ms
from connector_vault.stores import open_store
from tests.deeds import ADA, impatient, until


@pytest.fixture
def opening(place):
    return lambda: open_store(place.database, world="real", clock=now_ms)


@pytest.fixture
async def store(opening):
    async with opening() as store:
        yield store


@pytest.fixture
async def book(store):
    book = Audit(store, lambda: 1_000)
    yield book
    await book.close()


@pytest.fixture
def lines(raw):
    return lambda: [deed for (deed,) in raw("select deed from audit order by id")]


def line(book, deed, **detail):
    return book.about(ADA, deed, "ok", **detail)


async def test_a_line_says_who_and_what(book, raw):
    book.queue(book.about(Owner(tenant="acme"), "consent", "begun", provider="github", count=2))
    await book.flush()

    assert raw("select at, tenant, user, connection, deed, outcome, detail from audit") == [
        (1_000, "acme", "", "", "consent", "begun", '{"count":2,"provider":"github"}')
    ]


async def test_queued_lines_are_committed_by_themselves(book, lines):
    book.queue(line(book, "one"))
    book.queue(line(book, "two"))

    await until(lambda: not book._flusher)

    assert lines() == ["one", "two"]


async def test_a_line_that_was_queued_later_is_committed_too(book, lines):
    for deed in ("one", "two"):
        book.queue(line(book, deed))
        await until(lambda: not book._flusher)

    assert lines() == ["one", "two"]


async def test_what_is_queued_is_committed_at_the_end(store, lines):
    book = Audit(store, now_ms)
    for number in range(100):
        book.queue(line(book, f"{number}"))

    await book.close()

    assert lines() == [f"{number}" for number in range(100)]


async def test_the_end_of_a_commit_under_way_writes_no_line_twice(store, lines, held_writer):
    book = Audit(store, now_ms)
    book.queue(line(book, "one"))
    async with held_writer(store) as queued:
        await queued(1)
        closing_it = asyncio.create_task(book.close())
        await asyncio.sleep(0)
    await closing_it

    assert lines() == ["one"]


async def test_two_who_flush_at_once_write_each_line_once(store, lines, held_writer):
    book = Audit(store, now_ms)
    book.queue(line(book, "one"))
    async with held_writer(store) as queued:
        first = asyncio.create_task(book.flush())
        await queued(1)
        book.queue(line(book, "two"))
        second = asyncio.create_task(book.flush())
        await asyncio.sleep(0)
    await asyncio.gather(first, second)
    await book.close()

    assert lines() == ["one", "two"]


async def test_a_cancelled_flush_loses_no_line(store, lines, held_writer):
    book = Audit(store, now_ms)
    book.queue(line(book, "one"))
    async with held_writer(store) as queued:
        first = asyncio.create_task(book.flush())
        await queued(1)
        first.cancel()
        await asyncio.wait([first])
    await book.close()

    assert lines() == ["one"]


async def test_a_database_that_is_away_makes_lines_wait(store, place, lines, monkeypatch, caplog):
    monkeypatch.setattr(audit, "_RETRY", 0.01)
    await impatient(store)
    book = Audit(store, now_ms)
    with closing(sqlite3.connect(place.file, isolation_level=None)) as other:
        other.execute("begin immediate")
        book.queue(line(book, "one"))
        await until(lambda: "1 audit lines wait" in caplog.text)
        book.queue(line(book, "two"))
    await book.close()

    assert lines() == ["one", "two"]


async def test_a_database_that_stays_away_is_told(store, place):
    await impatient(store)
    book = Audit(store, now_ms)
    with closing(sqlite3.connect(place.file, isolation_level=None)) as other:
        other.execute("begin immediate")
        book.queue(line(book, "one"))
        with pytest.raises(StoreUnavailable):
            await book.close()


async def test_too_many_lines_are_dropped_the_oldest_first(store, lines, monkeypatch, caplog):
    monkeypatch.setattr(audit, "_MAX_QUEUE", 3)
    book = Audit(store, now_ms)
    for deed in "abcde":
        book.queue(line(book, deed))

    await book.close()

    assert lines() == ["c", "d", "e"]
    assert "2 audit lines were dropped" in caplog.text


async def test_a_detail_is_written_as_it_is(book, raw):
    detail = {"purpose": 'a "quoted"\nü \x00 \U0001f511', "count": 1, "yes": True, "none": None}
    book.queue(line(book, "token", **detail))
    await book.flush()

    assert json.loads(raw("select detail from audit")[0][0]) == detail


@pytest.mark.parametrize("wild", ["\ud800", "purpose \udfff", "\x00"], ids=ascii)
async def test_a_text_that_is_none_stops_no_other_line(vault, raw, wild):
    """Whatever an agent gives as its purpose, the lines of the others are written."""
    connection = await vault.add("openrouter", ADA, secret=Secret("sk-1234567890"))
    with contextlib.suppress(ConnectorVaultError):
        await vault.token(connection.id, owner=ADA, purpose=wild)
    await vault.token(connection.id, owner=ADA, purpose="plain")
    await vault.room.audit.flush()

    assert '{"purpose":"plain"}' in [
        detail for (detail,) in raw("select detail from audit where deed = 'token'")
    ]


async def test_a_token_handed_out_is_written_down(vault, raw):
    connection = await vault.add("openrouter", ADA, secret=Secret("sk-1234567890"))

    await vault.token(connection.id, owner=ADA, purpose="nightly sync")
    await vault.room.audit.flush()

    (line,) = raw("select connection, user, outcome, detail from audit where deed = 'token'")
    assert line == (connection.id, "ada", "ok", '{"purpose":"nightly sync"}')


async def test_no_line_holds_a_secret(vault, connect, raw):
    connection = await connect(vault)
    token = await vault.token(connection.id, owner=ADA, purpose="test", newer_than=1)
    await vault.disconnect(connection.id, owner=ADA)
    await vault.room.audit.flush()

    written = repr(raw("select * from audit"))
    assert token.secret.reveal() not in written
    assert "emulator-secret" not in written
    assert "gh" + "r_" not in written


async def test_what_was_done_to_the_holders_key_is_on_record(vault, raw, monkeypatch):
    monkeypatch.setattr(rotation, "_UNDER_WAY", 0.0)
    await vault.rotate()
    status = await vault.rotation.retire()
    await vault.room.audit.flush()

    lines = raw("select deed, outcome, detail from audit where connection = '' order by id")
    said = [(deed, outcome, json.loads(detail)) for deed, outcome, detail in lines]
    assert said == [
        ("keys rotate", "ok", {"holder": status.holder, "version": 2}),
        ("keys rewrap", "ok", {"holder": status.holder, "version": 2, "keys": 1}),
        ("keys retire", "ok", {"holder": status.holder, "before": 2}),
    ]

"""Telling the program around the vault of what this process commits."""

import asyncio
import threading
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from connector_vault import Secret, announcing
from connector_vault.announcing import announced
from connector_vault.stores import Conflict, Update
from connector_vault.vault import Vault
from tests.deeds import ADA, row_of


@pytest.fixture
async def row(vault):
    return await row_of(vault, await vault.add("openrouter", ADA, secret=Secret("sk-or-01234567")))


@pytest.fixture
def listening(vault):
    @asynccontextmanager
    async def listening(on_event):
        async with announced(vault.room.store, on_event) as store:
            yield replace(vault.room, store=store)

    return listening


async def commit(room, row, *generations):
    for generation in generations:
        await room.store.commit(room.event(row._replace(generation=generation), "refreshed"))


async def test_a_plain_function_hears_of_each_event_in_order(listening, row):
    heard = []

    async with listening(heard.append) as room:
        await commit(room, row, 1, 2, 3)

    assert [(event.name, event.generation) for event in heard] == [
        *(("refreshed", 1), ("refreshed", 2), ("refreshed", 3))
    ]
    assert {(event.connection, event.owner, event.cursor) for event in heard} == {(row.id, ADA, 0)}


async def test_an_async_function_hears_of_them_in_the_loop(listening, row):
    heard = []

    async def on_event(event):
        await asyncio.sleep(0)
        heard.append((event.generation, threading.current_thread()))

    async with listening(on_event) as room:
        await commit(room, row, 1, 2)

    assert heard == [(1, threading.main_thread()), (2, threading.main_thread())]


async def test_an_event_is_told_after_it_is_stored(listening, row, raw):
    stored = []

    async with listening(lambda _: stored.append(raw("select count(*) from event"))) as room:
        await commit(room, row, 2)

    assert stored == [[(2,)]]


async def test_what_was_not_committed_is_not_told(listening, row):
    heard = []

    async with listening(heard.append) as room:
        change = Update(row.id, {"generation": 99}, {"label": "x"})
        with pytest.raises(Conflict):
            await room.store.commit(change, room.event(row, "refreshed"))

    assert heard == []


async def test_a_function_that_fails_takes_nothing_with_it(listening, row, raw, caplog):
    heard = []

    def on_event(event):
        heard.append(event.generation)
        if event.generation == 1:
            raise ZeroDivisionError

    async with listening(on_event) as room:
        await commit(room, row, 1, 2)

    assert heard == [1, 2]
    assert raw("select count(*) from event") == [(3,)]
    assert f"on_event failed: refreshed of {row.id}" in caplog.text


async def test_a_function_that_waits_holds_up_nobody(listening, row):
    free, heard = threading.Event(), []

    def on_event(event):
        assert free.wait(30)
        heard.append(event.generation)

    async with listening(on_event) as room:
        await commit(room, row, 1, 2, 3)
        assert heard == []
        free.set()

    assert heard == [1, 2, 3]


async def test_what_is_too_much_is_not_told(listening, row, monkeypatch, caplog):
    monkeypatch.setattr(announcing, "_MAX_WAITING", 2)
    free, begun, heard = asyncio.Event(), asyncio.Event(), []

    async def on_event(event):
        begun.set()
        await free.wait()
        heard.append(event.generation)

    async with listening(on_event) as room:
        await commit(room, row, 1)
        await begun.wait()
        await commit(room, row, 2, 3, 4, 5)
        free.set()

    assert heard == [1, 2, 3]
    assert caplog.text.count("on_event is too slow") == 1


async def test_a_function_that_never_ends_does_not_keep_the_vault_open(
    listening, row, monkeypatch, caplog
):
    monkeypatch.setattr(announcing, "_PATIENCE", 0.05)

    async def on_event(_):
        await asyncio.Event().wait()

    async with listening(on_event) as room:
        await commit(room, row, 1)

    assert "still busy" in caplog.text


async def test_reads_cost_nothing_more(vault):
    store = vault.room.store

    async with announced(store, print) as told, announced(store, None) as untold:
        assert untold is store
        assert (told.get, told.key, told.rows) == (store.get, store.key, store.rows)
        assert (told.id, told.clock, told.presence) == (store.id, store.clock, store.presence)


async def test_a_vault_works_with_such_a_store(listening, vault):
    heard = []

    async with listening(heard.append) as room:
        other = Vault(room, vault._refresher)
        connection = await other.add("openrouter", ADA, secret=Secret("sk-or-01234567"))
        await other.disconnect(connection.id, owner=ADA)

    assert heard[0].name == "connected"

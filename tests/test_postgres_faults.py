"""The store in PostgreSQL: callers that are cancelled, answers that are lost, servers that go."""

import asyncio
from contextlib import suppress

import pytest

from connector_vault.errors import ConnectorVaultError, StoreUnavailable
from connector_vault.room import now_ms
from connector_vault.stores import (
    AddConnection,
    AddKey,
    Conflict,
    Line,
    One,
    Undecided,
    Update,
    open_store,
)
from connector_vault.stores.postgres import presence, sessions, writer
from connector_vault.stores.postgres.address import address_of
from connector_vault.stores.postgres.schema import upgrade
from tests.deeds import until
from tests.postgres import serving
from tests.relay import relaying
from tests.rows import ADA, KEY, LINE, ROW, all_of, row_of

MOST = 3
"""Sessions a store may have."""

ALONE, TOGETHER = b"new", b"commit\0"
"""What is in the message that makes one statement last, or several."""

NAME = "select count(*) from pg_stat_activity where application_name = '{}' and {}"
BUSY = "(state <> 'idle' or backend_xid is not null)"


@pytest.fixture
async def url(postgres, request):
    name = request.node.name[:40].replace("[", "-").replace("]", "")
    url = postgres.address(connections=MOST, application_name=name)
    await upgrade(address_of(url))
    return url


@pytest.fixture
def opening(url):
    return lambda url=url: open_store(url, world="real", clock=now_ms)


@pytest.fixture
async def store(opening):
    async with opening() as store:
        await store.commit(AddKey(KEY), AddConnection(ROW))
        yield store


@pytest.fixture
def calm(postgres, store):
    """Wait until no session is in use, and make sure that the server says so, too."""

    async def calm():
        kept = store._sessions
        await store._writer.close()
        await until(lambda: kept._room + len(kept._idle) == MOST and not kept._mending)
        # It has answered, and says a moment later that it is idle.
        await until(lambda: postgres.sql(NAME.format(name_of(store), BUSY)) == "0")

    return calm


async def read(store):
    assert await store.get("con_1", ADA)


async def read_all(store):
    await all_of(store, One("con_1", ADA))


async def lease(store):
    await store.lease(await row_of(store), attempt="a", seconds=30, spend=True)


async def commit(store):
    await store.commit(Update("con_1", {}, {"label": "x"}), Line(*LINE))


async def commit_more(store):
    update = Update("con_1", {}, {"label": "x"})
    await store.commit(update, update, Line(*LINE))


async def conflict(store):
    update = Update("con_1", {}, {"label": "x"})
    with suppress(Conflict):
        await store.commit(update, Update("con_1", {"label": "other"}, {}))


@pytest.mark.parametrize(
    "work", [read, read_all, lease, commit, commit_more, conflict], ids=lambda one: one.__name__
)
@pytest.mark.parametrize("cold", [False, True], ids=["warm", "cold"])
async def test_whoever_is_cancelled_leaves_no_session_busy(store, calm, work, cold):
    """At every step, until it comes to its end before it is cancelled."""
    steps, ended = 0, 0
    while ended < 3:
        if cold:
            lose_all(store)
        ended += await cancelled_after(steps, work(store))
        steps += 1 + (steps // 10 if cold else 0)

    assert steps > 5
    await calm()
    await work(store)


async def test_a_read_that_is_cancelled_costs_no_session(store):
    await read(store)
    (before,) = store._sessions._idle
    task = asyncio.create_task(read(store))
    await asyncio.sleep(0)

    task.cancel()

    await until(lambda: store._sessions._idle == [before])
    await read(store)
    assert not before.is_closed()


async def test_who_waits_for_a_session_may_be_cancelled(store, calm):
    held = [await store._sessions.borrow() for _ in range(MOST)]
    waits = [asyncio.create_task(read(store)) for _ in range(20)]
    await asyncio.sleep(0)

    for one in waits[::2]:
        one.cancel()
    for one in held:
        store._sessions.give_back(one)

    await asyncio.wait(waits)
    assert not any(one.cancelled() for one in waits[1::2])
    await calm()


@pytest.mark.parametrize("asked", [True, False], ids=["made", "not made"])
@pytest.mark.parametrize("message", [ALONE, TOGETHER], ids=["alone", "together"])
async def test_a_lost_answer_to_a_commit_is_undecided(postgres, url, opening, asked, message):
    update = Update("con_1", {}, {"label": "new"})
    changes = [update] if message == ALONE else [update, update]
    async with relaying(postgres) as relay, opening(relay.address(url)) as store:
        await store.commit(AddKey(KEY), AddConnection(ROW))
        await store.commit(*changes[:-1], Update("con_1", {}, {"label": ROW.label}))
        relay.lose(message, asked=asked)

        with pytest.raises(Undecided):
            await store.commit(*changes)

        assert relay.lost.is_set()
        assert (await row_of(store)).label == ("new" if asked else ROW.label)


async def test_a_line_that_is_cut_before_the_commit_decides(postgres, url, opening):
    """Nobody has asked for it to last: it was not made."""
    update = Update("con_1", {}, {"label": "new"})
    async with relaying(postgres) as relay, opening(relay.address(url)) as store:
        await store.commit(AddKey(KEY), AddConnection(ROW))
        relay.lose(b"begin", asked=True)

        with pytest.raises(StoreUnavailable) as caught:
            await store.commit(update, update)

        assert not isinstance(caught.value, Undecided)
        assert (await row_of(store)).label == ROW.label


@pytest.mark.parametrize("asked", [True, False], ids=["answered", "not asked"])
async def test_a_read_whose_session_is_lost_is_repeated(postgres, url, opening, asked):
    async with relaying(postgres) as relay, opening(relay.address(url)) as store:
        await store.commit(AddKey(KEY), AddConnection(ROW))
        await read(store)
        relay.lose(b"con_1", asked=asked)

        assert (await store.get("con_1", ADA)).id == "con_1"
        assert relay.lost.is_set()


async def test_sessions_that_were_ended_are_replaced(postgres, url, store, calm):
    await asyncio.gather(*(read(store) for _ in range(MOST)))

    terminate(postgres, store)

    await asyncio.gather(*(read(store) for _ in range(20)))
    await commit_more(store)
    await calm()


@pytest.mark.parametrize(("work", "wanted"), [(commit, Undecided), (commit_more, StoreUnavailable)])
async def test_a_session_that_is_ended_in_the_middle(postgres, opening, store, work, wanted):
    async with opening() as other:
        session = await other._sessions.borrow()
        await session.execute("begin")
        await session.execute(f"update \"{store._schema}\".connection set label = 'held'")
        task = asyncio.create_task(work(store))
        await until_blocked(postgres)
        terminate(postgres, store, "wait_event_type = 'Lock'")

        with pytest.raises(wanted) as caught:
            await task
        await session.execute("rollback")
        other._sessions.give_back(session)

    assert type(caught.value) is wanted
    await work(store)
    assert (await row_of(store)).label == "x"


async def test_two_that_are_in_each_others_way_both_succeed(store):
    other = ROW._replace(id="con_2", account="2", dek_id=b"e" * 16)
    await store.commit(AddConnection(other))
    one, two = (Update(id_, {}, {"label": "x"}) for id_ in ("con_1", "con_2"))

    await asyncio.gather(*(store.commit(*pair) for pair in [(one, two), (two, one)]))

    assert {(row.label, row.revision) for row in await all_of(store)} == {("x", 3)}


async def test_a_server_that_hangs_is_given_up_in_time(postgres, store, monkeypatch, calm):
    monkeypatch.setattr(sessions, "_DEADLINE", 0.3)
    monkeypatch.setattr(writer, "_DEADLINE", 0.3)
    await asyncio.gather(*(read(store) for _ in range(MOST)))
    with postgres.frozen():
        for work in (read, commit, commit_more):
            async with asyncio.timeout(10):
                with pytest.raises(StoreUnavailable):
                    await work(store)

    for work in (read, commit, commit_more):
        await work(store)
    await calm()


async def test_a_server_that_was_killed_is_found_again(monkeypatch):
    monkeypatch.setattr(presence, "_LATE", 0.2)
    with serving() as server:
        url = server.address()
        await upgrade(address_of(url))
        async with (
            open_store(url, world="real", clock=now_ms) as store,
            open_store(url, world="real", clock=now_ms) as other,
        ):
            await store.commit(AddKey(KEY), AddConnection(ROW))
            await store.presence.appear("me")
            server.kill()
            with pytest.raises(StoreUnavailable):
                await read(store)
            await asyncio.to_thread(server.start)

            await read(store)
            await commit(store)
            await eventually(lambda: other.presence.alive("me"))
            waits = asyncio.create_task(store.presence.wait("con_1", 30))
            await asyncio.sleep(0)
            other.presence.tell("con_1")
            async with asyncio.timeout(10):
                await waits


async def test_a_lock_whose_session_was_ended_is_taken_again(postgres, opening, store):
    await store.presence.appear("me")
    async with opening() as other:
        lost = store.presence._session
        terminate(postgres, store, f"pid = {lost.get_server_pid()}")

        await until(lambda: store.presence._session is not lost)
        await eventually(lambda: other.presence.alive("me"))


async def test_a_store_that_was_closed_leaves_no_session(postgres, url, opening):
    async with opening() as store:
        await store.commit(AddKey(KEY), AddConnection(ROW))
        await asyncio.gather(*(read(store) for _ in range(MOST)))
        await store.presence.appear("me")
        name = name_of(store)
        assert postgres.sql(NAME.format(name, "true")) == f"{MOST + 1}"

    async def gone():
        return postgres.sql(NAME.format(name, "true")) == "0"

    await eventually(gone)
    with pytest.raises(StoreUnavailable, match="closed"):
        await read(store)


async def cancelled_after(steps, work):
    """Cancel work after so many turns of the loop, and tell whether it had come to its end."""
    task = asyncio.create_task(work)
    for _ in range(steps):
        await asyncio.sleep(0)
    ended = task.done()
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        assert not isinstance(task.exception(), Exception), task.exception()
    return ended


def lose_all(store):
    """Let a store have no session."""
    for session in store._sessions._idle:
        session.terminate()


def name_of(store):
    dsn = store._sessions._make.__self__._address.dsn
    return dsn.partition("application_name=")[2].partition("&")[0]


def terminate(postgres, store, which="true"):
    condition = f"application_name = '{name_of(store)}' and {which}"
    postgres.sql(f"select pg_terminate_backend(pid) from pg_stat_activity where {condition}")


async def until_blocked(postgres):
    async def blocked():
        return postgres.sql("select count(*) from pg_locks where not granted") != "0"

    await eventually(blocked)


async def eventually(ask):
    async with asyncio.timeout(10):
        while True:
            with suppress(ConnectorVaultError):
                if await ask():
                    return
            await asyncio.sleep(0.01)

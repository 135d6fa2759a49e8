"""The store in PostgreSQL: how it is addressed, made, shared, and when it is refused."""

import asyncio
import os
import signal

import pytest

from connector_vault.errors import Misconfigured, StoreUnavailable
from connector_vault.room import now_ms
from connector_vault.stores import (
    AddConnection,
    AddKey,
    Event,
    Happened,
    Line,
    Update,
    open_store,
    shown,
)
from connector_vault.stores.postgres import schema
from connector_vault.stores.postgres.address import address_of
from connector_vault.stores.postgres.schema import NEWEST, upgrade
from tests.player import playing
from tests.relay import Pooler, relaying
from tests.rows import ADA, KEY, LINE, ROW, all_of, row_of

PASSWORD = "hunter2-hush"
LEAKY = [
    f"postgresql://ada:{PASSWORD}@db.example/vault?schema=x",
    f"postgresql://ada@db.example/vault?password={PASSWORD}",
    f"postgresql://ada@db.example/vault?pasword={PASSWORD}",
    f"postgresql://ada:{PASSWORD}/more@db.example/vault",
    f"postgresql://ada:{PASSWORD}?more@db.example/vault",
    f"postgresql://ada:{PASSWORD}#more@db.example/vault",
    f"postgresql://ada:more@{PASSWORD}@db.example/vault",
    f"postgresql://ada:{PASSWORD}",
    f"postgresql:ada:{PASSWORD}@db.example/vault",
    f"postgres//ada:{PASSWORD}@db.example/vault",
    f"postgresql://[ada:{PASSWORD}@db.example/vault",
    f"mysql://ada:{PASSWORD}@db.example/vault",
]
FRESH = "a-new-life"


@pytest.fixture
async def url(postgres):
    url = postgres.address()
    await upgrade(address_of(url))
    return url


@pytest.fixture
def opening(url):
    return lambda url=url, clock=now_ms: open_store(url, world="real", clock=clock)


@pytest.fixture
async def store(opening):
    async with opening() as store:
        await store.commit(AddKey(KEY), AddConnection(ROW))
        yield store


@pytest.mark.parametrize("url", LEAKY)
def test_a_password_is_not_shown(url):
    assert PASSWORD not in shown(url)
    assert "hunter2" not in shown(url)


@pytest.mark.parametrize("url", [url for url in LEAKY if "more@" not in url])
async def test_no_error_repeats_a_password(url, monkeypatch, caplog):
    caplog.set_level(0)
    with pytest.raises((Misconfigured, StoreUnavailable)) as caught:
        async with open_store(url.replace("db.example", "127.0.0.1:9"), world="real", clock=now_ms):
            pass

    seen, error = [caplog.text], caught.value
    while error is not None:
        seen += [str(error), repr(error)]
        error = None if error.__suppress_context__ else error.__context__
    assert "hunter2" not in "".join(seen)


@pytest.mark.parametrize("url", LEAKY[:3])
def test_an_address_does_not_show_its_password(url):
    assert PASSWORD not in repr(address_of(url))


def test_what_is_no_secret_is_shown():
    url = "postgresql://ada@a,b:5433/vault?schema=my_vault&sslmode=verify-full&pooling=transaction"

    assert shown(url) == url


@pytest.mark.parametrize(
    "said",
    ["schema=", f"schema={'x' * 64}", "connections=0", "connections=x", "pooling=statement", "=%"],
)
async def test_a_wrong_parameter_of_ours_is_named(postgres, said):
    with pytest.raises(Misconfigured):
        async with open_store(f"{postgres.address()}&{said}", world="real", clock=now_ms):
            pass


@pytest.mark.parametrize("said", ["shcema=x", "statement_timeout=soon"])
async def test_a_wrong_parameter_of_the_servers_is_no_outage(url, opening, said):
    with pytest.raises(Misconfigured, match="parameter"):
        async with opening(f"{url}&{said}"):
            pass


async def test_a_server_that_is_not_there_is_an_outage(opening, tmp_path):
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        async with opening(f"postgresql://postgres@/x?host={tmp_path}"):
            pass


async def test_a_database_without_tables_is_named(postgres, opening):
    with pytest.raises(Misconfigured, match="db upgrade"):
        async with opening(postgres.address()):
            pass


@pytest.mark.parametrize(("newest", "words"), [(NEWEST + 1, "db upgrade"), (0, "install a newer")])
async def test_a_database_of_another_version_is_refused(opening, monkeypatch, newest, words):
    monkeypatch.setattr(schema, "NEWEST", newest)

    with pytest.raises(Misconfigured, match=words):
        async with opening():
            pass


async def test_a_newer_database_is_not_upgraded(url, monkeypatch):
    monkeypatch.setattr(schema, "NEWEST", 0)

    with pytest.raises(Misconfigured, match="install a newer"):
        await upgrade(address_of(url))


async def test_another_programs_tables_are_left_alone(postgres, opening):
    url = postgres.address("theirs")
    postgres.sql("create schema theirs; create table theirs.meta (id int)")

    for work in (opening(url).__aenter__(), upgrade(address_of(url))):
        with pytest.raises(Misconfigured, match="another program"):
            await work
    assert postgres.sql("select count(*) from pg_tables where schemaname = 'theirs'") == "1"


async def test_an_upgrade_that_fails_leaves_nothing(postgres, monkeypatch):
    class Broken:
        def read_text(self, encoding):
            return "select nonsense"

    monkeypatch.setattr(schema, "_SCRIPTS", [*schema._SCRIPTS, Broken()])
    with pytest.raises(Misconfigured):
        await upgrade(address_of(postgres.address("broken")))

    assert postgres.sql("select to_regnamespace('broken') is null") == "t"


async def test_eight_processes_make_one_schema(postgres):
    url = postgres.address()
    async with asyncio.TaskGroup() as group:

        async def one():
            async with playing("upgrade", url) as process:
                await process.go()
                return await process.end()

        had = [group.create_task(one()) for _ in range(8)]

    assert sorted(task.result() for task in had) == [[0, NEWEST]] + [[NEWEST, NEWEST]] * 7


async def test_what_was_upgraded_before_is_left_as_it_is(url, store):
    assert (await upgrade(address_of(url))).version == NEWEST
    assert await row_of(store) == ROW


async def test_a_role_that_may_not_is_told_so(postgres, url):
    postgres.sql("create role guest login")

    with pytest.raises(Misconfigured, match="rights"):
        async with open_store(url.replace("postgres@", "guest@"), world="real", clock=now_ms):
            pass


async def test_a_process_of_another_schema_is_not_seen(postgres, url, opening, store):
    other = postgres.address()
    await upgrade(address_of(other))
    async with opening(other) as stranger:
        await stranger.presence.appear("me")
        waits = asyncio.create_task(store.presence.wait("con_1", 0.2))
        await store.presence.appear("another")
        stranger.presence.tell("con_1")

        assert await store.presence.alive("me") is False
        assert await all_of(stranger) == []
        await waits


async def test_a_process_that_was_killed_is_gone(url, store):
    async with playing("appear", url, "victim") as process:
        await process.go()
        appeared, pid = await process.end()
        assert (appeared, await store.presence.alive("victim")) == (True, True)
        os.kill(pid, signal.SIGKILL)

        await eventually(lambda: store.presence.alive("victim"), False)


async def test_who_waits_is_woken_by_another_process(url, store):
    await store.presence.appear("me")
    waits = asyncio.create_task(store.presence.wait("con_1", 30))

    async with playing("tell", url, "con_1") as process:
        await process.go()
        async with asyncio.timeout(10):
            await waits


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_hosts_wrong_clock_does_not_count(opening, store, hours):
    def wrong():
        return now_ms() + hours * 3_600_000

    async with opening(clock=wrong) as other:
        assert abs(other.clock() - now_ms()) < 1_000
        held = await other.lease(ROW, attempt="a", seconds=30, spend=True)
        await other.commit(Update("con_1", {}, {"label": "x"}))

        assert abs(held.lease_until - now_ms() - 30_000) < 1_000
        assert abs((await row_of(store)).changed_at - now_ms()) < 1_000
        known = await row_of(store)
        assert await store.lease(known, attempt="b", seconds=30, spend=True) is None


async def test_each_transaction_may_have_another_session(postgres, url, opening):
    """As behind a proxy that pools: nothing rests on what a session was told before."""
    async with (
        relaying(postgres, Pooler) as proxy,
        opening(f"{proxy.address(url)}&pooling=transaction") as store,
    ):
        await store.commit(AddKey(KEY), AddConnection(ROW))
        for number in range(20):
            where = {"label": f"{number - 1}" if number else ROW.label}
            event = Event(0, 1, "acme", "ada", "con_1", "github", "x", 1, "{}")
            update = Update("con_1", where, {"label": f"{number}"})
            await store.commit(update, Line(*LINE), event)
        held = await store.lease(await row_of(store), attempt="a", seconds=30, spend=True)
        seen = [one.seq for one in await all_of(store, Happened())]

        assert held.attempt == "a"
        assert seen == [*range(1, 21)]
        assert await store.presence.appear("me") is False
        assert await store.presence.alive("me") is None
        assert (await store.get("con_1", ADA)).id == "con_1"


async def test_behind_a_proxy_each_transaction_waits_for_the_disk(postgres, url, opening):
    """What another session was set to is not this one's affair."""
    async with (
        relaying(postgres) as proxy,
        opening(f"{proxy.address(url)}&pooling=transaction") as store,
    ):
        await store.commit(AddConnection(ROW))
        await store.lease(ROW, attempt="a", seconds=30, spend=True)

    assert (
        proxy.heard.count(b"set local synchronous_commit = on") == proxy.heard.count(b"begin") > 2
    )


async def test_a_session_waits_for_the_disk_whatever_the_role_says(postgres, url, opening):
    postgres.sql("create role hasty login superuser; alter role hasty set synchronous_commit = off")
    async with opening(url.replace("postgres@", "hasty@")) as store:
        ((setting,),) = await store._sessions.fetch("show synchronous_commit", ())

    assert setting == "on"


async def test_a_standby_is_not_written_to(postgres, url):
    with postgres.standby() as standby:
        alone = url.replace(str(postgres.folder), str(standby.folder))
        with pytest.raises(StoreUnavailable, match="standby"):
            async with open_store(alone, world="real", clock=now_ms):
                pass


async def test_of_several_hosts_the_primary_is_found(postgres, url):
    with postgres.standby() as standby:
        both = url.replace(str(postgres.folder), f"{standby.folder},{postgres.folder}")
        async with open_store(both, world="real", clock=now_ms) as store:
            await store.commit(AddKey(KEY))


async def eventually(ask, wanted):
    async with asyncio.timeout(10):
        while await ask() is not wanted:  # noqa: ASYNC110  # the server announces nothing
            await asyncio.sleep(0.01)

"""The store in a SQLite file: where it lies, how it is made, and when it is refused."""

import asyncio
import contextlib
import os
import shutil
import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest

from connector_vault.errors import Corrupt, Misconfigured, StoreUnavailable
from connector_vault.room import now_ms
from connector_vault.stores import (
    AddAccess,
    AddConnection,
    AddKey,
    Everything,
    Line,
    Shred,
    open_store,
)
from connector_vault.stores import sqlite as sqlite_store
from connector_vault.stores.sqlite.schema import NEWEST
from tests.player import playing
from tests.rows import ACCESS, KEY, LINE, ROW, row_of

URLS = ["mysql://here/vault", "vault.db", "", "sqlite://vault.db", "sqlite:vault.db"]
NOWHERE = ["sqlite:///", "sqlite:////tmp/x?mode=memory", "sqlite:////nowhere/at/all/vault.db"]

MIGRATIONS = Path(sqlite_store.__file__).parent / "migrations"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "vault.db"


@pytest.fixture
def opening(file):
    def opening(**options):
        return open_store(f"sqlite:///{file}", **{"world": "real", "clock": now_ms, **options})

    return opening


@pytest.fixture
async def store(opening):
    async with opening() as store:
        await store.commit(AddKey(KEY), AddConnection(ROW))
        yield store


@pytest.fixture
def raw(file):
    def raw(statement, *values):
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            return connection.execute(statement, values).fetchall()

    return raw


@pytest.mark.parametrize("url", URLS + NOWHERE)
async def test_a_place_that_is_none_is_named(url):
    with pytest.raises(Misconfigured):
        async with open_store(url, world="real", clock=now_ms):
            pass


async def test_a_folder_is_no_database(file, opening):
    file.mkdir()

    with pytest.raises(Misconfigured):
        async with opening():
            pass


async def test_a_name_too_long_is_no_database(tmp_path):
    with pytest.raises(Misconfigured):
        async with open_store(f"sqlite:///{tmp_path}/{'x' * 300}", world="real", clock=now_ms):
            pass


async def test_only_its_owner_reads_the_file(store, file):
    for path in file.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_name_may_hold_what_a_url_may_not(tmp_path):
    file = tmp_path / "a vault #1 100%20.db"

    async with open_store(f"sqlite:///{file}", world="real", clock=now_ms) as store:
        await store.commit(AddConnection(ROW))
        assert (await row_of(store)) == ROW

    assert file.exists()


async def test_junk_is_corrupt(file, opening):
    file.write_bytes(os.urandom(8192))

    with pytest.raises(Corrupt):
        async with opening():
            pass


@pytest.mark.parametrize("part", [0.3, 0.5, 0.9])
async def test_a_database_that_was_cut_off_is_corrupt(file, opening, part):
    async with opening() as store:
        await store.commit(*(AddConnection(ROW._replace(id=f"{n}")) for n in range(2_000)))
    os.truncate(file, int(file.stat().st_size * part) // 4096 * 4096)

    with pytest.raises(Corrupt):
        await used(opening)


async def test_a_damaged_page_is_corrupt(file, opening):
    async with opening() as store:
        await store.commit(*(AddConnection(ROW._replace(id=f"con_{n}")) for n in range(500)))
    with file.open("r+b") as whole:
        whole.seek(4096)
        whole.write(os.urandom(file.stat().st_size - 4096))

    with pytest.raises(Corrupt):
        await used(opening)


async def test_another_worlds_database_is_refused(opening):
    async with opening():
        pass

    with pytest.raises(Misconfigured, match="EMULATOR"):
        async with opening(world="emulated"):
            pass


async def test_a_database_of_a_later_version_is_refused(opening, raw):
    async with opening():
        pass
    raw(f"pragma user_version = {NEWEST + 1}")

    with pytest.raises(Misconfigured, match=f"{NEWEST + 1}"):
        async with opening():
            pass


@pytest.mark.parametrize("version", [1, 2])
async def test_a_database_of_an_older_version_is_brought_up_to_date(file, opening, raw, version):
    for script in sorted(MIGRATIONS.glob("*.sql"))[:version]:
        with closing(sqlite3.connect(file)) as connection:
            connection.executescript(script.read_text())
    raw(f"pragma user_version = {version}")
    known = {name for _, name, *_ in raw("pragma table_info(connection)")} - {"ended"}
    names = [name for name in ROW._fields if name in known]
    marks = ", ".join("?" * len(names))
    had = [getattr(ROW, name) for name in names]
    raw(f"insert into connection ({', '.join(names)}, ended) values ({marks}, 0)", *had)

    async with opening() as store:
        row = await row_of(store)
        await store.commit(AddAccess(ACCESS))

    assert [getattr(row, name) for name in names] == had
    assert (row.origin, row.granted_at, row.due_at) == ("consent", ROW.created_at, 1)


async def test_an_empty_file_becomes_a_database(file, opening):
    """A process that was killed while it made one leaves this behind."""
    file.touch()

    async with opening() as store:
        assert len(store.id) == 16


async def test_a_half_made_database_is_made_whole(file, opening):
    """Killed between the schema and the rest."""
    async with opening() as store:
        first = store.id
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("delete from meta")

    async with opening() as store:
        assert store.id != first


async def test_eight_processes_make_one_database(place, world, file):
    told = (place.database, place.keys, world.url)
    async with asyncio.TaskGroup() as group:

        async def one():
            async with playing("open_vault", *told) as process:
                await process.go()
                return await process.end()

        ids = [group.create_task(one()) for _ in range(8)]

    assert len({task.result() for task in ids}) == 1


async def test_threads_make_one_database(opening):
    ids, barrier = [], threading.Barrier(8)

    async def make():
        async with opening() as store:
            ids.append(store.id)

    def run():
        barrier.wait()
        asyncio.run(make())

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        await asyncio.to_thread(thread.join)

    assert (len(ids), len(set(ids))) == (8, 1)


async def test_a_file_that_may_not_be_written_is_not_damage(file, opening, tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root writes every file")
    async with opening():
        pass
    file.chmod(0o400)

    with pytest.raises((Misconfigured, StoreUnavailable)):
        async with opening() as store:
            await store.commit(LINE)


async def test_a_copy_of_the_file_is_whole_without_its_log(store, file, tmp_path):
    """What a backup by `cp` would hold after a store was closed well."""
    await store.commit(Shred("con_2"))
    copy = shutil.copy(file, tmp_path / "copy.db")

    async with open_store(f"sqlite:///{copy}", world="real", clock=now_ms) as other:
        assert await row_of(other) == ROW
        assert other.id == store.id


async def test_a_store_that_could_not_be_opened_leaves_no_file_open(file, opening):
    async with opening():
        pass

    with pytest.raises(Misconfigured):
        async with opening(world="emulated"):
            pass

    assert not [link for link in open_files() if link.startswith(str(file))]


async def test_a_store_that_was_closed_leaves_no_file_and_no_thread(file, opening):
    async with opening() as store:
        await store.commit(Line(*LINE))

    assert "connector-vault-writer" not in {thread.name for thread in threading.enumerate()}
    assert not [link for link in open_files() if link.startswith(str(file))]


async def used(opening):
    """Open a database, read all of it and write to it."""
    async with opening() as store:
        [row async for row in store.rows(Everything())]
        await store.commit(AddConnection(ROW))


def open_files():
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        pytest.skip("only Linux tells")
    links = []
    for link in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            links.append(str(link.readlink()))
    return links

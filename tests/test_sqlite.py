"""The store in a SQLite file: its file, its locks, and what is left on the disk."""

import asyncio
import os
import shutil
import sqlite3
import stat
import threading
from contextlib import asynccontextmanager, closing

import pytest
from tests.contract.test_stores import ADA, KEY, LINE, ROW
from tests.player import playing

from connector_vault.errors import Corrupt, Misconfigured, StoreUnavailable
from connector_vault.room import now_ms
from connector_vault.stores import AddConnection, AddKey, Line, One, Shred, Update, open_store
from connector_vault.stores.sqlite.schema import NEWEST

URLS = ["postgresql://here/vault", "vault.db", "", "sqlite://vault.db", "sqlite:vault.db"]
NOWHERE = ["sqlite:///", "sqlite:////tmp/x?mode=memory", "sqlite:////nowhere/at/all/vault.db"]


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


async def impatient(store, milliseconds=0):
    """Let a store wait so long for another's lock, and no longer."""
    wait = f"pragma busy_timeout = {milliseconds}"
    await store._writer.run(lambda writer: writer.execute(wait), alone=True)


async def row_of(store):
    (row,) = [row async for row in store.rows(One("con_1", ADA))]
    return row


@asynccontextmanager
async def locked(file):
    """Let another process hold the write lock."""
    async with playing("lock", file) as other:
        yield other
        await other.go()


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
        async with opening() as store:
            [row async for row in store.rows(One("con_1", ADA))]
            await store.commit(AddConnection(ROW))


async def test_a_damaged_page_is_corrupt(file, opening):
    async with opening() as store:
        await store.commit(*(AddConnection(ROW._replace(id=f"con_{n}")) for n in range(500)))
    with file.open("r+b") as whole:
        whole.seek(4096)
        whole.write(os.urandom(file.stat().st_size - 4096))

    with pytest.raises(Corrupt):
        async with opening() as store:
            await row_of(store)


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


async def test_it_is_read_while_another_writes(store, file):
    async with locked(file):
        assert await row_of(store) == ROW
        assert await store.get("con_1", ADA)


async def test_a_write_waits_for_another_process(store, file):
    async with locked(file):
        write = asyncio.create_task(store.commit(Update("con_1", {}, {"label": "Ada"})))
        assert (await row_of(store)).label == "ada"

    await write
    assert (await row_of(store)).label == "Ada"


async def test_a_write_that_waited_too_long_did_not_happen(store, file):
    await impatient(store)

    async with locked(file):
        with pytest.raises(StoreUnavailable):
            await store.commit(Update("con_1", {}, {"label": "Ada"}))
        with pytest.raises(StoreUnavailable):
            await store.lease(ROW, attempt="a", seconds=1, spend=True)

    assert await row_of(store) == ROW
    await store.commit(Update("con_1", {}, {"label": "Ada"}))


async def test_a_writer_that_waits_does_not_stop_the_loop(store, file):
    loop = asyncio.get_running_loop()
    async with locked(file):
        write = asyncio.create_task(store.commit(LINE))
        begun = loop.time()
        for _ in range(50):
            await store.get("con_1", ADA)
        assert loop.time() - begun < 0.5

    await write


async def test_a_reader_that_is_locked_out_waits_in_the_writers_thread(store):
    """Only while another recovers a log, which no test can force; the loop must not stand still."""
    busy = sqlite3.OperationalError("database is locked")
    busy.sqlite_errorname = "SQLITE_BUSY"

    found = await store._again(busy, "select label from connection", ())

    assert found == [("ada",)]


async def test_a_disk_that_is_full_is_not_damage(store):
    limit = "pragma max_page_count = 1"
    await store._writer.run(lambda writer: writer.execute(limit), alone=True)

    with pytest.raises(StoreUnavailable):
        await store.commit(AddConnection(ROW._replace(id="con_2", sealed=b"x" * 2_000_000)))

    assert await row_of(store) == ROW


async def test_a_file_that_may_not_be_written_is_not_damage(file, opening, tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root writes every file")
    async with opening():
        pass
    file.chmod(0o400)

    with pytest.raises((Misconfigured, StoreUnavailable)):
        async with opening() as store:
            await store.commit(LINE)


async def test_the_audit_cannot_be_changed(store, raw):
    await store.commit(LINE)

    for statement in ("update audit set outcome = 'forged'", "delete from audit"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            raw(statement)

    assert raw("select outcome from audit") == [("ok",)]


async def test_audit_lines_keep_their_order(store, raw):
    await asyncio.gather(*(store.commit(LINE._replace(at=n), LINE._replace(at=n)) for n in range(500)))

    assert [at for (at,) in raw("select at from audit order by id")] == [
        n for n in range(500) for _ in range(2)
    ]


async def test_many_audit_lines_are_one_commit(store, raw):
    await store.commit(*(LINE._replace(at=n) for n in range(20_000)))

    assert raw("select count(*), max(id) from audit") == [(20_000, 20_000)]


async def test_a_wild_text_is_kept_or_refused_and_hurts_no_other(store, raw):
    wild = ["\x00", "'; drop table audit; --", "\U0001f511", "x" * 100_000]

    await store.commit(*(LINE._replace(detail=text) for text in wild))

    assert [text for (text,) in raw("select detail from audit order by id")] == wild


async def test_a_shredded_key_is_overwritten(store, file):
    await store.commit(Shred("con_1"), Update("con_1", {}, {"sealed": b""}))

    for secret in (KEY.wrapped, ROW.sealed):
        async with playing("seek", file.parent, secret.hex()) as other:
            await other.go()
            assert await other.end() == []


async def test_a_key_is_on_the_disk_until_it_is_shredded(store, file):
    """Without this the test above would prove nothing."""
    async with playing("seek", file.parent, KEY.wrapped.hex()) as other:
        await other.go()
        assert await other.end() != []


async def test_a_shred_that_a_reader_holds_up_is_made_up_for(store, file, raw):
    await impatient(store)
    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        reader.execute("begin")
        reader.execute("select * from dek").fetchall()
        await store.commit(Shred("con_1"))
    await store.commit(Shred("con_2"))

    async with playing("seek", file.parent, KEY.wrapped.hex()) as other:
        await other.go()
        assert await other.end() == []


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


def open_files():
    folder = "/proc/self/fd"
    if not os.path.isdir(folder):
        pytest.skip("only Linux tells")
    links = []
    for number in os.listdir(folder):
        try:
            links.append(os.readlink(f"{folder}/{number}"))
        except FileNotFoundError:
            continue
    return links

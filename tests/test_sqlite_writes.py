"""SQLite under load: locks, readers and writers, and what is left on the disk."""

import asyncio
import sqlite3
from contextlib import asynccontextmanager, closing

import pytest

from connector_vault.errors import StoreUnavailable
from connector_vault.room import now_ms
from connector_vault.stores import AddConnection, AddKey, Shred, Update, open_store
from tests.deeds import impatient
from tests.player import playing
from tests.rows import ADA, KEY, LINE, ROW, row_of


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


@asynccontextmanager
async def locked(file):
    """Let another process hold the write lock."""
    async with playing("lock", file) as other:
        yield other
        await other.go()


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
    async with locked(file):
        write = asyncio.create_task(store.commit(LINE))
        for _ in range(50):
            await store.get("con_1", ADA)
        assert not write.done()

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


async def test_the_audit_cannot_be_changed(store, raw):
    await store.commit(LINE)

    for statement in ("update audit set outcome = 'forged'", "delete from audit"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            raw(statement)

    assert raw("select outcome from audit") == [("ok",)]


async def test_audit_lines_keep_their_order(store, raw):
    await asyncio.gather(
        *(store.commit(LINE._replace(at=n), LINE._replace(at=n)) for n in range(500))
    )

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


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("secure_delete", 1), ("trusted_schema", 0)],
)
async def test_a_commit_is_on_the_disk_and_a_deletion_leaves_nothing(store, pragma, value):
    """No test can cut the power; these are what hold then."""
    asked = f"pragma {pragma}"

    found = await store._writer.run(lambda writer: writer.execute(asked).fetchall(), alone=True)

    assert found == [(value,)]

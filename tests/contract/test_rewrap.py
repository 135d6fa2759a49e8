"""What every store promises about data keys that are listed, and wrapped again."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from connector_vault.stores import (
    AddConnection,
    AddKey,
    Aged,
    DropKey,
    Rewrap,
    Shred,
    Swap,
    Tallies,
    Tally,
    Update,
    Wrapped,
    open_store,
)
from connector_vault.stores.postgres import schema
from connector_vault.stores.postgres.address import address_of
from connector_vault.stores.postgres.schema import upgrade
from connector_vault.stores.sqlite import file as sqlite_file
from connector_vault.stores.versions import look
from tests.postgres import asked
from tests.rows import KEY, LINE, ROW, all_of, row_of

OLD, NEW = ("local:x", 1), ("local:x", 2)
"""A holder, and the version of its key."""

YEAR = 365 * 24 * 3600 * 1000


async def together(_):
    """Keep data keys with the rows."""
    return None  # noqa: RET501  # it is an answer


async def apart(request):
    """Keep data keys in a second database, of the same make."""
    if "postgres" not in request.node.name:
        return f"sqlite:///{request.getfixturevalue('tmp_path') / 'keys.db'}"
    url = request.getfixturevalue("postgres").address(search_path="clockwork,pg_catalog")
    await upgrade(address_of(url))
    return url


@pytest.fixture(params=[together, apart], ids=lambda make: make.__name__)
async def keys(request):
    return await request.param(request)


@pytest.fixture
def another(url, keys, now):
    return lambda: open_store(url, world="real", clock=now, keys=keys)


def key(number, place=OLD, **more):
    """Give a data key, whose id grows with its number."""
    return KEY._replace(
        dek_id=number.to_bytes(16, "big"),
        holder=place[0],
        version=place[1],
        wrapped=b"wrapped %d" % number,
        **more,
    )


def swap(old, place=NEW, *, was=None):
    """Say how a data key is wrapped anew."""
    return Swap(old.dek_id, old.wrapped if was is None else was, *place, b"anew " + old.wrapped)


def swapped(old, place=NEW):
    """Give a data key as it is after that."""
    return old._replace(holder=place[0], version=place[1], wrapped=b"anew " + old.wrapped)


async def put(store, *some):
    await store.commit(*map(AddKey, some))


async def test_keys_are_found_by_what_wraps_them(store):
    some = [key(1), key(2, NEW), key(3, ("local:y", 1)), key(4)]
    await put(store, *some)

    assert await all_of(store, Wrapped(*OLD)) == [some[0], some[3]]
    assert await all_of(store, Wrapped(*NEW)) == [some[1]]
    assert await all_of(store, Wrapped("local:z", 1)) == []


@pytest.mark.parametrize("number", [199, 200, 201, 1_000])
async def test_many_keys_come_once_in_the_order_of_their_ids(store, number):
    """And in pages: those end at two hundred."""
    some = [key(one) for one in range(number)]
    await put(store, *reversed(some))

    assert await all_of(store, Wrapped(*OLD)) == some


async def test_keys_that_are_wrapped_anew_under_the_reader_come_once(store):
    some = [key(one) for one in range(450)]
    await put(store, *some)
    seen = []

    async for one in store.rows(Wrapped(*OLD)):
        seen.append(one)
        if len(seen) % 100 == 0:
            await store.commit(Rewrap(tuple(map(swap, seen[-100:]))))

    assert seen == some
    assert len(await all_of(store, Wrapped(*OLD))) == 50


async def test_tallies_count_what_each_version_wraps(store):
    await put(store, key(1), key(2, NEW), key(3), key(4, ("hcvault:k", 7)))

    tallies = [Tally("hcvault:k", 7, 1), Tally(*OLD, 2), Tally(*NEW, 1)]
    assert await all_of(store, Tallies()) == tallies


async def test_nothing_is_counted_where_there_is_nothing(store):
    assert await all_of(store, Tallies()) == []
    assert await all_of(store, Wrapped(*OLD)) == []
    assert await all_of(store, Aged(YEAR)) == []


async def test_more_versions_are_counted_than_fit_a_page(store):
    await put(store, *(key(one, ("local:x", one)) for one in range(1, 451)))

    assert await all_of(store, Tallies()) == [Tally("local:x", one, 1) for one in range(1, 451)]


async def test_the_aged_are_those_made_before_a_time(store):
    ages = {1: 4_000, 2: 5_000, 3: 3_000, 4: 4_999, 5: 4_000}
    made = {one: key(one, created_at=at) for one, at in ages.items()}
    await put(store, *made.values())

    found = await all_of(store, Aged(5_000))

    # The oldest first.
    assert found == [made[one] for one in (3, 1, 5, 4)]


async def test_many_aged_come_once(store):
    some = [key(one, created_at=one // 7) for one in range(1_000)]
    await put(store, *reversed(some))

    assert await all_of(store, Aged(100)) == [one for one in some if one.created_at < 100]


async def test_the_stores_own_keys_do_not_age(store):
    """They are no connection's, and end in other ways; but they are wrapped like all others."""
    own = key(1, tenant="", connection="")
    await put(store, own)

    assert await all_of(store, Aged(YEAR)) == []
    assert await all_of(store, Wrapped(*OLD)) == [own]


async def test_a_key_is_wrapped_anew(store):
    one, other = key(1), key(2)
    await put(store, one, other)

    await store.commit(Rewrap((swap(one),)))

    assert await store.key(one.dek_id) == swapped(one)
    assert await store.key(other.dek_id) == other
    assert await all_of(store, Tallies()) == [Tally(*OLD, 1), Tally(*NEW, 1)]


@pytest.mark.parametrize("number", [99, 100, 101, 1_100])
async def test_many_keys_are_wrapped_anew_at_once(store, number):
    some = [key(one) for one in range(number)]
    await put(store, *some)

    await store.commit(Rewrap(tuple(map(swap, some))))

    assert await all_of(store, Wrapped(*NEW)) == [swapped(one) for one in some]


async def test_a_key_that_somebody_else_wrapped_stays_as_it_is(store):
    some = [key(one) for one in range(3)]
    await put(store, *some)
    theirs = swap(some[1], ("local:theirs", 9))
    await store.commit(Rewrap((theirs,)))

    await store.commit(Rewrap(tuple(map(swap, some))))

    ours, other = swapped(some[0]), swapped(some[1], ("local:theirs", 9))
    assert await store.key(ours.dek_id) == ours
    assert await store.key(other.dek_id) == other
    assert await store.key(some[2].dek_id) == swapped(some[2])


async def test_of_two_who_wrap_a_key_anew_the_first_does(store):
    one = key(1)
    await put(store, one)

    await store.commit(Rewrap((swap(one),)), Rewrap((swap(one, ("local:z", 3)),)))
    await store.commit(Rewrap((swap(one, ("local:y", 3)),)))

    assert await store.key(one.dek_id) == swapped(one)


@pytest.mark.parametrize("gone", [DropKey(KEY.dek_id), Shred("con_1")], ids=["dropped", "shredded"])
async def test_a_key_that_was_destroyed_does_not_come_back(kept, gone):
    await kept.commit(gone)

    await kept.commit(Rewrap((swap(KEY),)))

    assert await kept.key(KEY.dek_id) is None
    assert await all_of(kept, Tallies()) == []


async def test_nothing_to_wrap_anew_is_nothing(kept):
    await kept.commit(Rewrap(()))

    assert await kept.key(KEY.dek_id) == KEY


async def test_wrapping_anew_makes_no_key_younger(store):
    one = key(1, created_at=1_234)
    await put(store, one)

    await store.commit(Rewrap((swap(one),)))

    assert (await store.key(one.dek_id)).created_at == 1_234
    assert [found.dek_id for found in await all_of(store, Aged(1_235))] == [one.dek_id]


async def test_keys_are_wrapped_anew_beside_other_changes(kept):
    await kept.commit(Rewrap((swap(KEY),)), Update("con_1", {}, {"label": "Ada"}), LINE)

    assert await kept.key(KEY.dek_id) == swapped(KEY)
    assert (await row_of(kept)).label == "Ada"


async def test_an_older_files_keys_get_an_age(tmp_path, now):
    file = tmp_path / "old.db"
    old = KEY._replace(dek_id=b"e" * 16)
    scripts = sorted((Path(sqlite_file.__file__).parent / "migrations").glob("*.sql"))
    with closing(sqlite3.connect(file)) as session:
        for script in scripts[:3]:
            session.executescript(script.read_text())
        session.execute("pragma user_version = 3")
        session.executemany("insert into dek values (?, ?, ?, ?, ?, ?)", [KEY[:-1], old[:-1]])
        session.commit()

    async with open_store(f"sqlite:///{file}", world="real", clock=now) as store:
        found = await all_of(store, Wrapped(*OLD))
        await store.commit(AddConnection(ROW), Rewrap((swap(KEY),)), Shred("con_2"))
        assert await store.key(KEY.dek_id) == swapped(found[0])
        assert await all_of(store, Aged(found[0].created_at + 1)) != []

    assert [one[:-1] for one in found] == [KEY[:-1], old[:-1]]
    # About now, by the clock of the machine; and at most a second before it.
    assert all(one.created_at > YEAR for one in found)


async def test_an_older_schemas_keys_get_an_age(postgres, now, monkeypatch):
    url = postgres.address()
    with monkeypatch.context() as patch:
        patch.setattr(schema, "_SCRIPTS", schema._SCRIPTS[:1])
        patch.setattr(schema, "NEWEST", 1)
        await upgrade(address_of(url))
    marks = ", ".join("?" * len(KEY[:-1]))
    asked(url, f"insert into dek values ({marks})", *KEY[:-1])

    await upgrade(address_of(url))

    async with open_store(url, world="real", clock=now) as store:
        (found,) = await all_of(store, Wrapped(*OLD))
    assert (found[:-1], found.created_at > YEAR) == (KEY[:-1], True)
    assert (await look(url)).found == schema.NEWEST

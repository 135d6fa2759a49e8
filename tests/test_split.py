"""Data keys in a second place: committed first, destroyed last, and never anybody else's."""

import asyncio

import pytest

from connector_vault import Owner, Secret
from connector_vault.errors import Misconfigured, StoreUnavailable
from connector_vault.opening import open_room
from connector_vault.pasting import paste
from connector_vault.room import now_ms
from connector_vault.stores import (
    AddConnection,
    AddConsent,
    AddKey,
    Claim,
    Conflict,
    DropKey,
    Everything,
    Purge,
    Shred,
    Unshredded,
    Update,
    is_new,
    open_store,
)
from connector_vault.stores.postgres.address import address_of
from connector_vault.stores.postgres.schema import upgrade
from tests.rows import ADA, CONSENT, KEY, ROW, all_of, row_of

END = Update("con_1", {"state": "active"}, {"state": "revoked", "sealed": b""})
SWEEP = Purge(consents=0, events=0, tombstones=0)


def in_files(folder, _, name):
    return f"sqlite:///{folder / name}.db"


def in_schemas(_, server, name):
    return server.address()


def in_both(folder, server, name):
    return in_schemas(folder, server, name) if name == "rows" else in_files(folder, server, name)


@pytest.fixture(params=[in_files, in_schemas, in_both], ids=lambda make: make.__name__)
def make(request, tmp_path):
    server = None if request.param is in_files else request.getfixturevalue("postgres")

    async def make(name):
        url = request.param(tmp_path, server, name)
        if url.startswith("postgresql:"):
            await upgrade(address_of(url))
        return url

    return make


@pytest.fixture
async def places(make):
    return await make("rows"), await make("keys")


@pytest.fixture
def opening(places):
    def opening(rows=places[0], keys=places[1]):
        return open_store(rows, world="real", clock=now_ms, keys=keys)

    return opening


@pytest.fixture
async def store(opening):
    async with opening() as store:
        yield store


@pytest.fixture
async def kept(store):
    await store.commit(AddKey(KEY), AddConnection(ROW))
    return store


def away(store, *, after=0):
    """Let a store commit so often, and then no more: as if this process had died there."""
    commit, left = store.commit, [after]

    async def failing(*changes):
        left[0] -= 1
        if left[0] < 0:
            raise StoreUnavailable("away")
        await commit(*changes)

    store.commit = failing


async def back(opening):
    """Open the store again, as the next process does, and let it make order."""
    async with opening() as store:
        await store.commit(SWEEP)
        return await store.key(KEY.dek_id), [row async for row in store.rows(Unshredded())]


async def test_keys_lie_in_the_second_place(kept):
    assert await kept.key(KEY.dek_id) == KEY == await kept._keys.key(KEY.dek_id)
    assert await kept._rows.key(KEY.dek_id) is None
    assert await all_of(kept._keys) == []
    assert await row_of(kept) == ROW


async def test_what_has_no_keys_is_one_stores_affair(kept):
    away(kept._keys)

    await kept.commit(AddConsent(CONSENT, 0))
    assert await kept.take(Claim(CONSENT.id, ADA, 0)) == [CONSENT]
    assert (await kept.get("con_1", ADA)).id == "con_1"
    assert (await kept.lease(ROW, attempt="a", seconds=9, spend=True)).attempt == "a"


async def test_a_key_alone_is_made_once(store):
    await store.commit(AddKey(KEY))

    with pytest.raises(Conflict):
        await store.commit(AddKey(KEY._replace(wrapped=b"another")))
    assert await store.key(KEY.dek_id) == KEY
    await store.commit(DropKey(KEY.dek_id))
    assert await store.key(KEY.dek_id) is None


async def test_a_key_whose_connection_cannot_be_made_is_dropped(kept):
    other = KEY._replace(dek_id=b"e" * 16)

    with pytest.raises(Conflict):
        await kept.commit(AddKey(other), AddConnection(ROW))

    assert await kept.key(other.dek_id) is None
    assert await kept.key(KEY.dek_id) == KEY


async def test_a_crash_before_the_keys_changes_nothing(store, opening):
    away(store._keys)
    with pytest.raises(StoreUnavailable):
        await store.commit(AddKey(KEY), AddConnection(ROW))

    assert await all_of(store) == []
    assert await back(opening) == (None, [])


async def test_a_crash_after_the_keys_leaves_what_seals_nothing(store):
    commit = store._rows.commit
    away(store._rows)
    with pytest.raises(StoreUnavailable):
        await store.commit(AddKey(KEY), AddConnection(ROW))
    assert await all_of(store) == []

    store._rows.commit = commit
    await store.commit(AddKey(KEY), AddConnection(ROW))
    assert await row_of(store) == ROW


async def test_an_ended_connections_key_is_destroyed(kept):
    await kept.commit(END, Shred("con_1"))

    assert await kept.key(KEY.dek_id) is None
    assert (await row_of(kept)).dek_id == b""
    assert await all_of(kept, Unshredded()) == []


async def test_a_key_outlives_what_could_not_be_ended(kept):
    with pytest.raises(Conflict):
        await kept.commit(Update("con_1", {"state": "no"}, {"label": "x"}), Shred("con_1"))

    assert await kept.key(KEY.dek_id) == KEY


@pytest.mark.parametrize("reached", ["rows", "keys"])
async def test_a_crash_before_a_key_is_destroyed_is_made_good(kept, opening, reached):
    away(*((kept._keys,) if reached == "rows" else (kept._rows,)), after=int(reached == "keys"))
    with pytest.raises(StoreUnavailable):
        await kept.commit(END, Shred("con_1"))
    assert (await row_of(kept)).state == "revoked"
    assert [row.id for row in await all_of(kept, Unshredded())] == ["con_1"]

    assert await back(opening) == (None, [])


async def test_no_tombstone_goes_before_its_key(kept):
    await kept.commit(END)
    away(kept._keys)

    with pytest.raises(StoreUnavailable):
        await kept.commit(Purge(consents=0, events=0, tombstones=now_ms() + 1))

    assert [row.id for row in await all_of(kept)] == ["con_1"]


@pytest.mark.parametrize("steps", range(0, 40, 3))
async def test_a_cancelled_commit_is_seen_through(kept, steps):
    task = asyncio.create_task(kept.commit(END, Shred("con_1")))
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    await kept.close()

    gone = await kept.key(KEY.dek_id) is None
    assert ((await row_of(kept)).state, gone) in [("revoked", True), ("active", False)]


async def test_the_two_are_opened_again(opening, places):
    async with opening() as store:
        await store.commit(AddKey(KEY), AddConnection(ROW))
        first = store.id

    async with opening() as again:
        assert (again.id, await again.key(KEY.dek_id)) == (first, KEY)
    assert not await is_new(*places)


async def test_one_is_not_opened_without_the_other(kept, opening, places):
    for alone in ((places[0], None), (places[1], None), (places[1], places[0])):
        with pytest.raises(Misconfigured, match="keys"):
            async with opening(*alone):
                pass


async def test_a_third_is_refused(kept, make, opening, places):
    third = await make("third")
    for pair in ((places[0], third), (third, places[1])):
        with pytest.raises(Misconfigured, match="CONNECTOR_VAULT_KEYS_DATABASE"):
            async with opening(*pair):
                pass
    assert await kept.key(KEY.dek_id) == KEY


async def test_a_database_with_its_keys_in_it_keeps_them(make, opening):
    whole = await make("whole")
    async with open_store(whole, world="real", clock=now_ms) as store:
        await store.commit(AddKey(KEY), AddConnection(ROW))

    with pytest.raises(Misconfigured, match="lie in it"):
        async with opening(whole):
            pass


async def test_a_database_is_not_its_own_second_place(opening, places):
    with pytest.raises(Misconfigured):
        async with opening(places[0], places[0]):
            pass


async def test_a_vault_keeps_its_keys_apart(places, tmp_path):
    owner, secret = Owner(tenant="acme", user="ada"), Secret("sk-0123456789abcdefghijklmnop")
    told = {
        "keys": f"local:{tmp_path / 'vault.key'}",
        "keys_database": places[1],
        "journal": str(tmp_path / "journal"),
        "clients": [],
        "emulator": None,
        "on_event": None,
        "webhooks": [],
        "clock": now_ms,
    }
    async with open_room(places[0], **told) as room:
        row = await paste(room, "openrouter", owner, secret, "")
    async with open_room(places[0], **told) as room:
        tokens, _ = await room.keyring.open(await room.row(row.id, owner))
        keys = await room.store._rows.key(row.dek_id), await room.store._keys.key(row.dek_id)
        found = [one.id async for one in room.store.rows(Everything())]

    assert (tokens.access, found) == (secret, [row.id])
    assert (keys[0], keys[1].connection) == (None, row.id)

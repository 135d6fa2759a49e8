"""Data keys that do not open, holders and databases that are away: a rotation loses nothing."""

import asyncio
from contextlib import suppress

import pytest

from connector_vault import rotation
from connector_vault.errors import (
    Corrupt,
    KeysDenied,
    KeysUnavailable,
    Misconfigured,
    NotAllowed,
    StoreUnavailable,
)
from connector_vault.stores import Tallies, Undecided
from connector_vault.stores import Wrapped as WrappedBy
from connector_vault.stores.listing import Listing
from tests.deeds import ADA, row_of
from tests.wraps import ALL, add_some, check, chill, gated, holder_of, turned_by

DATABASES = ["sqlite", "postgres"]

AWAY = KeysUnavailable("the holder is away"), StoreUnavailable("the database is away")
REFUSALS = KeysDenied("no"), Misconfigured("there is no such key")


@pytest.fixture
async def some(vault):
    """Twenty-nine connections: with the store's own, thirty data keys, in three pages."""
    return await add_some(vault, 29)


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(rotation, "_PAGE", 10)


@pytest.fixture
def hasty(monkeypatch):
    """Let a rotation give up at once."""
    monkeypatch.setattr(rotation, "_PATIENCE", 0.0)


@pytest.fixture
async def damaged(vault, some, raw):
    """Damage the data key of one connection, and give it."""
    dek_id = (await row_of(vault, some[7])).dek_id
    raw("update dek set wrapped = ? where dek_id = ?", b"\0\0\0\1" + bytes(60), dek_id)
    return some[7]


def versions(raw):
    return sorted(version for _, _, version, _ in raw(ALL))


def failing(monkeypatch, owner, name, error, *, times=1, after=0):
    """Let a method fail so often, once it has done its work so often."""
    done, left = getattr(owner, name), [after, times]

    async def method(*given, **said):
        if left[0]:
            left[0] -= 1
        elif left[1]:
            left[1] -= 1
            raise error
        return await done(*given, **said)

    monkeypatch.setattr(owner, name, method)


async def test_a_damaged_key_holds_up_no_other(vault, some, damaged, raw, caplog):
    told = []

    status = await vault.rotate(progress=lambda *said: told.append(said))

    assert (status.stale, versions(raw)) == (1, [1] + [2] * 29)
    assert told[-1] == (29, 30)
    assert f"the data key of {damaged.id} is not wrapped anew" in caplog.text
    chill(vault)
    await check(vault, [one for one in some if one is not damaged])


async def test_a_damaged_key_is_left_as_it_is(vault, damaged, raw):
    """Whoever has a backup may mend it."""
    ask = "select wrapped, holder, version from dek where connection = ?"
    before = raw(ask, damaged.id)

    await vault.rotate()

    assert raw(ask, damaged.id) == before


async def test_a_damaged_key_keeps_older_versions_alive(vault, damaged):
    await vault.rotate()

    with pytest.raises(NotAllowed, match=r"version 1 of local:.* still wraps 1 data key"):
        await vault.rotation.retire()

    assert (await vault.rotation.status()).oldest == 1


async def test_once_its_connection_was_ended_a_damaged_key_is_in_nobodys_way(
    vault, damaged, monkeypatch
):
    monkeypatch.setattr(rotation, "_UNDER_WAY", 0.0)
    await vault.rotate()

    await vault.disconnect(damaged.id, owner=ADA)

    assert (await vault.rotation.retire()).oldest == 2


async def test_a_store_key_that_was_damaged_is_told(vault, some, raw, caplog):
    raw("update dek set wrapped = ? where tenant = ''", bytes(64))

    assert (await vault.rotate()).stale == 1

    assert "the data key of the store is not wrapped anew" in caplog.text


async def test_keys_that_are_all_damaged_are_all_told(vault, some, raw, caplog):
    raw("update dek set wrapped = ?", bytes(64))

    assert (await vault.rotate()).stale == 30

    assert caplog.text.count("is not wrapped anew") == 30


async def test_a_key_of_another_place_is_not_wrapped_for_this_one(vault, some, raw):
    """A rewrap must not make genuine what somebody put there."""
    one, other = [(await row_of(vault, connection)).dek_id for connection in some[:2]]
    ((wrapped,),) = raw("select wrapped from dek where dek_id = ?", one)
    raw("update dek set wrapped = ? where dek_id = ?", wrapped, other)

    assert (await vault.rotate()).stale == 1

    chill(vault)
    with pytest.raises(Corrupt):
        await vault.token(some[1].id, owner=ADA, purpose="test")


@pytest.mark.parametrize("error", AWAY, ids=["holder", "database"])
async def test_a_holder_that_is_away_for_a_while_is_waited_for(vault, some, place, error):
    turned, holder = turned_by(vault, place)
    holder.trouble = [error] * 4

    assert (await turned.rotate()).stale == 0

    assert holder.rewrapped == 3 + 4
    await check(vault, some)


@pytest.mark.parametrize("after", [0, 1])
async def test_a_database_that_does_not_store_is_waited_for(vault, some, monkeypatch, after):
    store = vault.room.store
    failing(monkeypatch, store, "commit", StoreUnavailable("away"), times=2, after=after)

    assert (await vault.rotate()).stale == 0


@pytest.mark.parametrize("after", [0, 5, 15])
async def test_a_database_that_does_not_list_is_waited_for(vault, some, monkeypatch, after):
    """Before the first key, and in the middle of them."""
    failures(monkeypatch, vault.room.store, after, times=2)
    told = []

    status = await vault.rotate(progress=lambda *said: told.append(said))

    assert (status.stale, told[-1]) == (0, (30, 30))


def failures(monkeypatch, store, after, times):
    """Let a database be away so often, each time after it has given so many data keys."""
    rows, left = store.rows, [times]

    async def listing(query):
        number = 0
        async for row in rows(query):
            if isinstance(query, WrappedBy) and number == after and left[0]:
                left[0] -= 1
                raise StoreUnavailable("away")
            number += 1
            yield row

    monkeypatch.setattr(store, "rows", listing)


async def test_what_was_listed_before_a_failure_is_not_listed_again(vault, some, monkeypatch, raw):
    failures(monkeypatch, vault.room.store, 15, times=1)
    (tally,) = [one async for one in vault.room.store.rows(Tallies())]
    listing, pages = Listing(vault.room.store, tally, 10), []

    while not pages or pages[-1]:
        with suppress(StoreUnavailable):
            pages.append(await listing.page())

    assert [row.dek_id for page in pages for row in page] == [one[0] for one in raw(ALL)]


async def test_a_database_that_stays_away_is_told_as_that(vault, some, monkeypatch, hasty):
    failures(monkeypatch, vault.room.store, 15, times=10)

    with pytest.raises(StoreUnavailable, match="away"):
        await vault.rotate()

    monkeypatch.undo()
    assert await vault.rotation.rewrap() <= 30
    assert (await vault.rotation.status()).stale == 0


async def test_what_was_stored_although_nobody_heard_of_it_is_done(vault, some, monkeypatch):
    commit, lost = vault.room.store.commit, [True]

    async def deaf(*changes):
        await commit(*changes)
        if lost:
            lost.clear()
            raise Undecided("the answer was lost")

    monkeypatch.setattr(vault.room.store, "commit", deaf)

    assert (await vault.rotate()).stale == 0
    await check(vault, some)


@pytest.mark.parametrize("error", AWAY, ids=["holder", "database"])
async def test_whoever_stays_away_ends_it_with_what_was_done(
    vault, some, place, error, monkeypatch, hasty
):
    monkeypatch.setattr(rotation, "_WIDTH", 1)
    turned, holder = turned_by(vault, place)
    failing(monkeypatch, holder, "rewrap", error, times=9, after=1)

    with pytest.raises(type(error), match="away"):
        await turned.rotate()

    assert (await vault.rotation.status()).stale == 20
    assert await vault.rotation.rewrap() == 20
    await check(vault, some)


@pytest.mark.parametrize("error", REFUSALS, ids=["denied", "misconfigured"])
async def test_a_refusal_ends_it_at_once_with_what_was_done(vault, some, place, error, monkeypatch):
    monkeypatch.setattr(rotation, "_WIDTH", 1)
    turned, holder = turned_by(vault, place)
    failing(monkeypatch, holder, "rewrap", error, times=9, after=2)

    with pytest.raises(type(error), match=str(error)):
        await turned.rotate()

    assert holder.rewrapped == 2
    assert await vault.rotation.rewrap() == 10
    await check(vault, some)


async def test_a_refusal_lets_what_was_begun_come_to_its_end(vault, some, place, monkeypatch):
    turned, holder = turned_by(vault, place)
    gate = gated(monkeypatch, vault.room.store, "commit", before=True)
    failing(monkeypatch, holder, "rewrap", REFUSALS[0], times=9, after=1)
    task = asyncio.create_task(turned.rotate())
    await gate.reached.wait()
    gate.open()

    with pytest.raises(KeysDenied):
        await task

    assert (await vault.rotation.status()).stale == 20


async def test_a_holder_that_may_not_rotate_changes_nothing(vault, some, place, monkeypatch, raw):
    turned, holder = turned_by(vault, place)
    failing(monkeypatch, holder, "rotate", REFUSALS[0])
    before = raw(ALL)

    with pytest.raises(KeysDenied):
        await turned.rotate()

    assert raw(ALL) == before


async def test_a_holder_that_is_needed_and_was_not_given_is_named_before_all(vault, some, raw):
    raw("update dek set holder = 'pkcs11:gone' where connection = ?", some[3].id)
    await holder_of(vault).rotate()

    with pytest.raises(Misconfigured, match=r"under pkcs11:gone.*CONNECTOR_VAULT_KEYS"):
        await vault.rotation.rewrap()

    assert versions(raw) == [1] * 30

"""What every store promises about access keys, and about who looks after a whole tenant."""

import pytest

from connector_vault import Owner, Tenant
from connector_vault.stores import (
    AddAccess,
    AddConnection,
    Conflict,
    EndAccess,
    Issued,
    One,
    Owned,
    Presented,
)
from tests.rows import ACCESS, ADA, LINE, ROW, all_of

ACME = Tenant(name="acme")
EVE = ROW._replace(id="con_2", user="eve")
SHARED = ROW._replace(id="con_3", user="")
ABROAD = ROW._replace(id="con_4", tenant="evil")


async def test_a_key_is_found_by_its_hash(store):
    await store.commit(AddAccess(ACCESS))

    assert await all_of(store, Presented(ACCESS.digest)) == [ACCESS]
    assert await all_of(store, Presented(b"x" * 32)) == []


@pytest.mark.parametrize("user", ["ada", "", None])
async def test_whose_a_key_is_comes_back_as_it_was(store, user):
    """The workspace itself is not everybody in it."""
    access = ACCESS._replace(user=user)
    await store.commit(AddAccess(access))

    assert await all_of(store, Presented(ACCESS.digest)) == [access]


async def test_keys_come_by_tenant_the_oldest_first(store):
    young = ACCESS._replace(id="key_0", digest=b"y" * 32, created_at=2_000)
    theirs = ACCESS._replace(id="key_2", digest=b"t" * 32, tenant="evil")
    await store.commit(*map(AddAccess, (young, ACCESS, theirs)))

    assert await all_of(store, Issued("acme")) == [ACCESS, young]
    assert await all_of(store, Issued()) == [ACCESS, theirs, young]


@pytest.mark.parametrize("taken", [{"id": "key_2"}, {"digest": b"x" * 32}], ids=str)
async def test_an_id_or_a_hash_that_is_taken_is_a_conflict(store, taken):
    await store.commit(AddAccess(ACCESS))

    with pytest.raises(Conflict):
        await store.commit(LINE, AddAccess(ACCESS._replace(**taken)))


async def test_a_key_is_revoked_once(store):
    await store.commit(AddAccess(ACCESS))

    await store.commit(EndAccess("key_1", 3_000, b"n" * 32))
    with pytest.raises(Conflict):
        await store.commit(EndAccess("key_1", 4_000, b"o" * 32))

    ended = ACCESS._replace(revoked_at=3_000, mac=b"n" * 32)
    assert await all_of(store, Issued("acme")) == [ended]


async def test_a_key_that_is_not_there_is_not_revoked(store):
    with pytest.raises(Conflict):
        await store.commit(EndAccess("key_1", 3_000, b"n" * 32))


async def test_a_tenant_is_everybody_in_it(store):
    await store.commit(*map(AddConnection, (ROW, EVE, SHARED, ABROAD)))

    assert await all_of(store, Owned(owner=ACME)) == [ROW, EVE, SHARED]
    assert await all_of(store, Owned(owner=Owner(tenant="acme"))) == [SHARED]
    assert await all_of(store, One("con_2", ACME)) == [EVE]
    assert await all_of(store, One("con_4", ACME)) == []


@pytest.mark.parametrize("owner", [ADA, ACME], ids=str)
async def test_rows_go_on_after_the_last_one_seen(store, owner):
    rows = [ROW._replace(id=f"con_{n:03}", created_at=1_000 + n // 2) for n in range(450)]
    await store.commit(*map(AddConnection, rows))

    for last in (rows[0], rows[199], rows[449]):
        query = Owned(owner=owner, after=(last.created_at, last.id))
        assert await all_of(store, query) == rows[rows.index(last) + 1 :]

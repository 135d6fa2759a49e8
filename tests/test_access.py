"""Access keys: shown once, known by their hash, and worth nothing once revoked."""

import asyncio
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_vault import Owner, Secret, Tenant, access
from connector_vault.errors import BadArguments, Corrupt
from tests.deeds import ADA

WHOSE = [ADA, Owner(tenant="acme"), Tenant(name="acme")]
MADE_UP = Secret("cvk_" + "a" * 52)


async def issued(vault, tenant=None):
    return [key async for key in access.issued(vault.room, tenant)]


@pytest.mark.parametrize("whose", WHOSE, ids=str)
async def test_a_key_says_whose_it_is(vault, whose):
    key, secret = await access.create(vault.room, whose, "panel")

    assert await access.identify(vault.room, secret) == key.whose == whose
    assert await issued(vault, "acme") == [key]
    assert (key.name, key.live) == ("panel", True)


async def test_no_two_keys_are_alike(vault):
    made = [await access.create(vault.room, ADA) for _ in range(20)]

    assert len({secret.reveal() for _, secret in made}) == 20
    assert all(len(set(secret.reveal())) > 10 for _, secret in made)


async def test_a_stolen_database_holds_no_access_key(vault, place):
    _, secret = await access.create(vault.room, ADA)

    held = b"".join(path.read_bytes() for path in place.folder.iterdir())

    assert hashlib.sha256(secret.reveal().encode()).digest() in held
    assert secret.reveal()[4:].encode() not in held


@pytest.mark.parametrize(
    "text", ["", "cvk_", MADE_UP.reveal()[:-1], MADE_UP.reveal() + "a", "key_" + "a" * 52, "é" * 56]
)
async def test_what_is_no_key_is_nobodys(vault, text):
    await access.create(vault.room, ADA)

    assert await access.identify(vault.room, MADE_UP) is None
    assert await access.identify(vault.room, Secret(text)) is None


async def test_a_revoked_key_is_nobodys_in_any_process(vault, opened):
    key, secret = await access.create(vault.room, ADA)

    async with opened() as other:
        assert await access.identify(other.room, secret) == ADA
        await access.revoke(vault.room, key.id, "acme")
        assert await access.identify(other.room, secret) is None


async def test_a_revoked_key_stays_listed(vault):
    key, _ = await access.create(vault.room, ADA)

    revoked = await access.revoke(vault.room, key.id, "acme")

    assert revoked.revoked_at is not None
    assert await issued(vault) == [revoked]


async def test_a_key_is_revoked_once_however_many_ask(vault, opened, raw):
    key, _ = await access.create(vault.room, ADA)

    async with opened() as other:
        rooms = [vault.room, other.room] * 5
        came = await asyncio.gather(*(access.revoke(room, key.id, "acme") for room in rooms))

    assert len(set(came)) == 1
    assert raw("select count(*) from audit where outcome = 'revoked'") == [(1,)]


@pytest.mark.parametrize("tenant", ["evil", "acme"])
async def test_another_tenants_key_is_not_revoked(vault, tenant):
    key, secret = await access.create(vault.room, ADA)
    named = key.id if tenant == "evil" else "key_none"

    with pytest.raises(BadArguments, match="no such access key"):
        await access.revoke(vault.room, named, tenant)

    assert await access.identify(vault.room, secret) == ADA


async def test_the_audit_says_who_got_a_key_and_lost_it(vault, raw):
    key, secret = await access.create(vault.room, Tenant(name="acme"), "panel")
    await access.revoke(vault.room, key.id, "acme")

    lines = raw("select tenant, user, outcome, detail from audit where deed = 'access key'")

    assert [line[:3] for line in lines] == [("acme", "", "created"), ("acme", "", "revoked")]
    assert json.loads(lines[0][3]) == {"id": key.id, "name": "panel", "everybody": True}
    assert secret.reveal() not in str(raw("select * from audit"))


@pytest.mark.parametrize(
    "change",
    [
        *("tenant = 'evil'", "user = null", "user = ''", "user = 'eve'", "name = 'x'"),
        *("id = 'key_x'", "created_at = 1", "revoked_at = 1", "mac = x''"),
    ],
)
async def test_an_access_key_that_was_edited_is_refused(vault, raw, change):
    _, secret = await access.create(vault.room, ADA, "panel")

    raw(f"update access set {change}")

    with pytest.raises(Corrupt, match="altered"):
        await access.identify(vault.room, secret)
    with pytest.raises(Corrupt, match="altered"):
        await issued(vault)


async def test_a_revoked_key_cannot_be_brought_back_by_an_edit(vault, raw):
    key, secret = await access.create(vault.room, ADA)
    await access.revoke(vault.room, key.id, "acme")

    raw("update access set revoked_at = 0")

    with pytest.raises(Corrupt):
        await access.identify(vault.room, secret)


async def test_who_writes_to_the_database_cannot_mint_a_key(vault, raw):
    """Not even with the proof of a genuine one beside it."""
    await access.create(vault.room, ADA)
    ((mac,),) = raw("select mac from access")
    digest = hashlib.sha256(MADE_UP.reveal().encode()).digest()

    raw("insert into access values ('key_x', 'acme', null, '', ?, 1, 0, ?)", digest, mac)

    with pytest.raises(Corrupt):
        await access.identify(vault.room, MADE_UP)


async def test_a_genuine_hash_under_another_key_is_refused(vault, raw):
    await access.create(vault.room, Tenant(name="acme"))

    raw("update access set digest = ?", hashlib.sha256(MADE_UP.reveal().encode()).digest())

    with pytest.raises(Corrupt):
        await access.identify(vault.room, MADE_UP)


@pytest.mark.parametrize("name", ["x" * 101, "a\nb", "\ud800"], ids=ascii)
async def test_a_name_that_cannot_be_one_makes_no_key(vault, name):
    with pytest.raises(BadArguments):
        await access.create(vault.room, ADA, name)

    assert await issued(vault) == []


@given(st.text())
def test_whatever_is_shown_is_a_key_or_nobodys(text):
    assert bool(access._TEXT.fullmatch(text)) <= (len(text) == 56)

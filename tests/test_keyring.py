"""A stolen database is noise, and an edited one is found out."""

from dataclasses import replace

import pytest

from connector_vault import Owner, Secret
from connector_vault.errors import (
    ConnectorVaultError,
    Corrupt,
    RolledBack,
    Shredded,
)
from tests.deeds import ADA, renew, row_of
from tests.holder import Holder, keyring_of

DATABASES = ["sqlite", "postgres"]

KEY = Secret("sk-1234567890")
BOUND = {
    "kind": "token",
    "provider": "gitlab",
    "client_id": "Iv1.evil",
    "generation": 2,
    "expires_at": 1,
    "grant_id": "grant_other",
    "dek_id": b"x" * 16,
    "sealed": b"\xc5\x01" + b"x" * 200,
}
"""What steers the use of a credential, and an editor of the database could change."""

UNREADABLE = {"kind": "x", "state": "paused", "receipt": "junk", "sealed": b""}
SHOWN = ["state", "label", "account", "reason", "scopes"]


class Clock:
    time = 0.0

    def __call__(self):
        return self.time


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def holder(place, vault):
    return Holder(place.keys)


@pytest.fixture
def keyring(vault, holder, clock):
    return keyring_of(vault, holder, clock)


@pytest.fixture
async def connection(vault):
    return await vault.add("openrouter", ADA, secret=KEY)


async def token(vault, connection):
    return await vault.token(connection.id, owner=connection.owner, purpose="test")


async def test_a_row_opens_where_it_was_sealed(vault, keyring, connection):
    tokens, account = await keyring.open(await row_of(vault, connection))

    assert (tokens.access, tokens.refresh, account) == (KEY, None, "")


@pytest.mark.parametrize("column", BOUND)
async def test_a_row_that_was_edited_does_not_open(vault, keyring, connection, raw, column):
    raw(f"update connection set {column} = ?", BOUND[column])
    row = (await row_of(vault, connection))._replace(**{column: BOUND[column]})

    with pytest.raises((Corrupt, Shredded)):
        await keyring.open(row)


@pytest.mark.parametrize("column", sorted(BOUND))
async def test_a_token_of_an_edited_row_is_not_handed_out(vault, connection, raw, column):
    await token(vault, connection)
    raw(f"update connection set {column} = ?", BOUND[column])

    with pytest.raises(ConnectorVaultError):
        await token(vault, connection)


@pytest.mark.parametrize("column", UNREADABLE)
async def test_an_edited_row_is_an_error_of_ours(vault, connection, raw, column):
    await vault.disconnect(connection.id, owner=ADA)
    raw(f"update connection set {column} = ?", UNREADABLE[column])

    for work in (vault.get, vault.disconnect):
        try:
            await work(connection.id, owner=ADA)
        except ConnectorVaultError:
            continue


@pytest.mark.parametrize("column", SHOWN)
async def test_what_is_only_shown_does_not_steer(vault, connection, raw, column):
    raw(f"update connection set {column} = ?", "active" if column == "state" else "edited")

    assert (await token(vault, connection)).secret == KEY


async def test_a_row_put_in_anothers_place_does_not_open(vault, raw):
    """Whoever writes the database gets nobody's token by giving it to himself."""
    ada = await vault.add("openrouter", ADA, secret=KEY)
    eve = await vault.add("openrouter", Owner(tenant="evil", user="eve"), secret=Secret("sk-eve"))
    ((sealed, dek),) = raw("select sealed, dek_id from connection where id = ?", ada.id)
    raw("update connection set sealed = ?, dek_id = ? where id = ?", sealed, dek, eve.id)

    with pytest.raises(Corrupt):
        await token(vault, eve)


async def test_a_connection_given_to_another_owner_does_not_open(vault, raw):
    connection = await vault.add("openrouter", ADA, secret=KEY)
    raw("update connection set tenant = 'evil', \"user\" = 'eve'")
    eve = Owner(tenant="evil", user="eve")

    with pytest.raises(Corrupt):
        await vault.token(connection.id, owner=eve, purpose="test")


async def test_a_key_given_to_another_connection_does_not_open(vault, keyring, raw):
    ada = await vault.add("openrouter", ADA, secret=KEY)
    eve = await vault.add("openrouter", ADA, secret=Secret("sk-eve"))
    ((wrapped,),) = raw("select wrapped from dek where connection = ?", ada.id)
    raw("update dek set wrapped = ? where connection = ?", wrapped, eve.id)

    with pytest.raises(Corrupt):
        await keyring.open(await row_of(vault, eve))


async def test_an_older_row_does_not_come_back(vault, raw):
    """Its generation is bound, so a row of before opens only with the generation of before."""
    connection = await vault.add("openrouter", ADA, secret=KEY)
    raw("update connection set generation = generation + 1")

    with pytest.raises(Corrupt):
        await token(vault, connection)


@pytest.mark.parametrize("read", ["token", "get"])
async def test_a_whole_row_of_yesterday_is_noticed_by_who_saw_todays(vault, connect, raw, read):
    """It is genuine, and opens: only who has read a newer one can tell."""
    connection = await connect(vault)
    (before,) = raw("select generation, expires_at, sealed from connection")
    await renew(vault, connection)
    set_ = "update connection set generation = ?, expires_at = ?, sealed = ?"
    raw(set_, *before)

    with pytest.raises(RolledBack, match=connection.id):
        await (token(vault, connection) if read == "token" else vault.get(connection.id, owner=ADA))


async def test_who_reads_while_a_newer_row_is_read_is_not_alarmed(vault, connection):
    """Between the asking and the answer of a database there is time."""
    old = await vault.room.credential(connection.id, ADA)

    class Slow:
        async def get(self, *_):
            vault.room.seen.rise(old._replace(generation=2))
            return old

    room = replace(vault.room, store=Slow())

    assert (await room.credential(connection.id, ADA)).generation == 1
    with pytest.raises(RolledBack):
        await room.credential(connection.id, ADA)


async def test_a_shredded_key_says_so(vault, keyring, connection, raw):
    raw("delete from dek where connection = ?", connection.id)

    with pytest.raises(Shredded, match=connection.id):
        await keyring.open(await row_of(vault, connection))


async def test_no_two_connections_share_a_key(vault, raw):
    for _ in range(5):
        await vault.add("openrouter", ADA, secret=KEY)

    assert raw("select count(distinct dek_id), count(distinct wrapped) from dek") == [(6, 6)]


async def test_the_same_secret_is_sealed_differently_each_time(vault, raw):
    for _ in range(5):
        await vault.add("openrouter", ADA, secret=KEY)

    assert raw("select count(distinct sealed) from connection") == [(5,)]


async def test_a_store_whose_own_key_is_gone_does_not_get_another(opened, vault, connection, raw):
    raw("delete from dek where connection = ''")

    with pytest.raises(Corrupt, match="own key"):
        async with opened():
            pass


async def test_a_consent_that_was_edited_is_found_out(vault, agree, raw):
    pending = await vault.connect("github", ADA, redirect_uri="http://127.0.0.1:9/callback")
    callback = await agree(pending)
    raw("update consent set \"user\" = 'eve'")

    with pytest.raises(Corrupt):
        await vault.finish(callback, owner=Owner(tenant="acme", user="eve"))


async def test_a_consent_made_to_last_is_found_out(vault, agree, raw):
    pending = await vault.connect("github", ADA, redirect_uri="http://127.0.0.1:9/callback")
    callback = await agree(pending)
    raw("update consent set expires_at = expires_at + 1")

    with pytest.raises(Corrupt):
        await vault.finish(callback, owner=ADA)

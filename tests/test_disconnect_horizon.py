"""A receipt says until when copies of a destroyed key can be opened, and that is when they end."""

import json

import pytest

from connector_vault import Secret, rotation
from connector_vault.envelope import wrap_context
from connector_vault.errors import Corrupt, StoreUnavailable
from connector_vault.keys import Wrapped, open_keys
from connector_vault.reports import horizon
from tests.deeds import ADA, row_of

DATABASES = ["sqlite", "postgres"]
"""Each test runs on both."""

KEY = Secret("sk-1234567890")


@pytest.fixture
async def connection(vault):
    return await vault.add("openrouter", ADA, secret=KEY)


@pytest.fixture
def holder(place, vault):
    return open_keys(place.keys)


async def end(vault, connection):
    return await vault.disconnect(connection.id, owner=ADA)


async def copied(vault, connection):
    """Copy a wrapped data key, as a backup does; give it with its place."""
    row = await row_of(vault, connection)
    store = vault.room.store
    found = await store.key(row.dek_id)
    return Wrapped(found.wrapped, wrap_context(store.id, row.tenant, row.id, row.dek_id))


async def test_a_receipt_names_who_wrapped_the_key_that_was_destroyed(vault, connection, holder):
    receipt = await end(vault, connection)

    assert receipt.shred_horizon == f"when version 1 of {holder.id} is retired"


async def test_the_horizon_is_the_version_that_wrapped_it_last(vault, connection, holder):
    await vault.rotate()

    receipt = await end(vault, connection)

    assert receipt.shred_horizon == f"when version 2 of {holder.id} is retired"


async def test_asking_again_gives_the_same_horizon(vault, opened, connection):
    first = await end(vault, connection)
    await vault.rotate()

    async with opened() as other:
        assert await end(other, connection) == first
    assert await end(vault, connection) == first


async def test_a_copy_opens_until_the_horizon_and_never_again(
    vault, connection, holder, monkeypatch
):
    monkeypatch.setattr(rotation, "_UNDER_WAY", 0)
    copy = await copied(vault, connection)
    await end(vault, connection)
    await vault.rotate()
    (before,) = await holder.unwrap([copy])

    await vault.rotation.retire()

    (after,) = await open_keys(f"local:{holder._path}").unwrap([copy])
    assert isinstance(before, bytearray)
    assert isinstance(after, Corrupt)


async def test_a_copy_from_before_a_rotation_is_noise_at_the_horizon_too(
    vault, connection, holder, monkeypatch
):
    """Whoever retires a version retires all before it."""
    monkeypatch.setattr(rotation, "_UNDER_WAY", 0)
    copies = [await copied(vault, connection)]
    await vault.rotate()
    copies.append(await copied(vault, connection))
    receipt = await end(vault, connection)
    assert receipt.shred_horizon.startswith("when version 2 of")

    await vault.rotate()
    await vault.rotation.retire()

    answers = await open_keys(f"local:{holder._path}").unwrap(copies)
    assert [type(one) for one in answers] == [Corrupt, Corrupt]


async def test_a_tombstone_of_an_earlier_version_says_what_is_known(vault, connection, raw):
    await end(vault, connection)
    ((text,),) = raw("select receipt from connection")
    kept = json.loads(text)
    del kept["holder"], kept["version"]
    raw(f"update connection set receipt = '{json.dumps(kept)}'")

    receipt = await end(vault, connection)

    assert receipt.shred_horizon == "when the key that wrapped it is retired"


async def test_what_is_not_destroyed_has_no_horizon(vault, world, connect):
    connection = await connect(vault)
    await world.fault(path="/applications/*", kind="reset")

    receipt = await end(vault, connection)
    assert (receipt.shredded, receipt.shred_horizon) == (
        False,
        "none yet: its key is not destroyed",
    )

    receipt = await end(vault, connection)
    assert receipt.shred_horizon.startswith("when version 1 of local:")


async def test_keys_that_are_out_of_reach_do_not_hold_up_an_end(
    opened, disk, tmp_path, monkeypatch
):
    async def away(*_):
        raise StoreUnavailable("away")

    async with opened(keys_database=f"sqlite:///{tmp_path / 'keys.db'}") as vault:
        connection = await vault.add("openrouter", ADA, secret=KEY)
        with monkeypatch.context() as patch:
            patch.setattr(vault.room.store, "key", away)
            patch.setattr(vault.room.store._keys, "commit", away)
            with pytest.raises(StoreUnavailable):
                await end(vault, connection)

        receipt = await end(vault, connection)

        assert (receipt.shredded, receipt.confirmed) == (True, True)
        assert receipt.shred_horizon == "when the key that wrapped it is retired"


def test_a_holder_that_lets_no_version_go_has_a_later_horizon():
    assert "deleted as a whole" in horizon("aws-kms:arn:aws:kms:us-east-1:1:key/1", 3)

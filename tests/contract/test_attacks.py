"""Attacks by whoever writes to the database, by name: each is found out, as what it is.

Each is made on rows of a real vault. Then the token is asked for by a process that has read all of
them before, and by one that has just begun.
"""

import asyncio
import subprocess
import sys
import traceback
from functools import partial

import pytest

from connector_vault import Client, Owner, Secret
from connector_vault.envelope import wrap_context
from connector_vault.errors import Corrupt, RolledBack, Shredded
from connector_vault.keys import Raw, Wrapped, open_keys
from tests.attacks import KEYS, ROWS, Scene, edit, flipped, rewrap, wrapped
from tests.deeds import ADA, CLIENT, refreshes, renew, row_of

DATABASES = ["sqlite", "postgres"]

CLIENTS = [CLIENT, Client(provider="github", id="Iv1.other", name="other", secret=Secret("x"))]
BOB = Owner(tenant="acme", user="bob")
EVE = Owner(tenant="evil", user="ada")
FOREIGN = b"another store's "


@pytest.fixture
async def scene(opened, place, raw, connect):
    begin = partial(opened, clients=CLIENTS)
    async with begin() as vault:
        ada = await connect(vault)
        added = [await add(vault, owner) for owner in (BOB, EVE, ADA)]
        secrets = {one.id: await secret(vault, one) for one in (ada, *added)}
        foreign = await wrapped_elsewhere(vault, place, ada)
        yield Scene(vault, begin, raw, ada, *added, secrets, foreign)


async def add(vault, owner):
    return await vault.add("openrouter", owner, secret=Secret(f"sk-of-{owner.tenant}-{owner.user}"))


async def secret(vault, connection):
    return (await renew(vault, connection, None)).secret.reveal()


async def wrapped_elsewhere(vault, place, connection):
    """Wrap a data key as another store would, beside the same holder; which then has two keys."""
    keys = open_keys(place.keys)
    row = await row_of(vault, connection)
    wrapped = (await vault.room.store.key(row.dek_id)).wrapped
    names = (row.tenant, row.id, row.dek_id)
    (raw,) = await keys.unwrap([Wrapped(wrapped, wrap_context(vault.room.store.id, *names))])
    (foreign,) = await keys.wrap([Raw(raw, wrap_context(FOREIGN, *names))])
    await keys.rotate()
    return foreign


async def check_refused(scene, vault, asked, error):
    """See that a token is refused, kept or refreshed, and none is in what is said of it."""
    for newer_than in (None, 1):
        with pytest.raises(error) as caught:
            await renew(vault, asked, newer_than)
        assert type(caught.value) is error
        shown = "".join(traceback.format_exception(caught.value))
        assert not [one for one in scene.secrets.values() if one in shown]


async def check_good(scene, vault, connection):
    assert await secret(vault, connection) == scene.secrets[connection.id]


@pytest.mark.parametrize("attack", ROWS)
async def test_an_attack_on_a_row_is_found_out(scene, world, attack):
    asked = ROWS[attack](scene)

    async with scene.begin() as begun:
        for vault in (scene.vault, begun):
            await check_refused(scene, vault, asked, Corrupt)
            await check_good(scene, vault, scene.near)
    assert await refreshes(world) == 0


@pytest.mark.parametrize("attack", KEYS)
async def test_an_attack_on_a_data_key_is_found_out(scene, world, attack):
    """By whoever fetches it. Who has it already has the right one."""
    deed, error = KEYS[attack]
    deed(scene)

    async with scene.begin() as begun:
        await check_refused(scene, begun, scene.ada, error)
        await check_good(scene, begun, scene.near)
    await check_good(scene, scene.vault, scene.ada)
    assert await refreshes(world) == 0


async def test_batch_with_one_bad_item(scene):
    rewrap(scene, flipped(16))
    others = [scene.bob, scene.eve, scene.near]

    async with scene.begin() as begun:
        asked = (secret(begun, one) for one in (scene.ada, *others))
        bad, *good = await asyncio.gather(*asked, return_exceptions=True)

    assert type(bad) is Corrupt
    assert good == [scene.secrets[one.id] for one in others]


async def test_flip_every_byte_and_every_truncation_of_a_record(scene):
    row = await row_of(scene.vault, scene.ada)
    whole = row.sealed
    spoilt = [flipped(at)(whole) for at in range(len(whole))]

    for sealed in (*spoilt, *cuts(whole)):
        with pytest.raises(Corrupt) as caught:
            await scene.vault.room.keyring.open(row._replace(sealed=sealed))
        assert type(caught.value) is Corrupt


async def test_flip_every_byte_and_every_truncation_of_a_wrapped_key(scene, place):
    row, whole = await row_of(scene.vault, scene.ada), wrapped(scene, scene.ada)
    context = wrap_context(scene.vault.room.store.id, row.tenant, row.id, row.dek_id)
    spoilt = [flipped(at)(whole) for at in range(len(whole))]
    items = [Wrapped(one, context) for one in (*spoilt, *cuts(whole), whole)]

    *answers, good = await open_keys(place.keys).unwrap(items)

    assert {type(one) for one in answers} == {Corrupt}
    assert isinstance(good, bytearray)


def cuts(whole):
    return [whole[:size] for size in range(len(whole))]


async def test_kek_version_retired(scene, place):
    """A wrapped key of before is put back."""
    before = wrapped(scene, scene.ada)
    await scene.vault.rotate()
    await open_keys(place.keys).retire(3)

    rewrap(scene, lambda _: before)

    async with scene.begin() as begun:
        await check_refused(scene, begun, scene.ada, Corrupt)
        await check_good(scene, begun, scene.near)


async def test_version_down(scene):
    asked = edit(scene, generation=0)

    with pytest.raises(RolledBack):
        await secret(scene.vault, asked)
    async with scene.begin() as begun:
        with pytest.raises(Corrupt):
            await secret(begun, asked)


async def test_store_id_rewrite(scene):
    scene.raw("update meta set value = ? where name = 'store_id'", FOREIGN)

    with pytest.raises(Corrupt):
        async with scene.begin():
            pass


async def test_backup_then_disconnect_then_restore(scene):
    """A row comes back without its data key, as from a backup that has none.

    Who has seen the end knows that, too.
    """
    before = await row_of(scene.vault, scene.ada)
    await scene.vault.disconnect(scene.ada.id, owner=ADA)

    asked = edit(scene, **before._asdict())

    async with scene.begin() as begun:
        for vault, error in ((scene.vault, RolledBack), (begun, Shredded)):
            await check_refused(scene, vault, asked, error)
            await check_good(scene, vault, scene.near)


NONCES = """
import os, sys
from connector_vault.envelope import Binding, DataKey

key, binding = DataKey(bytes(16), bytearray(32)), Binding(*["x"] * 7, 1, 0)
reading, writing = os.pipe()
child = os.fork()
nonces = b"".join(key.seal(binding, b"{}")[50:62] for _ in range(1_000))
if not child:
    os.write(writing, nonces)
    os._exit(0)
os.close(writing)
with open(reading, "rb") as other:
    nonces += other.read()
os.waitpid(child, 0)
distinct = {nonces[at : at + 12] for at in range(0, len(nonces), 12)}
sys.exit(len(distinct) != 2_000)
"""


def test_nonce_repeat_in_a_forked_process():
    subprocess.run([sys.executable, "-c", NONCES], check=True, timeout=30)

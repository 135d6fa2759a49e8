"""The connector against the played Jotter. Needs the package to be installed."""

import httpx2
import pytest

from connector_vault import Client, Gateway, Owner, Secret, Vault, emulator

pytestmark = pytest.mark.anyio

JO = Owner(tenant="acme", user="jo")
APP = Client(provider="jotter", id="an-app", secret=Secret("a-secret"))


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def world():
    async with emulator.running("jotter") as world:
        yield world


@pytest.fixture
async def vault(world, tmp_path):
    database, keys = f"sqlite:///{tmp_path}/vault.db", f"local:{tmp_path}/vault.key"
    async with Vault.open(database, keys=keys, clients=[APP], emulator=world.url) as vault:
        yield vault


@pytest.fixture
async def connection(vault):
    pending = await vault.connect("jotter", JO, redirect_uri="http://127.0.0.1/callback")
    back = httpx2.get(pending.url, trust_env=False)
    (connection,) = await vault.finish(back.headers["location"], owner=JO)
    return connection


@pytest.fixture
async def gateway(vault):
    async with Gateway(vault) as gateway:
        yield gateway


async def test_an_account_is_connected(connection):
    assert (connection.label, connection.scopes) == ("jo", {"notes"})


async def test_a_note_is_added_and_listed(gateway, connection):
    await gateway.call(JO, "jotter.add_note", {"text": "buy milk"})
    found = await gateway.call(JO, "jotter.list_notes", {})
    assert found.value == {"notes": [{"id": 1, "text": "buy milk"}]}


async def test_an_hour_later_it_is_refreshed(world, vault, gateway, connection):
    await world.advance(3600)
    await gateway.call(JO, "jotter.list_notes", {})
    assert (await vault.get(connection.id, owner=JO)).generation == 2


async def test_disconnecting_ends_the_token(world, vault, connection):
    receipt = await vault.disconnect(connection.id, owner=JO)
    assert (receipt.outcome, receipt.reach, receipt.shredded) == ("revoked", "token", True)

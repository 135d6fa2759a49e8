"""Test an agent against a GitHub that can be made to fail."""

import httpx2
import pytest

from connector_vault import Client, Gateway, Owner, Secret, Vault, emulator, errors

pytestmark = pytest.mark.anyio

ADA = Owner(tenant="acme", user="ada")
APP = Client(provider="github", id="Iv1.emulator", secret=Secret("emulator-secret"))
ISSUE = {"owner": "octocat", "repo": "hello-world", "title": "Found by the agent"}
TOKEN = "/login/oauth/access_token"


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def world():
    async with emulator.running("github") as world:
        yield world


@pytest.fixture
async def vault(world, tmp_path):
    database, keys = f"sqlite:///{tmp_path}/vault.db", f"local:{tmp_path}/vault.key"
    async with Vault.open(database, keys=keys, clients=[APP], emulator=world.url) as vault:
        yield vault


@pytest.fixture
async def connection(vault):
    pending = await vault.connect("github", ADA, redirect_uri="http://127.0.0.1/callback")
    back = httpx2.get(pending.url, trust_env=False)
    (connection,) = await vault.finish(back.headers["location"], owner=ADA)
    return connection


@pytest.fixture
async def gateway(vault):
    async with Gateway(vault) as gateway:
        yield gateway


async def file_a_bug(gateway):
    """Stand in for your agent."""
    try:
        result = await gateway.call(ADA, "github.create_issue", ISSUE)
    except errors.Reconnect:
        return "please connect GitHub again"
    except errors.OutcomeUnknown:
        return "it may be filed: look before filing it again"
    except errors.RateLimited as error:
        return f"later, in {error.retry_after:.0f} s"
    return result.value["html_url"]


async def test_the_agent_files_a_bug(gateway, connection):
    assert (await file_a_bug(gateway)).endswith("/octocat/hello-world/issues/2")


async def test_a_withdrawn_consent_asks_for_a_new_one(world, gateway, connection):
    await world.act("github", "revoke", login="octocat")
    assert await file_a_bug(gateway) == "please connect GitHub again"


async def test_a_lost_answer_is_not_filed_twice(world, gateway, connection):
    await world.fault(kind="drop", host="api.github.com", method="POST")
    assert "look before" in await file_a_bug(gateway)
    assert len(await world.log(host="api.github.com", path="*/issues")) == 1


async def test_a_limit_says_how_long(world, gateway, connection):
    await world.act("github", "limit", login="octocat", secondary=30)
    assert await file_a_bug(gateway) == "later, in 30 s"


async def test_eight_hours_later_one_refresh_is_enough(world, gateway, connection):
    await world.advance(8 * 3600)
    await world.forget_log()
    assert (await file_a_bug(gateway)).startswith("http")
    assert len(await world.log(path=TOKEN)) == 1

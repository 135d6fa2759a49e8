"""The hook, driven by curl from the FastAPI program of the documents, in a process of its own."""

import asyncio
import os
import sys
from contextlib import asynccontextmanager

import pytest

from connector_vault import Gateway, Owner, Secret, Tenant, access
from connector_vault.errors import NotConnected
from tests.curl import curl, with_curl
from tests.deeds import ADA, ROOT, begun, live

pytestmark = pytest.mark.usefixtures("with_curl")
fixtures = with_curl

PROGRAM = ("-m", "uvicorn", "--app-dir", str(ROOT / "docs/examples"), "--port", "0", "panel:site")
LIST = ("github.list_issues", {"owner": "octocat", "repo": "hello-world"})
ISSUES = "/repos/octocat/hello-world/issues"
ABROAD = Owner(tenant="evil", user="ada")
COOKIE = ("--cookie", "session=a-session-of-ada")


@asynccontextmanager
async def serving(place, world):
    """Run the program, and give its address."""
    said = {
        "EMULATOR": world.url,
        "DATABASE": place.database,
        "KEYS": place.keys,
        "GITHUB_CLIENT_ID": "Iv1.emulator",
        "GITHUB_CLIENT_SECRET": "emulator-secret",
    }
    env = os.environ | {f"CONNECTOR_VAULT_{name}": value for name, value in said.items()}
    process = await asyncio.create_subprocess_exec(
        sys.executable, *PROGRAM, env=env, stderr=asyncio.subprocess.PIPE
    )
    try:
        while b" running on " not in (line := await process.stderr.readline()):
            assert line, "the program ended"
        yield line.split()[4].decode()
    finally:
        process.terminate()
        await process.communicate()


@pytest.fixture
async def site(place, world, vault):
    async with serving(place, world) as url:
        yield url


@pytest.fixture
async def key(vault):
    """What a program has to show, for all of acme."""
    _, secret = await access.create(vault.room, Tenant(name="acme"))
    return ("--header", f"Authorization: Bearer {secret.reveal()}")


async def test_another_tenants_connection_is_a_404(vault, site, key):
    theirs = await vault.add("openrouter", ABROAD, secret=Secret("a-key-of-somebody"))

    told = [
        await curl("-X", "POST", *key, f"{site}/vault/v1/connections/{id_}/disconnect")
        for id_ in (theirs.id, "con_none")
    ]

    assert told[0] == told[1]
    assert told[0].status == 404
    assert (await vault.get(theirs.id, owner=ABROAD)).live


async def test_a_wrong_key_is_a_401(vault, site, connect):
    connection = await connect(vault)
    wrong = ("--header", "Authorization: Bearer cvk_" + "a" * 52)

    for shown in (wrong, (), COOKIE):
        address = f"{site}/vault/v1/connections/{connection.id}/disconnect"
        assert (await curl("-X", "POST", *shown, address)).status == 401

    assert (await vault.get(connection.id, owner=ADA)).live


async def test_a_repeated_call_gives_the_same_receipt(vault, site, key, connect, world):
    connection = await connect(vault)
    ask = ("-X", "POST", *key, f"{site}/vault/v1/connections/{connection.id}/disconnect")

    first, again = await curl(*ask), await curl(*ask)

    assert first == again
    assert (first.status, first.json["outcome"], first.json["confirmed"]) == (200, "revoked", True)
    assert await live(world) == 0


async def test_a_call_while_a_tool_runs_stops_the_next_one(vault, site, key, connect, world):
    connection = await connect(vault)
    gateway = Gateway(vault, isolation="inline")
    running = await begun(world, gateway.call(ADA, *LIST), ISSUES, kind="hang")

    receipt = await curl(
        "-X", "POST", *key, f"{site}/vault/v1/connections/{connection.id}/disconnect"
    )

    assert (receipt.status, receipt.json["shredded"]) == (200, True)
    with pytest.raises(NotConnected):
        await gateway.call(ADA, *LIST)
    assert len(await world.log(path=ISSUES)) == 1
    running.cancel()


async def test_a_person_who_has_logged_in_ends_their_own(vault, site, connect):
    connection = await connect(vault)
    await vault.add("openrouter", ABROAD, secret=Secret("a-key-of-somebody"))
    (mine,) = (await curl(*COOKIE, f"{site}/me/v1/connections")).json["connections"]
    ask = ("-X", "POST", *COOKIE, f"{site}/me/v1/connections/{mine['id']}/disconnect")

    assert mine["id"] == connection.id
    assert (await curl(*ask, "--header", "Origin: https://evil.test")).status == 403
    assert (await curl(*ask)).json["outcome"] == "revoked"

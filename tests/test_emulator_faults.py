"""What the emulator lets go wrong, and what goes wrong with it."""

import asyncio
from contextlib import suppress

import httpx2
import pytest

from connector_vault import emulator
from connector_vault.emulator import Clock
from connector_vault.emulator.server import open_server
from connector_vault.emulator.stage import Stage

USER = "/api.github.com/users/octocat"
WRITE = "/api.github.com/credentials/revoke"
GONE = (httpx2.RemoteProtocolError, httpx2.ReadError)
BRIEF = httpx2.Timeout(30, read=0.05)
"""Seconds: time enough to connect, and not to wait for an answer."""


@pytest.fixture
async def world():
    async with emulator.running("github") as world:
        yield world


@pytest.fixture
async def client(world):
    async with httpx2.AsyncClient(base_url=world.url, headers={"user-agent": "test"}) as client:
        yield client


class TestFaults:
    async def revoke(self, client):
        return await client.post(WRITE, json={"credentials": ["gho_x"]})

    async def test_drop_closes_without_a_byte(self, world, client):
        await world.fault(kind="drop", path="/users/*")
        with pytest.raises(httpx2.RemoteProtocolError, match="without sending a response"):
            await client.get(USER)
        assert (await world.log())[0].fault == "drop"

    async def test_a_dropped_request_is_processed(self, world, client):
        await world.fault(kind="drop", path="/credentials/revoke")
        with pytest.raises(GONE):
            await self.revoke(client)
        used = (await client.get("/api.github.com/rate_limit")).json()["resources"]["core"]["used"]
        assert used == 1

    @pytest.mark.parametrize("kind", ["status", "malformed", "reset"])
    async def test_what_fails_before_the_provider_changes_nothing(self, world, client, kind):
        await world.fault(kind=kind)
        with suppress(*GONE):
            await self.revoke(client)
        used = (await client.get("/api.github.com/rate_limit")).json()["resources"]["core"]["used"]
        assert used == 0

    async def test_a_held_reply_holds_nobody_else(self, world, client):
        await world.fault(kind="delay", path="/users/octocat", seconds=30)
        slow = asyncio.create_task(client.get(USER))
        await world.heard(path="/users/octocat")
        assert (await client.get("/api.github.com/users/hubot")).status_code == 200
        assert not slow.done()
        assert await world.release() == 1
        assert (await slow).status_code == 200

    async def test_a_late_request_is_processed_though_its_client_left(self, world, client):
        await world.fault(kind="late", seconds=30)
        with pytest.raises(httpx2.ReadTimeout):
            await client.post(
                WRITE, json={"credentials": ["x"]}, timeout=httpx2.Timeout(30, read=0.05)
            )
        assert (await world.log())[0].status is None
        assert await world.release() == 1
        (entry,) = await world.heard(settled=True)
        assert (entry.status, entry.fault) == (202, "late")

    async def test_hang_never_answers(self, world, client):
        await world.fault(kind="hang")
        with pytest.raises(httpx2.ReadTimeout):
            await client.get(USER, timeout=BRIEF)
        assert (await world.heard())[0].status is None

    async def test_a_hanging_client_does_not_keep_the_emulator_alive(self):
        async with emulator.running("github") as world, httpx2.AsyncClient() as client:
            await world.fault(kind="hang")
            hanging = asyncio.create_task(client.get(world.url + USER))
            await world.heard()
        with pytest.raises(GONE):
            await hanging

    async def test_status_answers_in_the_providers_place(self, world, client):
        await world.fault(
            kind="status", status=503, body={"message": "later"}, headers={"retry-after": "7"}
        )
        reply = await client.get(USER)
        assert (reply.status_code, reply.json()) == (503, {"message": "later"})
        assert reply.headers["retry-after"] == "7"

    async def test_malformed_is_a_page_or_any_text(self, world, client):
        await world.fault(kind="malformed")
        await world.fault(kind="malformed", body='{"access_token":')
        assert (await client.get(USER)).text.startswith("<html>")
        assert (await client.get(USER)).text == '{"access_token":'

    async def test_reset_is_a_tcp_reset(self, world, client):
        await world.fault(kind="reset")
        with pytest.raises(httpx2.ReadError):
            await client.get(USER)

    async def test_truncate_breaks_off_in_the_body(self, world, client):
        await world.fault(kind="truncate")
        with pytest.raises(httpx2.RemoteProtocolError, match="without sending complete"):
            await client.get(USER)

    async def test_a_fault_happens_as_often_as_it_was_asked_for(self, world, client):
        await world.fault(kind="status", times=2)
        statuses = [(await client.get(USER)).status_code for _ in range(3)]
        assert statuses == [500, 500, 200]

    async def test_a_fault_without_a_count_lasts_until_it_is_mended(self, world, client):
        await world.fault(kind="status", times=None)
        before = [(await client.get(USER)).status_code for _ in range(3)]
        await world.mend()
        assert (*before, (await client.get(USER)).status_code) == (500, 500, 500, 200)

    async def test_a_fault_concerns_its_host_path_and_method(self, world, client):
        await world.fault(kind="status", host="api.github.com", path="/users/*", method="GET")
        assert (await client.post(WRITE, json={"credentials": ["x"]})).status_code == 202
        assert (await client.get("/github.com/users/x")).status_code == 404
        assert (await client.get(USER)).status_code == 500


class Broken:
    """A provider whose emulator has a bug."""

    hosts = frozenset({"broken.example"})

    def answer(self, call):
        raise KeyError(call.path)

    def act(self, deed, **details):
        raise KeyError(deed)


class TestBroken:
    @pytest.fixture
    async def url(self):
        stage = Stage(clock=Clock(), sites={"broken": Broken()})
        started, stop = asyncio.get_running_loop().create_future(), asyncio.Event()
        serving = open_server(stage, "127.0.0.1", 0, started.set_result, stop)
        server = asyncio.create_task(serving)
        yield await started
        stop.set()
        await server

    async def test_a_bug_is_a_500_that_says_where(self, url):
        async with httpx2.AsyncClient(base_url=url) as client:
            reply = await client.get("/broken.example/here")
            assert (reply.status_code, "'/here'" in reply.text) == (500, True)
            assert (await client.get("/_emulator/")).status_code == 200

"""The emulator's server, its control door, its faults and its clock."""

import asyncio
import hashlib
import json
import socket
import time
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx2
import pytest

from connector_vault import emulator
from connector_vault.emulator import Clock
from connector_vault.errors import BadArguments, Misconfigured, Unreachable

USER = "/api.github.com/users/octocat"
ISSUES = "/api.github.com/repos/octocat/hello-world/issues"


@pytest.fixture
async def world():
    async with emulator.running("github") as world:
        yield world


@pytest.fixture
async def client(world):
    async with httpx2.AsyncClient(base_url=world.url, headers={"user-agent": "test"}) as client:
        yield client


async def raw(world, sent):
    """Send these bytes, and give all that comes back until the server closes."""
    place = urlsplit(world.url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(sent)
    received = await reader.read()
    writer.close()
    await writer.wait_closed()
    return received


class TestServer:
    async def test_a_host_is_the_first_segment_of_the_path(self, client):
        reply = await client.get("/api.github.com/users/hubot")
        assert reply.json()["id"] == 480938

    async def test_urls_in_answers_lead_back_to_the_emulator(self, world, client):
        reply = await client.get(USER)
        assert reply.json()["url"] == world.url + USER

    @pytest.mark.parametrize("begins", ["", "http://localhost"])
    async def test_an_address_within_a_query_stays_as_it_is(self, world, begins):
        """By RFC 3986 §3.4 a query may hold colons and slashes, and many clients send them so."""
        where = f"{begins}/github.com/login/oauth/authorize?client_id=Iv1.emulator"
        where += "&redirect_uri=http://127.0.0.1:9/callback&state=s"
        sent = f"GET {where} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        received = await raw(world, sent.encode())
        assert received.startswith(b"HTTP/1.1 302")
        assert b"location: http://127.0.0.1:9/callback?code=" in received.lower()

    async def test_an_unknown_host_is_not_found(self, client):
        reply = await client.get("/example.com/")
        assert reply.status_code == 404

    async def test_one_connection_serves_several_requests(self, world):
        one = b"GET /api.github.com/users/hubot HTTP/1.1\r\nhost: localhost\r\nuser-agent: t\r\n"
        received = await raw(world, one + b"\r\n" + one + b"connection: close\r\n\r\n")
        assert received.count(b"HTTP/1.1 200") == 2

    async def test_a_head_has_the_headers_of_a_get_and_no_body(self, client):
        reply = await client.head(USER)
        assert reply.status_code == 200
        assert int(reply.headers["content-length"]) > 0
        assert not reply.content

    async def test_a_client_may_wait_until_it_is_told_to_continue(self, world):
        head = b"POST /_emulator/clock HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
        more = b"content-type: application/json\r\ncontent-length: 14\r\nexpect: 100-continue\r\n"
        place = urlsplit(world.url)
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        writer.write(head + more + b"\r\n")
        assert b"100" in await reader.readuntil(b"\r\n\r\n")
        writer.write(b'{"advance": 1}')
        assert b"200" in await reader.read()
        writer.close()

    @pytest.mark.parametrize(
        "junk",
        [
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS handshake\r\n\r\n",
            b"GET\r\n\r\n",
            b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
            b"POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            b"GET star HTTP/1.1\r\nhost: localhost\r\n\r\n",
        ],
    )
    async def test_junk_is_refused_and_ends_nothing_else(self, world, client, junk):
        assert (await raw(world, junk)).startswith(b"HTTP/1.1 400")
        assert (await client.get(USER)).status_code == 200

    async def test_a_request_that_breaks_off_ends_nothing_else(self, world, client):
        place = urlsplit(world.url)
        _, writer = await asyncio.open_connection(place.hostname, place.port)
        writer.write(b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\nhalf")
        writer.close()
        await writer.wait_closed()
        assert (await client.get(USER)).status_code == 200

    async def test_a_head_without_end_is_refused(self, world):
        received = await raw(world, b"GET / HTTP/1.1\r\nx: " + b"y" * 70_000)
        assert received.startswith(b"HTTP/1.1 431")

    async def test_a_body_too_large_is_refused(self, world):
        head = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999999\r\n\r\n"
        assert (await raw(world, head)).startswith(b"HTTP/1.1 413")

    async def test_a_request_through_a_proxy_names_the_whole_address(self, world):
        target = f"GET {world.url}/api.github.com/users/hubot HTTP/1.1\r\n".encode()
        rest = b"host: localhost\r\nuser-agent: t\r\nconnection: close\r\n\r\n"
        assert b"480938" in await raw(world, target + rest)

    async def test_a_synchronous_client_may_block_its_loop(self, world):
        reply = httpx2.get(world.url + USER, headers={"user-agent": "test"})
        assert reply.status_code == 200

    @pytest.mark.parametrize("host", ["0.0.0.0", "example.com", "192.168.0.1", "::"])
    async def test_it_listens_on_loopback_only(self, host):
        with pytest.raises(Misconfigured, match="loopback"):
            await emulator.serve("github", host=host)

    async def test_a_port_that_is_taken_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(Misconfigured, match=str(port)):
                async with emulator.running("github", port=port):
                    pass

    async def test_without_a_name_all_that_can_be_played_is(self):
        async with emulator.running() as world:
            said = httpx2.get(f"{world.url}/_emulator/").json()
        assert "github" in said["providers"]

    async def test_a_connector_that_does_not_exist_is_named(self):
        with pytest.raises(BadArguments, match="atlantis"):
            async with emulator.running("atlantis"):
                pass

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
    async def test_serve_runs_until_it_is_cancelled(self, host):
        started = asyncio.get_running_loop().create_future()
        server = asyncio.create_task(
            emulator.serve("github", host=host, started=started.set_result),
        )
        world = emulator.attach(await started)
        await world.advance(1)
        server.cancel()
        with pytest.raises(asyncio.CancelledError):
            await server
        with pytest.raises(Unreachable):
            await world.advance(1)


class TestDoor:
    async def test_it_says_what_is_here(self, world, client):
        said = (await client.get("/_emulator/")).json()
        assert said["providers"]["github"] == ["api.github.com", "github.com"]

    @pytest.mark.parametrize("name", ["evil.example", "127.0.0.1.evil.example", "localhost.", ""])
    async def test_a_name_that_is_not_loopback_is_refused(self, client, name):
        for path in ("/_emulator/", USER):
            reply = await client.get(path, headers={"host": name})
            assert reply.status_code == 421

    async def test_a_form_of_a_foreign_page_is_refused(self, client):
        body = json.dumps({"advance": 5})
        reply = await client.post(
            "/_emulator/clock", content=body, headers={"content-type": "text/plain"}
        )
        assert reply.status_code == 400

    @pytest.mark.parametrize(
        ("place", "body"),
        [
            ("clock", {}),
            ("clock", {"advance": "soon"}),
            ("clock", {"advance": -1}),
            ("clock", {"advance": True}),
            ("clock", [1]),
            ("faults", {"kind": "earthquake"}),
            ("faults", {"kind": "drop", "tiems": 2}),
            ("faults", {"kind": "drop", "times": "often"}),
            ("faults", {"kind": "drop", "times": 0}),
            ("faults", {"kind": "status", "status": 99}),
            ("faults", {"kind": "status", "headers": {"x": "a\r\nb: c"}}),
            ("act", {"provider": "atlantis", "deed": "revoke"}),
            ("act", {"provider": ["github"], "deed": "revoke"}),
            ("act", {"provider": "github", "deed": "dance"}),
            ("act", {"provider": "github", "deed": "revoke", "self": 1}),
        ],
    )
    async def test_bad_input_gets_one_clear_line(self, client, place, body):
        reply = await client.post(f"/_emulator/{place}", json=body)
        assert reply.status_code == 400
        assert "\n" not in reply.json()["error"]

    @pytest.mark.parametrize(
        "body",
        [
            {"provider": "github", "deed": "sign_in", "details": {"login": "hubot"}},
            {"provider": "github", "deed": {"sign_in": {"login": "hubot"}}},
            {"provider": "atlantis", "deed": "sign_in"},
            ["github", "sign_in"],
        ],
    )
    async def test_a_wrong_form_of_a_deed_is_told_the_right_one(self, client, body):
        error = (await client.post("/_emulator/act", json=body)).json()["error"]
        assert '{"provider": one of github, "deed": …' in error
        assert "details beside them" in error

    async def test_a_wrong_detail_of_a_deed_is_not_about_the_form(self, client):
        body = {"provider": "github", "deed": "sign_in", "login": "nobody"}
        error = (await client.post("/_emulator/act", json=body)).json()["error"]
        assert error == "nobody here is called 'nobody': there are octocat, hubot"

    async def test_what_is_not_json_gets_one_clear_line(self, client):
        head = {"content-type": "application/json"}
        reply = await client.post("/_emulator/act", content=b"{", headers=head)
        assert (reply.status_code, reply.json()) == (400, {"error": "the body is not JSON"})

    async def test_an_unknown_door_is_not_found(self, client):
        assert (await client.put("/_emulator/clock", json={})).status_code == 404

    async def test_a_deed_that_does_not_exist_is_named(self, world):
        with pytest.raises(BadArguments, match="no deed 'dance'"):
            await world.act("github", "dance")


class TestClock:
    async def test_the_date_follows_the_clock(self, world, client):
        await world.advance(86_400)
        date = parsedate_to_datetime((await client.get(USER)).headers["date"])
        assert date.timestamp() == pytest.approx(time.time() + 86_400, abs=5)

    def test_time_can_be_added(self):
        clock = Clock(real=lambda: 100.0)
        clock.advance(20)
        assert clock.now() == 120


class TestLog:
    async def test_it_tells_what_was_asked_and_answered(self, world, client):
        await client.get(USER)
        (entry,) = await world.log()
        assert (entry.method, entry.host, entry.path) == (
            "GET",
            "api.github.com",
            "/users/octocat",
        )
        assert (entry.status, entry.fault, entry.authorization) == (200, "", "")

    async def test_a_credential_is_a_fingerprint(self, world, client):
        await client.get(USER, headers={"authorization": "Bearer gho_secret"})
        (entry,) = await world.log()
        assert entry.authorization == hashlib.sha256(b"gho_secret").hexdigest()[:12]

    async def test_fields_are_names_without_values(self, world, client):
        await client.post(f"{ISSUES}?a=1", data={"code": "gho_secret"})
        await client.post(ISSUES, json={"refresh_token": "gho_secret"})
        assert [entry.fields for entry in await world.log()] == [("a", "code"), ("refresh_token",)]
        assert "gho_secret" not in repr(await world.log())

    async def test_it_can_be_narrowed_to_a_place(self, world, client):
        await client.get(USER)
        await client.get(ISSUES)
        assert len(await world.log(path="/repos/*")) == 1

    async def test_it_can_be_forgotten(self, world, client):
        await client.get(USER)
        await world.forget_log()
        assert await world.log() == ()

    async def test_a_request_can_be_awaited(self, world, client):
        waiting = asyncio.create_task(world.heard(path="/users/*", times=2))
        await client.get(USER)
        await client.get(USER)
        assert len(await waiting) == 2

    async def test_the_control_door_is_not_in_it(self, world):
        await world.advance(1)
        assert await world.log() == ()

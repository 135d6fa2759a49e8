"""The emulator's server, its control door, its faults and its clock."""

import asyncio
import hashlib
import json
import socket
import time
from contextlib import suppress
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx2
import pytest

from connector_vault import emulator
from connector_vault.connector import Reply
from connector_vault.emulator import Call, Clock, Routes, consent_page, json_reply
from connector_vault.emulator.server import open_server
from connector_vault.emulator.stage import Stage
from connector_vault.errors import BadArguments, Misconfigured, NotConnected, Unreachable

ZEN = "/api.github.com/users/octocat"
ISSUES = "/api.github.com/repos/octocat/hello-world/issues"
WRITE = "/api.github.com/credentials/revoke"
GONE = (httpx2.RemoteProtocolError, httpx2.ReadError)


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
        reply = await client.get(ZEN)
        assert reply.json()["url"] == world.url + ZEN

    async def test_an_unknown_host_is_not_found(self, client):
        reply = await client.get("/example.com/")
        assert reply.status_code == 404

    async def test_one_connection_serves_several_requests(self, world):
        one = b"GET /api.github.com/users/hubot HTTP/1.1\r\nhost: localhost\r\nuser-agent: t\r\n"
        received = await raw(world, one + b"\r\n" + one + b"connection: close\r\n\r\n")
        assert received.count(b"HTTP/1.1 200") == 2

    async def test_a_head_has_the_headers_of_a_get_and_no_body(self, client):
        reply = await client.head(ZEN)
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
        assert (await client.get(ZEN)).status_code == 200

    async def test_a_request_that_breaks_off_ends_nothing_else(self, world, client):
        place = urlsplit(world.url)
        _, writer = await asyncio.open_connection(place.hostname, place.port)
        writer.write(b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\nhalf")
        writer.close()
        await writer.wait_closed()
        assert (await client.get(ZEN)).status_code == 200

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
        reply = httpx2.get(world.url + ZEN, headers={"user-agent": "test"})
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

    async def test_a_connector_that_does_not_exist_is_named(self):
        with pytest.raises(NotConnected, match="atlantis"):
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
        for path in ("/_emulator/", ZEN):
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
        date = parsedate_to_datetime((await client.get(ZEN)).headers["date"])
        assert date.timestamp() == pytest.approx(time.time() + 86_400, abs=5)

    def test_time_can_be_added(self):
        clock = Clock(real=lambda: 100.0)
        clock.advance(20)
        assert clock.now() == 120


class TestLog:
    async def test_it_tells_what_was_asked_and_answered(self, world, client):
        await client.get(ZEN)
        (entry,) = await world.log()
        assert (entry.method, entry.host, entry.path) == (
            "GET",
            "api.github.com",
            "/users/octocat",
        )
        assert (entry.status, entry.fault, entry.authorization) == (200, "", "")

    async def test_a_credential_is_a_fingerprint(self, world, client):
        await client.get(ZEN, headers={"authorization": "Bearer gho_secret"})
        (entry,) = await world.log()
        assert entry.authorization == hashlib.sha256(b"gho_secret").hexdigest()[:12]

    async def test_fields_are_names_without_values(self, world, client):
        await client.post(f"{ISSUES}?a=1", data={"code": "gho_secret"})
        await client.post(ISSUES, json={"refresh_token": "gho_secret"})
        assert [entry.fields for entry in await world.log()] == [("a", "code"), ("refresh_token",)]
        assert "gho_secret" not in repr(await world.log())

    async def test_it_can_be_narrowed_to_a_place(self, world, client):
        await client.get(ZEN)
        await client.get(ISSUES)
        assert len(await world.log(path="/repos/*")) == 1

    async def test_it_can_be_forgotten(self, world, client):
        await client.get(ZEN)
        await world.forget_log()
        assert await world.log() == ()

    async def test_a_request_can_be_awaited(self, world, client):
        waiting = asyncio.create_task(world.heard(path="/users/*", times=2))
        await client.get(ZEN)
        await client.get(ZEN)
        assert len(await waiting) == 2

    async def test_the_control_door_is_not_in_it(self, world):
        await world.advance(1)
        assert await world.log() == ()


class TestFaults:
    async def revoke(self, client):
        return await client.post(WRITE, json={"credentials": ["gho_x"]})

    async def test_drop_closes_without_a_byte(self, world, client):
        await world.fault(kind="drop", path="/users/*")
        with pytest.raises(httpx2.RemoteProtocolError, match="without sending a response"):
            await client.get(ZEN)
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
        await world.fault(kind="delay", path="/users/octocat", seconds=0.3)
        slow = asyncio.create_task(client.get(ZEN))
        await world.heard(path="/users/octocat")
        assert (await client.get("/api.github.com/users/hubot")).status_code == 200
        assert not slow.done()
        assert (await slow).status_code == 200

    async def test_a_late_request_is_processed_though_its_client_left(self, world, client):
        await world.fault(kind="late", seconds=0.05)
        with pytest.raises(httpx2.ReadTimeout):
            await client.post(WRITE, json={"credentials": ["x"]}, timeout=0.01)
        (entry,) = await world.heard(settled=True)
        assert (entry.status, entry.fault) == (202, "late")

    async def test_hang_never_answers(self, world, client):
        await world.fault(kind="hang")
        with pytest.raises(httpx2.ReadTimeout):
            await client.get(ZEN, timeout=0.05)
        assert (await world.log())[0].status is None

    async def test_a_hanging_client_does_not_keep_the_emulator_alive(self):
        async with emulator.running("github") as world, httpx2.AsyncClient() as client:
            await world.fault(kind="hang")
            hanging = asyncio.create_task(client.get(world.url + ZEN))
            await world.heard()
        with pytest.raises(GONE):
            await hanging

    async def test_status_answers_in_the_providers_place(self, world, client):
        await world.fault(
            kind="status", status=503, body={"message": "later"}, headers={"retry-after": "7"}
        )
        reply = await client.get(ZEN)
        assert (reply.status_code, reply.json()) == (503, {"message": "later"})
        assert reply.headers["retry-after"] == "7"

    async def test_malformed_is_a_page_or_any_text(self, world, client):
        await world.fault(kind="malformed")
        await world.fault(kind="malformed", body='{"access_token":')
        assert (await client.get(ZEN)).text.startswith("<html>")
        assert (await client.get(ZEN)).text == '{"access_token":'

    async def test_reset_is_a_tcp_reset(self, world, client):
        await world.fault(kind="reset")
        with pytest.raises(httpx2.ReadError):
            await client.get(ZEN)

    async def test_truncate_breaks_off_in_the_body(self, world, client):
        await world.fault(kind="truncate")
        with pytest.raises(httpx2.RemoteProtocolError, match="without sending complete"):
            await client.get(ZEN)

    async def test_a_fault_happens_as_often_as_it_was_asked_for(self, world, client):
        await world.fault(kind="status", times=2)
        statuses = [(await client.get(ZEN)).status_code for _ in range(3)]
        assert statuses == [500, 500, 200]

    async def test_a_fault_without_a_count_lasts_until_it_is_mended(self, world, client):
        await world.fault(kind="status", times=None)
        before = [(await client.get(ZEN)).status_code for _ in range(3)]
        await world.mend()
        assert (*before, (await client.get(ZEN)).status_code) == (500, 500, 500, 200)

    async def test_a_fault_concerns_its_host_path_and_method(self, world, client):
        await world.fault(kind="status", host="api.github.com", path="/users/*", method="GET")
        assert (await client.post(WRITE, json={"credentials": ["x"]})).status_code == 202
        assert (await client.get("/github.com/users/x")).status_code == 404
        assert (await client.get(ZEN)).status_code == 500


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


class TestRoutes:
    @pytest.mark.parametrize(
        ("method", "path", "found"),
        [
            ("GET", "a/b", ("literal", ())),
            ("GET", "a/c", ("one", ("c",))),
            ("GET", "a/c/d/e", ("rest", ("c", "d/e"))),
            ("GET", "", ("root", ())),
            ("POST", "a/b", None),
            ("GET", "a/", None),
            ("GET", "a/c/", None),
            ("GET", "b", None),
        ],
    )
    def test_a_literal_wins_and_a_hole_is_never_empty(self, method, path, found):
        table = {
            "GET /a/{}/{/}": "rest",
            "GET /a/{}": "one",
            "GET /a/b": "literal",
            "GET /": "root",
        }
        assert Routes(table).find(method, path.split("/")) == found


class TestCall:
    def call(self, kind, body):
        return Call(
            method="POST",
            base="http://localhost",
            host="h",
            path="/",
            segments=("",),
            headers={"content-type": kind},
            body=body,
        )

    def test_a_form_is_read(self):
        call = self.call("application/x-www-form-urlencoded", b"a=1&b=&c=%20x")
        assert call.form() == {"a": "1", "b": "", "c": " x"}

    def test_a_multipart_form_is_read(self):
        part = b'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1 2\r\n--x--\r\n'
        assert self.call("multipart/form-data; boundary=x", part).form() == {"a": "1 2"}

    def test_what_is_not_json_is_named(self):
        with pytest.raises(BadArguments, match="not JSON"):
            self.call("application/json", b"{").json()

    def test_a_reply_is_made_of_json(self):
        reply = json_reply(201, {"a": "é"}, {"x": "y"})
        assert (reply.status, reply.json(), reply.headers["x"]) == (201, {"a": "é"}, "y")


class TestConsentPage:
    def test_everything_foreign_is_escaped(self):
        nasty = '"><script>alert(1)</script>'
        page = consent_page(nasty, nasty, [nasty], [nasty], action=nasty, hidden={nasty: nasty})
        assert isinstance(page, Reply)
        assert b"<script" not in page.body
        assert b'">&lt;' not in page.body

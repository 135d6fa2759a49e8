"""The one place that sends: for how long, how much, and what may be said of it."""

import asyncio
import contextlib
import gzip
import logging
import socket
import tracemalloc
from asyncio.trsock import TransportSocket

import pytest

from connector_vault.connector import Request
from connector_vault.errors import (
    Misconfigured,
    NotAllowed,
    OutcomeUnknown,
    TimedOut,
    Unreachable,
)
from connector_vault.http import open_http, origin_of
from tests.deeds import hastened, until
from tests.server import serving

LONG = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
MOVED = b"HTTP/1.1 302 Found\r\nLocation: https://evil.example/\r\nContent-Length: 0\r\n\r\n"
COOKIE = b"HTTP/1.1 200 OK\r\nSet-Cookie: session=ada\r\nContent-Length: 2\r\n\r\n{}"
LAST = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
SECRET = "gho_verysecretverysecretverysecret12"
EMULATORS = [
    "http://evil.example",
    "https://127.0.0.1:8000",
    "http://127.0.0.1.evil.example",
    "127.0.0.1:8000",
    "http://ada@127.0.0.1:8000",
    "http://[",
]
BROKEN = {
    "closes": b"",
    "says half": OK[:-1],
    "says junk": b"hello\r\n\r\n",
    "says half a chunk": CHUNKED + b"5\r\nab",
    "never ends its headers": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
}


@pytest.fixture
async def http():
    async with open_http() as http:
        yield http


async def send(http, url, method="GET", *, within=5.0, origins=None, limit=1000, **options):
    deadline = asyncio.get_running_loop().time() + within
    origins = {origin_of(url)} if origins is None else origins
    return await http.send(
        Request(method, url, **options), origins=origins, deadline=deadline, limit=limit
    )


async def test_a_request_is_sent_and_answered(http):
    async with serving(OK) as server:
        reply = await send(http, f"{server.url}/x", query={"a": "b c"})

    assert (reply.status, reply.body, reply.headers["content-length"]) == (200, b"{}", "2")
    (head,) = server.heard
    assert head.startswith("GET /x?a=b+c HTTP/1.1\r\n")
    for line in ("accept-encoding: identity", "user-agent: connector-vault"):
        assert line in head.lower()


@pytest.mark.parametrize(
    ("said", "kind"),
    [({"json": {"a": 1}}, "application/json"), ({"form": {"a": "b c"}}, "x-www-form-urlencoded")],
    ids=["json", "form"],
)
async def test_a_body_says_what_it_is(http, said, kind):
    async with serving(LAST, stay=False) as server:
        await send(http, f"{server.url}/x", "POST", **said)

    assert kind in server.heard[0].lower()


async def test_another_origin_is_not_asked(http):
    async with serving(OK) as server:
        for origins in ((), {"https://api.github.com"}, {server.url + "0"}, {server.url + "/"}):
            with pytest.raises(NotAllowed, match="not a host"):
                await send(http, f"{server.url}/x", origins=origins)

    assert server.heard == []


async def test_a_redirect_is_not_followed(http):
    async with serving(MOVED) as server:
        reply = await send(http, f"{server.url}/x", headers={"Authorization": "Bearer x"})

    assert (reply.status, reply.headers["location"]) == (302, "https://evil.example/")
    assert len(server.heard) == 1


async def test_a_cookie_is_not_kept(http):
    """It would travel with another person's request."""
    async with serving(COOKIE) as server:
        for _ in range(3):
            await send(http, f"{server.url}/x")

    assert not any("cookie" in head.lower() for head in server.heard)


async def test_an_answer_has_a_limit(http):
    async with serving(LONG % (1001, b"x" * 1001)) as server:
        with pytest.raises(OutcomeUnknown, match="1,000 bytes"):
            await send(http, f"{server.url}/x")


async def test_an_answer_may_be_as_long_as_its_limit(http):
    async with serving(LONG % (1000, b"x" * 1000)) as server:
        assert len((await send(http, f"{server.url}/x")).body) == 1000


async def test_an_answer_without_an_end_has_a_limit(http):
    piece = b"3E8\r\n%s\r\n" % (b"x" * 1000)

    async with serving(CHUNKED + piece + piece) as server:
        with pytest.raises(OutcomeUnknown, match="1,000 bytes"):
            await send(http, f"{server.url}/x")


async def test_a_small_answer_does_not_unfold_into_a_large_one(http):
    small = gzip.compress(bytes(50_000_000))
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(small)
    async with serving(head + small) as server:
        tracemalloc.start()
        with contextlib.suppress(OutcomeUnknown):
            await send(http, f"{server.url}/x", limit=100_000)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert most < 5_000_000


@pytest.mark.parametrize("said", BROKEN.values(), ids=BROKEN)
async def test_an_answer_that_broke_leaves_it_unknown(http, said):
    async with serving(said, stay=False) as server:
        with pytest.raises(OutcomeUnknown) as caught:
            await send(http, f"{server.url}/x?code={SECRET}", "POST", limit=10**6)

    assert len(server.heard) == 1
    assert SECRET not in str(caught.value)


async def test_an_answer_that_does_not_come_leaves_it_unknown(http):
    async with serving(b"") as server:
        asking = asyncio.create_task(send(http, f"{server.url}/x", "POST"))
        await until(lambda: server.heard)
        with hastened(), pytest.raises(OutcomeUnknown, match="deadline"):
            await asking


async def test_an_answer_that_comes_in_drops_has_one_deadline(http):
    """Each drop comes in time; the whole does not."""
    async with serving(LONG % (1000, b"x"), drip=0.02) as server:
        with pytest.raises(OutcomeUnknown, match="deadline"):
            await send(http, f"{server.url}/x", within=0.2)


async def test_nobody_there_means_nothing_was_sent(http):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    with pytest.raises(Unreachable) as caught:
        await send(http, f"http://127.0.0.1:{port}/x?code={SECRET}", "POST")

    assert SECRET not in f"{caught.value!r} {caught.value.__cause__!r}"


async def test_no_connection_before_the_deadline_means_nothing_was_sent(http):
    """A full queue of connections: the handshake never ends."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        port = server.getsockname()[1]
        crowd = [socket.socket() for _ in range(4)]
        for one in crowd:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        with pytest.raises(TimedOut):
            await send(http, f"http://127.0.0.1:{port}/x", "POST", within=0.3)
        for one in crowd:
            one.close()


async def test_after_the_deadline_nothing_is_sent(http):
    async with serving(OK) as server:
        await send(http, f"{server.url}/x")
        with pytest.raises(TimedOut):
            await send(http, f"{server.url}/x", "POST", within=-1)
        await send(http, f"{server.url}/x")

    assert [head[:4] for head in server.heard] == ["GET ", "GET "]


async def test_a_connection_that_was_closed_meanwhile_is_not_used(http):
    async with serving(OK, stay=False) as server:
        await send(http, f"{server.url}/x")
        await server.left.wait()
        assert (await send(http, f"{server.url}/x", "POST")).status == 200


@pytest.mark.parametrize("headers", [{"X": "a\r\nY: b"}, {"X\r\nY": "b"}, {"X Y": "b"}], ids=str)
async def test_a_header_that_holds_another_is_not_sent(http, headers):
    async with serving(OK) as server:
        with pytest.raises(NotAllowed):
            await send(http, f"{server.url}/x", "POST", headers=headers)

    assert server.heard == []


@pytest.mark.parametrize("path", ["/\x00", "/\r\nHost: evil", "/" + "x" * 100_000])
async def test_an_address_that_holds_what_none_may_is_not_sent(http, path):
    async with serving(OK) as server:
        with pytest.raises(NotAllowed):
            await send(http, server.url + path)

    assert server.heard == []


@pytest.mark.parametrize("json", [{"a": float("nan")}, {"a": object()}], ids=["nan", "object"])
async def test_a_body_that_json_cannot_say_is_not_sent(http, json):
    async with serving(OK) as server:
        with pytest.raises((TypeError, ValueError, NotAllowed)):
            await send(http, f"{server.url}/x", "POST", json=json)

    assert server.heard == []


@pytest.mark.parametrize("url", EMULATORS)
async def test_an_emulator_is_on_this_machine(url):
    with pytest.raises(Misconfigured, match="this machine"):
        async with open_http(url):
            pass


async def test_an_emulator_stands_for_every_host(caplog):
    async with serving(OK) as server, open_http(f"{server.url}/") as http:
        await send(http, "https://api.github.com/user", query={"a": "b"})
        assert http.address("https://github.com/login") == f"{server.url}/github.com/login"

    assert server.heard[0].startswith("GET /api.github.com/user?a=b HTTP/1.1")


async def test_an_emulator_stands_for_nothing_on_this_machine():
    async with serving(OK) as server, open_http("http://127.0.0.1:1") as http:
        await send(http, f"{server.url}/x")

    assert server.heard[0].startswith("GET /x HTTP/1.1")


async def test_an_emulator_does_not_change_which_hosts_are_allowed():
    async with serving(OK) as server, open_http(server.url) as http:
        with pytest.raises(NotAllowed):
            await send(http, "https://evil.example/", origins={"https://api.github.com"})

    assert server.heard == []


async def test_no_log_says_what_was_sent(http, caplog):
    caplog.set_level(logging.DEBUG)
    for name in ("", "httpx2", "httpcore2", "httpcore2.http11", "httpcore2.connection"):
        assert not logging.getLogger(name or "httpx2").isEnabledFor(logging.INFO)

    async with serving(OK) as server:
        headers = {"Authorization": f"Bearer {SECRET}"}
        await send(http, f"{server.url}/x?code={SECRET}", headers=headers)

    assert SECRET not in caplog.text


async def test_a_provider_over_tls_is_asked_by_its_own_name(httpx2_mock):
    route = httpx2_mock.get("https://api.github.com/user").respond(json={"login": "ada"})

    async with open_http() as http:
        reply = await send(http, "https://api.github.com/user", headers={"X-A": "b"})

    assert reply.json() == {"login": "ada"}
    assert route.calls.last.request.headers["x-a"] == "b"
    assert route.calls.last.request.headers["host"] == "api.github.com"


async def test_the_kernel_gives_up_what_nobody_acknowledges(world, monkeypatch):
    """A process that died must not go on sending for minutes."""
    options = []
    set_option = TransportSocket.setsockopt
    monkeypatch.setattr(
        TransportSocket, "setsockopt", lambda *args: (options.append(args[1:]), set_option(*args))
    )
    async with open_http(world.url) as http:
        origins, soon = {"https://api.github.com"}, asyncio.get_running_loop().time() + 5
        await http.send(
            Request("GET", "https://api.github.com/user"), origins=origins, deadline=soon
        )

    assert (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 20_000) in options

"""A tool that speaks to its way out itself: what may leave is decided on the other side."""

import json

import pytest

from connector_vault.errors import Crashed
from tests.hostile.lab import HOW, MALLORY, TOKEN, laboratory

pytest_plugins = ("tests.hostile.fixtures",)

API = "https://api.hostile.example/v1"
ECHO = f"GET {API}/echo HTTP/1.1\r\nhost: vault\r\n\r\n"


def get(address, *headers, method="GET"):
    lines = "".join(f"{one}\r\n" for one in ("host: vault", *headers))
    return f"{method} {address} HTTP/1.1\r\n{lines}\r\n"


REFUSED = {
    "another host": get("https://evil.example/x"),
    "a host that looks alike": get("https://api.hostile.example.evil.example/v1/echo"),
    "a host with a prefix": get("https://evil-api.hostile.example/v1/echo"),
    "another port": get("https://api.hostile.example:8443/v1/echo"),
    "no TLS": get("http://api.hostile.example/v1/echo"),
    "this machine": get("http://127.0.0.1:1/v1/echo"),
    "the cloud's own address": get("http://169.254.169.254/latest/meta-data"),
    "a user name": get("https://api.hostile.example@evil.example/v1/echo"),
    "a user name of ours": get("https://x@api.hostile.example/v1/echo"),
    "a backslash": get("https://api.hostile.example/v1\\..\\..\\echo"),
    "another part of the API": get("https://api.hostile.example/v2/echo"),
    "dots": get(f"{API}/echo/../admin"),
    "dots to another base": get("https://api.hostile.example/v1/../v2/echo"),
    "encoded dots": get(f"{API}/%2e%2e/admin"),
    "half encoded dots": get(f"{API}/repos/.%2E/admin"),
    "an encoded slash with dots": get(f"{API}/repos/..%2fadmin"),
    "a segment with a slash": get(f"{API}/repos/a%2Fsecrets"),
    "a segment more": get(f"{API}/repos/a/b"),
    "a fragment": get(f"{API}/echo#/admin"),
    "an empty segment": get(f"{API}//echo"),
    "a path that is not declared": get(f"{API}/admin"),
    "a method that is not declared": get(f"{API}/echo", method="DELETE"),
    "no method at all": get(f"{API}/echo", method="TRACE"),
    "a tunnel": get("evil.example:443", method="CONNECT"),
    "a bare path": get("/v1/echo"),
    "its own authorization": get(f"{API}/echo", "authorization: Bearer x"),
    "its own cookie": get(f"{API}/echo", "cookie: session=1"),
    "another method in a header": get(f"{API}/echo", "x-http-method-override: DELETE"),
    "an upload host it may not send to": get("https://up.hostile.example.evil.example/x"),
}

UNREADABLE = {
    "junk": "\x16\x03\x01\x02\x00\x01\xfc" * 100,
    "HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an enormous line": "GET /" + "x" * 200_000,
    "an enormous header": f"GET {API}/echo HTTP/1.1\r\nhost: x\r\na: " + "x" * 200_000,
    "headers without end": f"GET {API}/echo HTTP/1.1\r\nhost: x\r\n" + "a: b\r\n" * 40_000,
    "two hosts": get(f"{API}/echo", "host: evil.example"),
    "no host": f"GET {API}/echo HTTP/1.1\r\n\r\n",
    "two lengths": get(f"{API}/echo", "content-length: 1", "content-length: 2"),
    "a length that is none": get(f"{API}/echo", "content-length: -1"),
    "a space before the colon": get(f"{API}/echo", "content-length : 5"),
    "a coding that is none": get(f"{API}/echo", "transfer-encoding: xchunked"),
    "a chunk that is none": get(f"{API}/echo", "transfer-encoding: chunked") + "zz\r\n",
}

SMUGGLED = f"GET {API}/admin HTTP/1.1\r\nhost: vault\r\n\r\n"
TRICKS = {
    "pipelined": ECHO * 50,
    "smuggled behind both lengths": get(
        f"{API}/echo", f"content-length: {5 + len(SMUGGLED)}", "transfer-encoding: chunked"
    )
    + f"0\r\n\r\n{SMUGGLED}",
    "smuggled in a body": get(f"{API}/echo", f"content-length: {len(SMUGGLED)}") + SMUGGLED,
    "smuggled in a chunk's extension": get(f"{API}/echo", "transfer-encoding: chunked")
    + f"0;x={'y' * 100}\r\n\r\n{SMUGGLED}",
    "smuggled in a trailer": get(f"{API}/echo", "transfer-encoding: chunked")
    + "0\r\nauthorization: Bearer x\r\n\r\n",
    "smuggled in a folded header": get(f"{API}/echo", "a: b", f"\t{SMUGGLED[:-4]}"),
    "smuggled behind bare line feeds": f"GET {API}/echo HTTP/1.1\nhost: x\n\n{SMUGGLED}",
    "an upgrade": get(f"{API}/echo", "upgrade: websocket", "te: trailers"),
}

ANSWERS = {
    "pipelined": 50,
    "smuggled behind both lengths": 2,
    "smuggled in a body": 1,
    "smuggled in a chunk's extension": 2,
    "smuggled behind bare line feeds": 2,
}
"""What is smuggled is heard as a request of its own, and judged like one."""


@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
async def lab(hostile_site, tmp_path_factory):
    async with laboratory(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture
async def usable(lab):
    yield
    assert await lab.value("greet", text="still here") == "still here"


async def sent(lab):
    """List what has left, apart from who the account is."""
    return [
        entry
        for host in ("api", "up")
        for entry in await lab.world.log(host=f"{host}.hostile.example")
    ]


async def caught(lab):
    return await lab.world.log(host="evil.example")


@pytest.mark.usefixtures("usable")
@pytest.mark.parametrize("request_of", REFUSED)
async def test_what_is_not_the_tools_to_ask_is_refused(lab, request_of):
    before = await sent(lab)

    answer = await lab.value("ask", text=REFUSED[request_of])

    assert answer.startswith("HTTP/1.1 502") or answer == ""
    assert await sent(lab) == before
    assert await caught(lab) == ()
    assert TOKEN.reveal() not in answer


@pytest.mark.usefixtures("usable")
@pytest.mark.parametrize("junk", UNREADABLE)
async def test_what_is_no_request_gets_no_answer(lab, junk):
    before = await sent(lab)

    answer = await lab.value("ask", text=UNREADABLE[junk])

    assert answer == "" or answer.startswith("HTTP/1.1 502")
    assert await sent(lab) == before


@pytest.mark.usefixtures("usable")
@pytest.mark.parametrize("trick", TRICKS)
async def test_of_a_trick_only_what_is_declared_leaves(lab, trick):
    before = len(await sent(lab))

    answer = await lab.value("ask", text=TRICKS[trick], answers=ANSWERS.get(trick, 1))

    left = (await sent(lab))[before:]
    assert {(one.method, one.path) for one in left} <= {("GET", "/v1/echo")}
    assert TOKEN.reveal() not in answer
    assert await caught(lab) == ()


async def test_a_request_that_is_declared_is_answered(lab):
    """Else the tests above would hold whatever is done."""
    answer = await lab.value("ask", text=ECHO)

    assert answer.startswith("HTTP/1.1 200")
    assert "[token]" in answer
    assert TOKEN.reveal() not in answer


async def test_a_host_of_ones_own_choosing_goes_nowhere(lab):
    answer = await lab.value("ask", text=ECHO.replace("host: vault", "host: evil.example"))

    said = json.loads(answer[answer.index("{") : answer.rindex("}") + 1])
    assert said["host"] == "api.hostile.example"
    assert "evil.example" not in said["headers"]


async def test_a_redirect_is_not_followed(lab):
    answer = await lab.value("ask", text=get(f"{API}/redirect"))

    assert answer.startswith("HTTP/1.1 302")
    assert await caught(lab) == ()


@pytest.mark.usefixtures("usable")
async def test_half_a_request_is_not_sent(lab):
    before = await sent(lab)

    assert await lab.value("half_ask", text=ECHO[:-2]) == "answered"

    assert await sent(lab) == before


@pytest.mark.usefixtures("usable")
async def test_a_body_that_never_comes_is_not_waited_for(lab):
    head = get(f"{API}/echo", f"content-length: {1 << 40}")

    assert await lab.value("half_ask", text=head) == "answered"


async def test_nothing_leaves_after_the_answer(lab):
    await lab.value("ask_without_end", text=ECHO)
    await lab.settle()
    before = len(await sent(lab))

    await lab.value("greet")

    assert len(await sent(lab)) == before


async def test_a_worker_asks_at_most_so_many_times(lab):
    """Requests that are refused cost the vault a turn of its loop each."""
    refused = get(f"{API}/admin")

    answer = await lab.value("ask", text=refused * 3000, answers=3000)

    assert answer.count("HTTP/1.1") <= 1000


async def test_a_tool_that_was_refused_may_go_on(lab):
    answer = await lab.value("ask", text=get(f"{API}/admin") + ECHO, answers=2)

    assert answer.count("HTTP/1.1 502") == 1
    assert answer.count("HTTP/1.1 200") == 1


@pytest.mark.parametrize("connector", HOW)
async def test_no_token_is_in_what_a_crash_says(lab, connector):
    outcome = await lab.attack(f"{connector}.leave")

    assert isinstance(outcome, Crashed)
    assert TOKEN.reveal() not in repr(outcome) + str(outcome)
    assert MALLORY.user not in str(outcome)

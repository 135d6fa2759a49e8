"""`connector-vault mcp`, as a client starts it: a process, two pipes, and nothing else on them."""

import asyncio
import json
import signal
import subprocess
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from mcp import MCPError
from mcp.types import REQUEST_TIMEOUT

from tests.agents import FIXTURES, each_era, error_of, names, text_of
from tests.cli import COMMAND, Shell
from tests.deeds import until

box, ready = FIXTURES

ISSUES = "/repos/octocat/hello-world/issues"
REPO = {"owner": "octocat", "repo": "hello-world"}
NEW = {**REPO, "title": "Found one"}
CANARY = "hush-hush-6f1b"
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
CALL = [
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {
        "jsonrpc": "2.0",
        "id": 2,
        "method": "tools/call",
        "params": {"name": "github_get_authenticated_user"},
    },
]
PIPES = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
GARBAGE = [
    "not JSON at all",
    "[" * 100_000,
    json.dumps({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": [CANARY]}),
    json.dumps({"jsonrpc": "2.0", "id": 8, "method": "no/such", "params": {"x": CANARY}}),
    json.dumps({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": {"name": 1}}),
    "\x00\ufffe" + CANARY,
]


def sockets_of(pid, url):
    """Count the connections of a process to the emulator."""
    port = int(url.rpartition(":")[2])
    held = set()
    for one in Path(f"/proc/{pid}/fd").iterdir():
        # It works in the background, too: a file may be closed while this looks.
        with suppress(FileNotFoundError):
            held.add(str(one.readlink()))
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    here = [row for row in rows if f"socket:[{row[9]}]" in held]
    return sum(row[2].endswith(f":{port:04X}") and row[3] == "01" for row in here)


@each_era
async def test_a_client_lists_and_calls(ready, era):
    box, connection, _ = ready

    async with box.client(era=era) as client:
        assert len(await names(client)) == 18
        done = await client.call_tool("github_create_issue", NEW)

    assert done.structured_content["title"] == "Found one"
    assert done.meta["connector-vault/connection"] == connection.id
    assert box.stderr() == "Serving the tools of local/me over stdio, until the client leaves.\n"


@each_era
async def test_an_error_repeats_no_argument_anywhere(ready, era):
    box, _, _ = ready

    async with box.client("--debug", era=era) as client:
        done = await client.call_tool("github_create_issue", {**NEW, "title": [CANARY]})
        with pytest.raises(MCPError) as caught:
            await client.call_tool(CANARY, {"x": CANARY})
        refused = await client.call_tool("github_get_issue", {**REPO, "issue_number": 404})

    assert (error_of(done), error_of(refused)) == ("BadArguments", "Refused")
    assert "title" in text_of(done)
    assert CANARY not in f"{done} {caught.value.error} {box.stderr()}"


@each_era
async def test_a_call_given_up_is_ended_at_the_provider_and_the_next_one_works(ready, era):
    box, _, _ = ready
    async with box.client(era=era) as client:
        await box.world.fault(kind="hang", path=ISSUES)
        with pytest.raises(MCPError) as caught:
            await client.call_tool("github_list_issues", REPO, read_timeout_seconds=1)
        assert caught.value.code == REQUEST_TIMEOUT
        await box.world.heard(path=ISSUES)

        await until(lambda: sockets_of(box.pid, box.world.url) == 0)

        assert not (await client.call_tool("github_list_issues", REPO)).is_error


@each_era
async def test_a_disconnect_elsewhere_is_seen_at_once(ready, era):
    box, connection, vault = ready
    async with box.client(era=era) as client:
        assert await names(client)

        await vault.disconnect(connection.id, owner=connection.owner)

        done = await client.call_tool("github_list_issues", REPO)
        assert error_of(done) == "NotConnected"
        assert "`connector-vault connect github`" in text_of(done)
        assert await names(client) == []


async def test_an_account_connected_elsewhere_is_announced(ready):
    box, _, vault = ready
    async with box.client() as client, client.listen(tools_list_changed=True) as told:
        await names(client)

        await box.connect(vault, "hubot")

        async with asyncio.timeout(20):
            await anext(aiter(told))


async def test_a_narrowed_server_says_so_in_its_list(ready):
    box, _, _ = ready

    async with box.client("--provider", "github", "--read-only") as client:
        tools = (await client.list_tools()).tools

    assert all(tool.annotations.read_only_hint for tool in tools)
    assert len(tools) == 10


@pytest.fixture
async def server(ready):
    async with started(ready[0]) as process:
        yield process


@asynccontextmanager
async def started(box, *options):
    """Start the server, and be what is at the other end of its pipes."""
    process = await asyncio.create_subprocess_exec(*COMMAND, "mcp", *options, env=box.env, **PIPES)
    try:
        await process.stderr.readuntil(b"until the client leaves.\n")
        async with asyncio.timeout(20):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def greet(process):
    process.stdin.write(json.dumps(HELLO).encode() + b"\n")
    return json.loads(await process.stdout.readline())


async def test_the_end_of_stdin_ends_it(server):
    assert await server.communicate(b"") == (b"", b"")
    assert server.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_while_the_client_is_silent(server, number):
    assert (await greet(server))["id"] == 1

    server.send_signal(number)

    assert await server.stdout.read() == await server.stderr.read() == b""
    assert await server.wait() == 0


async def test_a_client_that_leaves_ends_the_call_it_waits_for(server, world):
    await world.fault(kind="hang", path="/user")
    heard = len(await world.log(path="/user"))
    await greet(server)
    server.stdin.write(b"".join(json.dumps(one).encode() + b"\n" for one in CALL))
    await world.heard(path="/user", times=heard + 1)

    out, err = await server.communicate(b"")

    assert (err, server.returncode) == (b"", 0)
    assert json.loads(out)["error"]["message"] == "Connection closed"


async def test_a_client_that_does_not_listen_is_no_error(server):
    server._transport.get_pipe_transport(1).close()

    _, err = await server.communicate(json.dumps(HELLO).encode() + b"\n")

    assert (err, server.returncode) == (b"", 0)


@pytest.mark.parametrize("options", [[], ["--debug"]], ids=str)
async def test_garbage_is_survived_and_not_repeated(ready, options):
    said = b"\xff\xfe\n" + "\n".join([*GARBAGE, json.dumps(HELLO)]).encode()
    async with started(ready[0], *options) as server:
        out, err = await server.communicate(said)

    answers = [json.loads(line) for line in out.decode().splitlines()]
    assert {one["jsonrpc"] for one in answers} == {"2.0"}
    assert answers[-1]["result"]["serverInfo"]["name"] == "connector-vault"
    assert server.returncode == 0
    assert CANARY.encode() not in out + err


async def test_messages_may_come_from_a_file(ready, tmp_path):
    box, _, _ = ready
    (tmp_path / "said.json").write_text(json.dumps(HELLO) + "\n")
    with (tmp_path / "said.json").open() as said:
        done = await asyncio.to_thread(
            subprocess.run, [*COMMAND, "mcp"], stdin=said, env=box.env, capture_output=True
        )

    assert done.returncode == 0
    assert json.loads(done.stdout)["id"] == 1


async def test_without_a_vault_it_says_how_to_make_one(tmp_path):
    done = await asyncio.to_thread(Shell(tmp_path).run, "mcp")

    assert (done.code, done.out) == (1, "")
    assert done.err.count("\n") == 1
    assert "connector-vault init" in done.err
    assert not (tmp_path / "data").exists()


async def test_a_provider_that_does_not_exist_is_usage(ready):
    done = await asyncio.to_thread(ready[0].run, "mcp", "--provider", "nowhere")

    assert (done.code, done.out) == (2, "")
    assert "github" in done.err

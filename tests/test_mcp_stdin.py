"""What a client may say to the server, and what it is told when nobody can read it."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.types import jsonrpc_message_adapter

from connector_vault.mcp_servers.messages import MAX_LINE, Pending, Refusal, judge
from tests.agents import FIXTURES
from tests.test_mcp_stdio import CANARY, NEW, greet, started

box, ready = FIXTURES

NOT_JSON, NOT_A_REQUEST = -32700, -32600
PING = '{"jsonrpc": "2.0", "id": "ping", "method": "ping"}'
LIMIT = 30
CALL = (
    '{"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "x", "arguments": %s}}'
)
CALL_TS = '{"method":"tools/call","params":{"name":"x","arguments":%s},"jsonrpc":"2.0","id":7}'
"""As the TypeScript SDK orders it."""

DEEP = f'{{"{CANARY}": {"[" * 100_000}{"]" * 100_000}}}'
REFUSED = {
    "not JSON": (CANARY, NOT_JSON, None),
    "not JSON, yet its id can be read": (CALL % CANARY, NOT_JSON, 7),
    "a byte order mark": ("\ufeff" + PING, NOT_JSON, "ping"),
    "UTF-16": ("\ufffd\ufffd" + "\0".join(PING), NOT_JSON, None),
    "two on one line": (PING + PING, NOT_JSON, "ping"),
    "a header": ("Content-Length: 40", NOT_JSON, None),
    "an empty object": ("{}", NOT_A_REQUEST, None),
    "a number": ("5", NOT_A_REQUEST, None),
    "a batch": (f"[{PING}, {PING}]", NOT_A_REQUEST, None),
    "params in an array": (
        f'{{"jsonrpc": "2.0", "id": 7, "method": "ping", "params": ["{CANARY}"]}}',
        NOT_A_REQUEST,
        7,
    ),
    "params in a string": (
        f'{{"jsonrpc": "2.0", "id": "a", "method": "ping", "params": "{CANARY}"}}',
        NOT_A_REQUEST,
        "a",
    ),
    "another version": ('{"jsonrpc": "1.0", "id": 1, "method": "ping"}', NOT_A_REQUEST, 1),
    "no method": ('{"jsonrpc": "2.0", "id": 1}', NOT_A_REQUEST, 1),
    "an id of null": ('{"jsonrpc": "2.0", "id": null, "method": "ping"}', NOT_A_REQUEST, None),
    "an id of 1.5": ('{"jsonrpc": "2.0", "id": 1.5, "method": "ping"}', NOT_A_REQUEST, None),
    "an id of true": ('{"jsonrpc": "2.0", "id": true, "method": "ping"}', NOT_A_REQUEST, None),
    "an endless id": (f'{{"id": "{"i" * 999}", "method": "ping"}}', NOT_A_REQUEST, None),
    "an integer of 5000 digits": (CALL % ("9" * 5000), NOT_A_REQUEST, 7),
    "the same, its id at the end": (CALL_TS % ("9" * 5000), NOT_A_REQUEST, 7),
    "100,000 nested arrays": (CALL % DEEP, NOT_A_REQUEST, 7),
    "the same, the id at the end": (CALL_TS % DEEP, NOT_A_REQUEST, 7),
    "an inner id": ('{"params": [{"id": 3}], "method": "ping", "id": 4}', NOT_A_REQUEST, 4),
    "half a character in the id": ('{"id": "\\ud800", "method": "ping"}', NOT_A_REQUEST, "\ufffd"),
}
UNANSWERED = [
    f'{{"jsonrpc": "2.0", "method": "notifications/{CANARY}", "params": [1]}}',
    '{"method": "notifications/initialized"}',
    '{"jsonrpc": "2.0", "id": 7, "result": 5}',
    '{"jsonrpc": "2.0", "id": 7, "error": "no"}',
]
LONG = {
    "its id at the front": (CALL, 7),
    "its id at the end": (CALL_TS, 7),
    "no id": ('{"jsonrpc": "2.0", "method": "%s"}', None),
    "not JSON": ("%s", None),
}


@pytest.fixture
async def server(ready):
    """One that has shaken hands."""
    async with started(ready[0]) as process:
        await greet(process)
        yield process


async def ask(process, line):
    """Say one line, and read the next."""
    process.stdin.write(line.encode() + b"\n")
    await process.stdin.drain()
    return json.loads(await process.stdout.readline())


async def test_half_a_character_is_replaced_and_the_call_works(server):
    call = {
        "name": "github_create_issue",
        "arguments": {**NEW, "title": "cut \ud83d here \U0001f600"},
    }

    said = await ask(
        server, json.dumps({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": call})
    )

    assert said["id"] == 7
    assert said["result"]["structuredContent"]["title"] == "cut \ufffd here \U0001f600"


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_sdk_cannot_take_is_refused(case):
    line, code, number = REFUSED[case]

    refusal = judge(line)

    assert (refusal.answer.id, refusal.answer.error.code) == (number, code)
    assert CANARY not in str(refusal)


@pytest.mark.parametrize("line", UNANSWERED)
def test_a_notification_or_an_answer_nobody_can_read_gets_no_answer(line):
    assert judge(line).answer is None


async def test_every_refusal_is_said_and_the_session_goes_on(server):
    lines = [line for line, _, _ in REFUSED.values()] + UNANSWERED

    said = [await ask(server, line) for line, _, _ in REFUSED.values()]

    assert (await ask(server, "\n".join([*UNANSWERED, PING])))["id"] == "ping"
    out, err = await server.communicate(b"")
    assert out == b""
    assert [one["error"]["code"] for one in said] == [code for _, code, _ in REFUSED.values()]
    assert err.count(b"\n") == len(lines)
    assert f"a message was not read, {len(lines)} so far".encode() in err
    assert CANARY not in f"{said} {err}"


async def test_an_empty_line_is_nothing(server):
    assert (await ask(server, "\n \r\n" + PING))["id"] == "ping"
    assert await server.communicate(b"") == (b"", b"")


async def test_a_message_above_4_mib_is_skipped_and_answered(server):
    long = f'"{CANARY * (MAX_LINE // len(CANARY) + 1)}"'

    said = [await ask(server, form % long) for form, _ in LONG.values()]

    assert [one["id"] for one in said] == [number for _, number in LONG.values()]
    assert {one["error"]["code"] for one in said} == {NOT_A_REQUEST}
    assert "longer than 4 MiB" in said[0]["error"]["message"]
    assert (await ask(server, PING))["id"] == "ping"
    _, err = await server.communicate(b"")
    assert CANARY not in f"{said} {err}"


async def test_a_message_of_exactly_4_mib_is_read(server):
    empty = len(CALL % '""')

    said = await ask(server, CALL % f'"{"x" * (MAX_LINE - empty)}"')

    assert said["id"] == 7
    assert "4 MiB" not in said["error"]["message"]


async def test_a_message_without_an_end_takes_no_memory(server):
    before = peak(server.pid)

    for _ in range(64):
        server.stdin.write(b"x" * 2**20)
        await server.stdin.drain()

    assert (await ask(server, ""))["error"]["code"] == NOT_A_REQUEST
    assert peak(server.pid) - before < 24 * 1024


def peak(pid):
    """Read the most memory a process has held, in KiB."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


async def test_refusals_and_answers_do_not_mix_on_a_line(server):
    call = CALL % "{}"
    said = "\n".join(
        [call.replace('"id": 7', f'"id": {n}') + f"\nno JSON\n{PING}" for n in range(100)]
    )

    out, err = await server.communicate(said.encode())

    answers = [json.loads(line) for line in out.splitlines()]
    assert {one["jsonrpc"] for one in answers} == {"2.0"}
    assert sum(one["id"] is None for one in answers) == 100
    assert b"100 so far" in err


async def test_garbage_of_a_client_that_does_not_listen_is_no_error(server):
    server._transport.get_pipe_transport(1).close()

    _, err = await server.communicate(b"no JSON\n" * 1000)

    assert server.returncode == 0
    assert b"Traceback" not in err


async def test_a_refusal_before_the_handshake_is_answered(ready):
    async with started(ready[0]) as process:
        assert (await ask(process, "no JSON"))["error"]["code"] == NOT_JSON
        assert (await greet(process))["id"] == 1


@given(st.recursive(st.text(st.characters()), st.lists) | st.text(st.characters(categories=["Cs"])))
def test_any_text_goes_on_with_its_halves_replaced(text):
    line = json.dumps(
        {"jsonrpc": "2.0", "id": 7, "method": "m", "params": {"\\": text, "\ud800": 1}}
    )

    message = jsonrpc_message_adapter.validate_json(judge(line))

    whole = json.loads(json.dumps(text).encode("utf-16", "surrogatepass").decode("utf-16"))
    assert message.params == {"\\": mended(whole), "\ufffd": 1}


def mended(value):
    """Join the halves that belong together, and replace the others."""
    if isinstance(value, list):
        return [mended(one) for one in value]
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@given(st.text() | st.text('{}[]":,\\ud8id01.-e \n').map(lambda text: f'{{"id":1,{text}}}'))
def test_any_line_is_taken_by_the_sdk_or_refused(line):
    match judge(line):
        case Refusal(answer=answer):
            assert answer is None or answer.model_dump_json()
        case text:
            jsonrpc_message_adapter.validate_json(text)


@given(st.lists(st.binary(max_size=40), max_size=9), st.integers(1, 20))
def test_lines_are_the_same_in_whatever_pieces_they_come(lines, size):
    pending, found, sent = Pending(LIMIT), [], b"".join(line + b"\n" for line in lines)

    for begin in range(0, len(sent), size):
        found += pending.lines(sent[begin : begin + size])

    bare = [part for line in lines for part in line.split(b"\n")]
    assert [one if isinstance(one, str) else None for one in found] == [
        line.decode("utf-8", "replace") if len(line) <= LIMIT else None for line in bare
    ]

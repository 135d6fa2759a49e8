"""`mcp` where stdin or stdout is no client's."""

import json
import os
import subprocess
from contextlib import suppress

import pytest

from tests.cli import COMMAND, FIXTURES

portal, played, shell, lonely, connected = FIXTURES

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
REDIRECTED = {
    "stdin is closed": "<&-",
    "stdout is closed": ">&-",
    "both are closed": "<&- >&-",
    "stdin can only be written to": "0>/dev/null",
    "stdout can only be read from": "1</dev/null",
    "stdout is full": ">/dev/full",
}


@pytest.fixture
def box(lonely):
    """A machine with a vault."""
    assert lonely.quick("init").code == 0
    return lonely


@pytest.mark.parametrize("how", REDIRECTED.values(), ids=REDIRECTED)
def test_where_no_client_can_be_heard_or_answered_it_says_so_in_one_line(box, how):
    line = ["sh", "-c", f'exec "$@" {how}', "sh", *COMMAND, "mcp"]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(line, env=box.env, text=True, **pipes) as process:
        with suppress(BrokenPipeError):
            process.stdin.write(f"{json.dumps(HELLO)}{os.linesep}")
            process.stdin.flush()
        # It ends while stdin is still open.
        process.wait(timeout=30)
        with suppress(BrokenPipeError):
            process.stdin.close()
        said = [one for one in process.stderr if not one.startswith("Serving the tools ")]

    assert process.returncode == 1
    assert len(said) == 1
    assert said[0].startswith("error: stdin and stdout ")

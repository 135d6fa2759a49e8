"""The MCP Inspector, a client that is not ours. `make others` installs and runs it."""

import asyncio
import json
import os
import subprocess

import pytest

from tests.agents import FIXTURES
from tests.cli import COMMAND
from tests.deeds import ROOT

pytestmark = pytest.mark.others
box, ready = FIXTURES

FOLDER = ROOT / "build" / "others"
INSPECTOR = [str(FOLDER / "node"), str(FOLDER / "node_modules" / ".bin" / "mcp-inspector"), "--cli"]
ISSUE = ["owner=octocat", "repo=hello-world"]
TOOL_ERROR = 5

each_era = pytest.mark.parametrize("era", ["modern", "legacy"])


@pytest.fixture
def inspect(ready):
    """Let the Inspector start our server, ask it for one thing, and end it."""
    if not (FOLDER / ".made").exists():
        missing = pytest.fail if os.environ.get("CONNECTOR_VAULT_REQUIRE_ALL") else pytest.skip
        missing("the MCP Inspector is not installed: make others")
    given = [word for one in ready[0].env.items() for word in ("-e", "=".join(one))]

    async def inspect(era, *asked):
        said = [*COMMAND, "mcp", *given, "--protocol-era", era, "--format", "json", *asked]
        done = await asyncio.to_thread(
            subprocess.run, [*INSPECTOR, *said], capture_output=True, check=False, timeout=50
        )
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout.splitlines()[0])["result"]

    return inspect


@each_era
async def test_the_inspector_lists_our_tools_and_finds_no_fault_with_their_schemas(inspect, era):
    code, found = await inspect(era, "--method", "tools/list", "--strict")

    names = [one["name"] for one in found["tools"]]
    assert (code, len(names)) == (0, 18)
    assert "github_create_issue" in names


@each_era
async def test_the_inspector_calls_a_tool(inspect, world, era):
    asked = ("--method", "tools/call", "--tool-name", "github_create_issue", "--tool-arg")

    code, done = await inspect(era, *asked, *ISSUE, "title=Found one")

    assert code == 0
    assert done["structuredContent"]["title"] == "Found one"
    assert len(await world.log(path="/repos/octocat/hello-world/issues")) == 1


@each_era
async def test_the_inspector_is_told_of_an_error(inspect, era):
    asked = ("--method", "tools/call", "--tool-name", "github_get_issue", "--tool-arg")

    code, done = await inspect(era, *asked, *ISSUE, "issue_number=404")

    assert code == TOOL_ERROR
    assert done["_meta"]["connector-vault/error"] == "Refused"

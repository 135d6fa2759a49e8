"""MCP clients: in this process, and of the real server over stdio."""

import asyncio
import os
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from connector_vault import Gateway, Owner
from connector_vault.mcp_servers.gateway import server_of
from connector_vault.mcp_servers.tools import Tools
from tests.cli import COMMAND, Shell
from tests.deeds import ADA

ME = Owner(tenant="local", user="me")
ERAS = {"2026-07-28": "auto", "2025-11-25": "legacy"}
"""The newest protocol of each era, and how to ask the SDK's client for it."""

each_era = pytest.mark.parametrize("era", ERAS)


class Box(Shell):
    """A person's machine on which a client starts our server."""

    def __init__(self, home, world):
        super().__init__(home, world.url)
        self.world = world
        self._errors = home / "stderr.txt"

    @asynccontextmanager
    async def client(self, *options, era="2026-07-28", **more):
        """Start `connector-vault mcp`, and be its client."""
        command, *arguments = [*COMMAND, "mcp", *options]
        server = StdioServerParameters(command=command, args=arguments, env=self.env)
        with self._errors.open("w") as errors:
            wire = stdio_client(server, errlog=errors)
            async with Client(wire, mode=ERAS[era], cache=None, **more) as client:
                assert client.protocol_version == era
                yield client

    def stderr(self):
        """Read what the server said to people."""
        return self._errors.read_text()

    @property
    def pid(self):
        """Find the server that a client of this process runs."""
        (found,) = [one for one in children_of(os.getpid()) if b"\0mcp" in command_of(one)]
        return found

    async def connect(self, vault, login="octocat"):
        """Connect an account of this machine's owner, as another process would."""
        await self.world.act("github", "sign_in", login=login)
        pending = await vault.connect("github", ME, redirect_uri="http://127.0.0.1:9/cb")
        async with httpx2.AsyncClient(trust_env=False) as browser:
            callback = (await browser.get(pending.url)).headers["location"]
        (connection,) = await vault.finish(callback, owner=ME)
        return connection


@asynccontextmanager
async def in_memory(vault, era="2026-07-28", owner=ADA, message_handler=None, **options):
    """Be the client of a server in this process."""
    async with Gateway(vault, isolation="inline") as gateway:
        server = await server_of(Tools(vault, gateway, owner, **options))
        said = {"mode": ERAS[era], "cache": None, "message_handler": message_handler}
        async with Client(server, **said) as client:
            yield client


@pytest.fixture
def box(tmp_path, world):
    return Box(tmp_path, world)


@pytest.fixture
async def ready(box):
    """A machine with one account, which is also open in this process."""
    await asyncio.to_thread(box.run, "init")
    async with box.vault() as vault:
        yield box, await box.connect(vault), vault


FIXTURES = (box, ready)
"""A test module takes them under these names."""


async def names(client):
    return [tool.name for tool in (await client.list_tools()).tools]


async def schema_of(client, name):
    return next(tool for tool in (await client.list_tools()).tools if tool.name == name)


def text_of(result):
    (content,) = result.content
    return content.text


def error_of(result):
    assert result.is_error, result
    return result.meta["connector-vault/error"]


def children_of(pid):
    """List the processes that a process has started."""
    files = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(one) for file in files for one in file.read_text().split()]


def command_of(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes()

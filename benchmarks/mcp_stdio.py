"""A tool call over MCP and stdio: our server against a bare one of the SDK, both with a no-op.

The tool asks no provider and runs in the server's process, so that what is left is what we add:
the gateway, with its checks and two lines of audit, and the layer that speaks MCP. The gateway
alone is measured beside it, in this process on the same vault; the layer is the rest. What a
worker adds is measured by `isolation`.

`python -m benchmarks.mcp_stdio bare` and `... ours` are the two servers.
"""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module
from pathlib import Path
from statistics import median

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
)

from benchmarks.ground import OWNER, Ground, ground
from benchmarks.measure import in_turns, table
from connector_vault import Gateway, Secret, Vault

_INFO = {
    "METADATA": "Metadata-Version: 2.1\nName: idle\nVersion: 1\n",
    "entry_points.txt": "[connector_vault.connectors]\nidle = benchmarks.idle:connector\n",
}
"""Makes the connector of `idle` one that is installed."""

_ONE = {"number": 1}

_WARM = 50
"""Calls before it counts."""


async def measure() -> str:
    """Measure both eras of the protocol."""
    async with ground() as here:
        _install(here.folder)
        await here.vault.add("idle", OWNER, secret=Secret("idle-idle-idle"))
        return "\n".join([await _measured(here, mode) for mode in ("auto", "legacy")])


async def _measured(here: Ground, mode: str) -> str:
    gateway = Gateway(here.vault, isolation="inline")
    async with AsyncExitStack() as stack:
        bare = await stack.enter_async_context(_served("bare", here, mode))
        ours = await stack.enter_async_context(_served("ours", here, mode))
        contestants: dict[str, Callable[[], Awaitable[object]]] = {
            "floor: a bare server of the SDK": lambda: bare.call_tool("nothing", _ONE),
            "our server": lambda: ours.call_tool("idle_nothing", _ONE),
            "gateway.call alone, in this process": lambda: gateway.call(
                OWNER, "idle.nothing", _ONE
            ),
        }
        await in_turns(contestants, turns=1, each=_WARM)
        times = await in_turns(contestants, turns=20, each=25)
        version = bare.protocol_version
    floor, whole, part = (median(one) * 1e3 for one in times.values())
    title = f"a call over MCP {version} and stdio"
    shown = table(title, times, floor=next(iter(times)), unit=1e-3, target="≤ 0.5 ms beyond it")
    added = f"added {whole - floor:.2f} ms; without the gateway {whole - floor - part:.2f} ms"
    return f"{shown}\n  {added}"


@asynccontextmanager
async def _served(name: str, here: Ground, mode: str) -> AsyncGenerator[Client]:
    env = {
        "PYTHONPATH": os.pathsep.join([str(here.folder), *sys.path]),
        "CONNECTOR_VAULT_DATABASE": f"sqlite:///{here.folder}/vault.db",
        "CONNECTOR_VAULT_KEYS": f"local:{here.folder}/vault.key",
        "CONNECTOR_VAULT_EMULATOR": here.world.url,
    }
    said = ["-m", "benchmarks.mcp_stdio", name]
    wire = stdio_client(StdioServerParameters(command=sys.executable, args=said, env=env))
    async with Client(wire, mode=mode, cache=None) as client:
        await client.list_tools()
        yield client


def _install(folder: Path) -> None:
    info = folder / "idle-1.dist-info"
    info.mkdir()
    for name, text in _INFO.items():
        (info / name).write_text(text)
    sys.path.insert(0, str(folder))


async def _bare() -> None:
    async def show(
        _: ServerRequestContext[object], __: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return ListToolsResult(tools=[Tool(name="nothing", input_schema={"type": "object"})])

    async def call(_: ServerRequestContext[object], __: CallToolRequestParams) -> CallToolResult:
        return CallToolResult(content=[TextContent(type="text", text="null")])

    server = Server("bare", on_list_tools=show, on_call_tool=call)
    async with stdio_server() as (heard, said):
        await server.run(heard, said, server.create_initialization_options())


async def _ours() -> None:
    serve = import_module("connector_vault.mcp_servers.gateway").serve
    async with Vault.open() as vault, Gateway(vault, isolation="inline") as gateway:
        await serve(vault, gateway, OWNER)


if __name__ == "__main__":
    asyncio.run({"bare": _bare, "ours": _ours}[sys.argv[1]]())

"""An MCP server: one owner's connected tools, for one client.

It decides nothing: what may be called, and on which account, the gateway says. One server object
speaks both eras of the protocol; the client's first message tells which it is.

https://modelcontextprotocol.io/specification/2026-07-28/basic/transports
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from mcp.server import NotificationOptions, Server, ServerRequestContext
from mcp.server.caching import CacheHint
from mcp.server.stdio import stdio_server
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ToolsListChanged
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    NotificationParams,
    PaginatedRequestParams,
)

from connector_vault import Gateway, Owner, Vault

from .stdin import lines
from .tools import Tools

if TYPE_CHECKING:
    from mcp.server.session import ServerSession

__all__ = ["serve", "server_of"]

_log = logging.getLogger(__name__)

Context = ServerRequestContext[None]

_FRESH = CacheHint(ttl_ms=5_000, scope="private")
"""How long a client may keep a list. One that listens is told of a change before that."""


async def serve(
    vault: Vault,
    gateway: Gateway,
    owner: Owner,
    *,
    providers: Collection[str] = (),
    only_reads: bool = False,
) -> None:
    """Serve the client on stdin and stdout until it leaves.

    Whatever else is printed meanwhile goes to stderr. `providers`: none named means all.
    `only_reads`: leave out what changes something.
    """
    # Its debug log repeats what the client sent.
    logging.getLogger("mcp").setLevel(logging.WARNING)
    tools = Tools(vault, gateway, owner, providers=frozenset(providers), only_reads=only_reads)
    server = await server_of(tools)
    options = server.create_initialization_options(NotificationOptions(tools_changed=True))
    with lines() as stdin:
        try:
            async with stdio_server(stdin=stdin) as (heard, said):
                stdin.answer_with(said.send)
                await server.run(heard, said, options)
        except* BrokenPipeError:
            _log.debug("the client has left without hearing us out")


async def server_of(tools: Tools) -> Server[None]:
    """Make a server of an owner's tools. It serves one client, once."""
    door = _Door(tools)
    server = Server(
        "connector-vault",
        version=version("connector-vault"),
        instructions=await tools.introduction(),
        lifespan=door.watching,
        cache_hints={"tools/list": _FRESH},
        on_list_tools=door.show,
        on_call_tool=door.call,
        on_subscriptions_listen=ListenHandler(door.bus, max_subscriptions=8),
    )
    server.add_notification_handler("notifications/initialized", NotificationParams, door.greet)
    return server


class _Door:
    """What the client asks for, and what it is told unasked."""

    def __init__(self, tools: Tools) -> None:
        self.bus = InMemorySubscriptionBus()
        self._tools = tools
        self._client: ServerSession | None = None

    async def show(self, _: Context, __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=await self._tools.show())

    async def call(self, _: Context, params: CallToolRequestParams) -> CallToolResult:
        return await self._tools.call(params.name, params.arguments or {})

    async def greet(self, context: Context, _: NotificationParams) -> None:
        """Remember a client of the handshake's era: it is told of changes without asking."""
        self._client = context.session

    @asynccontextmanager
    async def watching(self, _: Server[None]) -> AsyncGenerator[None]:
        """Tell the client when the list has changed, as long as it is there."""
        telling = asyncio.create_task(self._tell())
        try:
            yield
        finally:
            telling.cancel()
            await asyncio.wait([telling])

    async def _tell(self) -> None:
        async for _ in self._tools.changes():
            await self.bus.publish(ToolsListChanged())
            if self._client is not None:
                await self._client.send_tool_list_changed()

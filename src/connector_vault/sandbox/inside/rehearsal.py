"""Doing in the zygote, once, what every worker would do first.

What is imported and built here is shared by all workers. After hardening nothing can be imported.
"""

import asyncio
import socket
from contextlib import suppress
from importlib import import_module
from typing import TypeVar

from connector_vault.connector import Api, Connector, Json, Refused, Request, Tool, read, reads
from connector_vault.sandbox.frames import pack
from connector_vault.sandbox.inside.worker import Worker
from connector_vault.signature import signature_of

__all__ = ["STAGE", "play", "rehearse"]

T = TypeVar("T")

_ANSWERS = (
    b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
    b"HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
)
"""One for each call that is rehearsed: it works, and it fails."""

_STAND_INS: dict[object, Json] = {str: "x", int: 1, float: 1.0, bool: True}


def rehearse(module: str, name: str) -> None:
    """Import a connector, and build what its tools need."""
    # One that fails here fails in its calls, with its name, and takes no other with it.
    with asyncio.Runner() as runner, suppress(Exception):
        connector: Connector = getattr(import_module(module), name)
        for tool in connector.tools:
            runner.run(_warm(tool))


async def _warm(tool: Tool) -> None:
    if isinstance(tool.function, str):
        return
    fields = signature_of(tool.function).arguments.model_fields
    needed = {name: field for name, field in fields.items() if field.is_required()}
    values = {name: _STAND_INS.get(field.annotation) for name, field in needed.items()}
    with suppress(Exception):
        # It runs up to its first request, which goes nowhere.
        await tool.function(_Curious(), **values)


class _Curious(Api):
    """Learns into what types a tool reads its answers."""

    async def send(self, request: Request) -> Json:  # noqa: ARG002  # goes nowhere
        raise Refused("rehearsal")

    async def get(self, into: type[T], *_: Json, **__: Json) -> T:
        return read(into, None)

    post = put = patch = delete = get


async def _ask(api: Api, number: int) -> int:
    await api.get(dict[str, Json], "/{}", number, a=1)
    return number


STAGE = Connector(
    name="rehearsal", title="Rehearsal", api="https://rehearsal.example", tools=(reads(_ask),)
)


def play() -> None:
    """Carry out two calls of a tool that does nothing."""
    vault, orders = socket.socketpair()
    provider, out = socket.socketpair()
    provider.sendall(_ANSWERS)
    call = {"id": 0, "connector": (__name__, "STAGE"), "tool": "_ask", "files": (), "seconds": 1.0}
    for number in range(2):
        vault.sendall(pack({**call, "arguments": {"number": number}}))
    vault.shutdown(socket.SHUT_WR)
    worker = Worker.made(orders, out)
    worker.serve()
    worker.loop.close()
    for one in (vault, orders, provider, out):
        one.close()

"""One worker: it takes a call, runs a tool, says what came of it, and takes the next.

Everything it needs is made before it is hardened. Afterwards it opens and imports nothing, but for
a third party's connector, whose code is never run before.
"""

import asyncio
import os
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from inspect import getdoc

from connector_vault.connector import Connector, Json, Tool
from connector_vault.connector.parts import Function
from connector_vault.errors import BadArguments, ConnectorVaultError, Crashed
from connector_vault.sandbox.frames import HEAD, pack, told, unpack
from connector_vault.sandbox.inside.door import Door, Line
from connector_vault.sandbox.inside.held import Held
from connector_vault.signature import signature_of

__all__ = ["Worker"]

_MAX_FILES = 16
_PIECE = 64 * 1024
"""Bytes read at a time."""


@dataclass(slots=True)
class Worker:
    """What a worker works with: its orders, its way out, and a loop."""

    orders: socket.socket
    line: Line
    loop: asyncio.AbstractEventLoop

    @classmethod
    def made(cls, orders: socket.socket, out: socket.socket) -> "Worker":
        """Make everything, while this process may still open things."""
        loop = asyncio.new_event_loop()
        # Its own words about a forgotten task would be formatted, and sources opened for them.
        loop.set_exception_handler(_ignore)
        return cls(orders, Line(out), loop)

    def serve(self) -> None:
        """Work until the vault hangs up."""
        while (order := self._next()) is not None:
            answer = self.loop.run_until_complete(self._carried_out(*order))
            self.orders.sendall(_packed(answer, order[0].get("called")))

    def _next(self) -> tuple[Json, Sequence[int]] | None:
        said = bytearray()
        files: list[int] = []
        size = HEAD.size
        while (more := size - len(said)) > 0:
            # Files come with the first byte: only then does the kernel hand them over.
            piece, given, _, _ = socket.recv_fds(self.orders, min(more, _PIECE), _MAX_FILES)
            if not piece:
                return None
            said += piece
            files += given
            if len(said) == HEAD.size:
                size += HEAD.unpack(said)[0]
        return unpack(bytes(said[HEAD.size :])), files

    async def _carried_out(self, said: Json, files: Sequence[int]) -> dict[str, Json]:
        answer: dict[str, Json] = {"id": said["id"]}
        called = said.get("called", "a connector")
        try:
            connector = _connector(said["connector"])
            if "tool" in said:
                answer["value"] = await self._run(connector, said, files)
            elif said.get("describe"):
                answer["tools"] = [_described(tool) for tool in connector.tools]
        except ConnectorVaultError as error:
            answer["error"] = told(error)
        except BaseException as error:  # noqa: BLE001  # a tool may raise SystemExit
            answer["error"] = told(Crashed(f"{called} failed with {_what(error)}"))
        finally:
            for one in files:
                os.close(one)
        # What a call left running would go on in the next one.
        answer["spent"] = not (await _end_all() and self.line.quiet)
        return answer

    async def _run(self, connector: Connector, said: Json, files: Sequence[int]) -> Json:
        function = _function(connector, said["tool"])
        signature = signature_of(function)
        held = {
            argument: Held(name, size, descriptor)
            for (argument, name, size), descriptor in zip(said["files"], files, strict=True)
        }
        bound = signature.bind(said["arguments"] | held)
        door = Door(connector, self.line, api=said.get("api", ""))
        door.account, door.until = said.get("account", ""), time.monotonic() + said["seconds"]
        value = await function(door, **bound)
        return signature.dump(value)


def _packed(answer: dict[str, Json], called: str) -> bytes:
    try:
        return pack(answer)
    except (RecursionError, ValueError):
        error = Crashed(f"{called} gives what JSON cannot say: tell its author")
        return pack({"id": answer["id"], "error": told(error), "spent": answer["spent"]})


def _connector(place: Sequence[str]) -> Connector:
    module, name = place
    found: object = getattr(import_module(module), name)
    if not isinstance(found, Connector):
        raise Crashed(f"{module}:{name} is no connector: tell its author")
    return found


def _function(connector: Connector, name: str) -> Function:
    found = next((tool for tool in connector.tools if tool.name == name), None)
    if found is None:
        raise BadArguments(f"{connector.title} has no tool of that name")
    return found.load()


def _what(error: BaseException) -> str:
    """Say what failed and where, for the tool's author, and nothing of what it was working on."""
    place, step = "", error.__traceback__
    while step is not None:
        place = f" at {_file(step.tb_frame.f_code.co_filename)}:{step.tb_lineno}"
        step = step.tb_next
    missing = f" ({error.name})" if isinstance(error, ImportError) and error.name else ""
    if isinstance(error, SyntaxError):
        place = f" at {_file(error.filename or '')}:{error.lineno}"
    return f"{type(error).__name__}{missing}{place}: tell its author"


def _file(path: str) -> str:
    return path.rpartition("/")[2]


def _described(tool: Tool) -> Mapping[str, Json]:
    try:
        return _description(tool)
    except ConnectorVaultError as error:
        return {"name": tool.name, "failed": str(error)}
    except Exception as error:  # noqa: BLE001  # one that cannot be described hides no others
        return {"name": tool.name, "failed": _what(error)}


def _description(tool: Tool) -> Mapping[str, Json]:
    function = tool.load()
    signature = signature_of(function)
    return {
        "name": tool.name,
        "description": getdoc(function) or "",
        "input_schema": signature.input_schema(),
        "output_schema": signature.output_schema(),
    }


async def _end_all() -> bool:
    """End what a tool left running. Give whether there was nothing."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if not left:
        return True
    for task in left:
        task.cancel()
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.gather(*left, return_exceptions=True), 0.1)
    return False


def _ignore(_loop: asyncio.AbstractEventLoop, _context: dict[str, Json]) -> None:
    pass

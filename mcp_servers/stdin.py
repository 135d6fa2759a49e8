"""The messages on stdin, read without a thread.

The SDK reads it in a thread, which nothing can wake: a server told to end would wait for the
client's next message.
"""

import asyncio
import fcntl
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import contextmanager, suppress

from anyio import AsyncFile, BrokenResourceError
from mcp.shared.message import SessionMessage

from .messages import Pending, Refusal, judge

__all__ = ["Lines", "lines"]

_log = logging.getLogger(__name__)

_PIECE = 64 * 1024
"""Bytes read at once."""

Say = Callable[[SessionMessage], Awaitable[None]]


@contextmanager
def lines() -> Generator["Lines"]:
    """Take stdin over. Whatever else reads it meanwhile finds it at its end."""
    taken = fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, 3)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    try:
        yield Lines(taken)
    finally:
        os.dup2(taken, 0)
        os.close(taken)


class Lines(AsyncFile[str]):
    """What `stdio_server` takes, and of which it uses nothing but the lines.

    It is given only what it can read. Everything else is answered here.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(sys.stdin)
        self._descriptor = descriptor
        self._say: asyncio.Future[Say] = asyncio.get_running_loop().create_future()
        self._refused = 0

    def answer_with(self, say: Say) -> None:
        """Answer what is refused in this way. Until it is known, nothing is refused or read on.

        It is the SDK's own: two writers would tear each other's lines.
        """
        self._say.set_result(say)

    async def __aiter__(self) -> AsyncIterator[str]:
        async for line in self._lines():
            if isinstance(line, str) and not line.strip():
                continue
            found = judge(line) if isinstance(line, str) else line
            if isinstance(found, str):
                yield found
            else:
                await self._refuse(found)

    async def _lines(self) -> AsyncIterator[str | Refusal]:
        pending = Pending()
        while piece := await self._piece():
            for line in pending.lines(piece):
                yield line
        yield pending.end()

    async def _refuse(self, refusal: Refusal) -> None:
        self._refused += 1
        _log.warning("a message was not read, %d so far: %s", self._refused, refusal.reason)
        say = await self._say
        if refusal.answer is not None:
            # A client that has left is the SDK's to find out.
            with suppress(BrokenResourceError):
                await say(SessionMessage(refusal.answer))

    async def _piece(self) -> bytes:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        try:
            loop.add_reader(self._descriptor, ready.set)
        except PermissionError:
            # A file is always ready, and Linux does not watch one.
            return os.read(self._descriptor, _PIECE)
        try:
            await ready.wait()
        finally:
            loop.remove_reader(self._descriptor)
        return os.read(self._descriptor, _PIECE)

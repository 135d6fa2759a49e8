"""The lines of stdin, read without a thread.

The SDK reads it in a thread, which nothing can wake: a server told to end would wait for the
client's next message.
"""

import asyncio
import fcntl
import logging
import os
import sys
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager

from anyio import AsyncFile

__all__ = ["lines"]

_log = logging.getLogger(__name__)

_PIECE = 64 * 1024
"""Bytes read at once."""

_MAX_LINE = 4 * 1024 * 1024
"""Bytes of one message. The gateway takes a quarter of that as arguments, and says so."""


@contextmanager
def lines() -> Generator[AsyncFile[str]]:
    """Take stdin over. Whatever else reads it meanwhile finds it at its end."""
    taken = fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, 3)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    try:
        yield _Lines(taken)
    finally:
        os.dup2(taken, 0)
        os.close(taken)


class _Lines(AsyncFile[str]):
    """What `stdio_server` takes, and of which it uses nothing but the lines."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(sys.stdin)
        self._descriptor = descriptor

    async def __aiter__(self) -> AsyncIterator[str]:
        rest = b""
        while piece := await self._piece():
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                yield line.decode("utf-8", "replace")
            if len(rest) > _MAX_LINE:
                _log.error("the client sent more than %d bytes without an end: good-bye", _MAX_LINE)
                return
        if rest:
            yield rest.decode("utf-8", "replace")

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

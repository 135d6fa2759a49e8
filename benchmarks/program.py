"""A process of ours that is told lines and says JSON, and ends when we do."""

import asyncio
import json
import os
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from connector_vault.connector import Json

__all__ = ["ROOT", "Failed", "Program", "program"]

ROOT = Path(__file__).parent.parent

_MAX_LINE = 16 * 1024 * 1024
"""Bytes."""


_FAREWELL = 20.0
"""Seconds until it is killed."""


class Failed(Exception):
    """Say that a process ended without saying what it was to say: the end of what it wrote."""


class Program:
    """One process that runs."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def hear(self) -> Json:
        """Wait for the next line.

        Raises:
            Failed: it ended before.
        """
        assert self._process.stdout
        assert self._process.stderr
        line = await self._process.stdout.readline()
        if not line:
            words = (await self._process.stderr.read()).decode(errors="replace").splitlines()
            raise Failed(words[-1] if words else "it said nothing")
        heard: Json = json.loads(line)
        return heard

    async def say(self, text: str) -> None:
        """Tell it a line."""
        assert self._process.stdin
        self._process.stdin.write(text.encode() + b"\n")
        await self._process.stdin.drain()


@asynccontextmanager
async def program(*command: str, env: Mapping[str, str] | None = None) -> AsyncGenerator[Program]:
    """Run a program. `env` is added to ours. It ends when nobody writes to its input any more."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        limit=_MAX_LINE,
    )
    try:
        yield Program(process)
    finally:
        assert process.stdin
        process.stdin.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                await process.communicate()
        if process.returncode is None:
            process.kill()
            await process.wait()

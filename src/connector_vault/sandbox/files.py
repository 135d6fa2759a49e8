"""Handing a caller's file to a worker: as a descriptor, never as a path."""

import asyncio
import os
import tempfile
from collections.abc import AsyncGenerator, Iterable
from contextlib import ExitStack, asynccontextmanager
from typing import BinaryIO

from connector_vault.connector import File

__all__ = ["handed"]

_PIECE = 1024 * 1024
"""Bytes copied at a time."""


@asynccontextmanager
async def handed(files: Iterable[File]) -> AsyncGenerator[list[int]]:
    """Copy files, and give descriptors that can be read and nothing else."""
    with ExitStack() as stack:
        descriptors: list[int] = []
        for file in files:
            # It has no name; and whatever stands behind the caller's own stays closed.
            place = stack.enter_context(tempfile.TemporaryFile())
            await asyncio.to_thread(_copy, file, place)
            bare = os.open(f"/proc/self/fd/{place.fileno()}", os.O_RDONLY | os.O_CLOEXEC)
            stack.callback(os.close, bare)
            descriptors.append(bare)
        yield descriptors


def _copy(file: File, place: BinaryIO) -> None:
    starts = range(0, file.size, _PIECE)
    place.writelines(file.read(range(at, min(at + _PIECE, file.size))) for at in starts)
    place.flush()

"""Files that a person hands to a tool: opened here, so that the tool learns no path."""

import os
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from connector_vault.errors import BadArguments

__all__ = ["opened_files"]


class _OnDisk:
    """An open file. It does not change its length while it is sent."""

    def __init__(self, descriptor: int, name: str) -> None:
        self._descriptor = descriptor
        self.name = name
        self.size = os.fstat(descriptor).st_size

    def read(self, piece: range) -> bytes:
        """Give the bytes at these positions."""
        return os.pread(self._descriptor, len(piece), piece.start)


@contextmanager
def opened_files(given: Sequence[str]) -> Generator[dict[str, _OnDisk]]:
    """Open the files of `NAME=PATH` arguments.

    Raises:
        BadArguments: one has no name, comes twice, or is no file that can be read.
    """
    files: dict[str, _OnDisk] = {}
    with ExitStack() as stack:
        for one in given:
            name, equals, place = one.partition("=")
            if not equals or not name or not place:
                raise BadArguments("write --file as name=path")
            if name in files:
                raise BadArguments(f"{name[:64]}: given twice")
            path = Path(place).expanduser()
            if not path.is_file():
                raise BadArguments(f"{name[:64]}: {place} is not a file")
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except OSError as error:
                raise BadArguments(f"{name[:64]}: {place}: {error.strerror}") from error
            stack.callback(os.close, descriptor)
            files[name] = _OnDisk(descriptor, path.name)
        yield files

"""A file that the caller handed over, as a tool sees it from its own process."""

import os
from dataclasses import dataclass, field

__all__ = ["Held"]


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes behind a descriptor. There is no path to it."""

    name: str
    size: int
    """Bytes."""
    descriptor: int = field(repr=False)

    def read(self, piece: range) -> bytes:
        """Give the bytes at these positions."""
        return os.pread(self.descriptor, len(piece), piece.start)

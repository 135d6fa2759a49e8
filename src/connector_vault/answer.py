"""What a provider answers, while it comes."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field

__all__ = ["Answer"]

_SHORT = 64 * 1024
"""Bytes."""


@dataclass(slots=True)
class Answer:
    """What a provider answers, as it comes. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    pieces: AsyncIterator[bytes] = field(repr=False)

    @classmethod
    def of(cls, status: int, headers: Mapping[str, str], body: bytes) -> "Answer":
        """Make one of a body that is whole."""
        return cls(status, {**headers, "content-length": str(len(body))}, _at_once(body))

    async def whole(self) -> bytes:
        """Read all of the body. The pieces can be read again."""
        body = b"".join([piece async for piece in self.pieces])
        self.pieces = _at_once(body)
        return body

    async def short(self) -> bytes | None:
        """Read all of the body if it is short JSON. None: it is not.

        The pieces can be read again.
        """
        if not self.headers.get("content-type", "").startswith("application/json"):
            return None
        body = b""
        async for piece in self.pieces:
            body += piece
            if len(body) > _SHORT:
                self.pieces = _chained(body, self.pieces)
                return None
        self.pieces = _at_once(body)
        return body

    @property
    def is_short(self) -> bool:
        """Whether it says that it is all there is soon: no stream of events does."""
        said = self.headers.get("content-length", "")
        return said.isdecimal() and int(said) <= _SHORT


async def _chained(body: bytes, pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    yield body
    async for piece in pieces:
        yield piece


async def _at_once(body: bytes) -> AsyncGenerator[bytes]:
    yield body

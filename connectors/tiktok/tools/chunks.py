"""How TikTok wants a file cut. Pure.

Each chunk has 5 to 64 MB, the last takes what is left over, and there are 1 to 1000 of them, as
many as whole chunks fit in. A file below 5 MB is one chunk. Megabytes are decimal.

https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
"""

from dataclasses import dataclass

__all__ = ["LARGEST", "Chunks", "chunks"]

LARGEST = 4 * 1024**3
"""Bytes. TikTok says 4 GB, and not of which kind: this is the larger."""

_CHUNK = 10_000_000
"""Bytes. Small, because a chunk that breaks off is sent again whole; it is TikTok's own example."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunks:
    """A file, cut. Sizes are in bytes."""

    chunk_size: int
    """Of every chunk but the last, which may be longer."""
    spans: tuple[range, ...]
    """Which bytes each of them holds, in the order they are sent."""

    @property
    def count(self) -> int:
        return len(self.spans)


def chunks(size: int) -> Chunks:
    """Cut `size` bytes, of which there is at least one."""
    if size < 2 * _CHUNK:
        # Rounded down there is one chunk either way; announced whole, it cannot be misread.
        return Chunks(chunk_size=size, spans=(range(size),))
    begins = range(0, size // _CHUNK * _CHUNK, _CHUNK)
    whole = (range(begin, begin + _CHUNK) for begin in begins[:-1])
    return Chunks(chunk_size=_CHUNK, spans=(*whole, range(begins[-1], size)))

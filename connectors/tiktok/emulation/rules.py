"""The rules for chunks, as TikTok writes them.

https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
"""

from connector_vault.connector import Json

__all__ = ["broken_rule"]

_MB = 1_000_000
_LEAST, _MOST, _MOST_LAST = 5 * _MB, 64 * _MB, 128 * _MB
_MOST_CHUNKS = 1000
_LARGEST = 4 * 1024**3


def broken_rule(size: Json, chunk: Json, count: Json) -> str:
    """Say which rule an announcement breaks. Empty: none."""
    numbers = [one for one in (size, chunk, count) if type(one) is int]
    if len(numbers) != 3 or min(numbers) < 1:
        return "video_size, chunk_size and total_chunk_count are numbers from 1"
    whole, each, many = numbers
    if whole > _LARGEST:
        return "The video is too large"
    if many != whole // each or many > _MOST_CHUNKS:
        return "The total chunk count is invalid"
    if whole < _LEAST:
        return "" if each == whole else "The chunk size is invalid"
    if not _LEAST <= each <= _MOST or (whole > _MOST and many < 2):
        return "The chunk size is invalid"
    last = whole - each * (many - 1)
    return "" if last <= _MOST_LAST else "The last chunk is too large"

"""What a file is, and how long it plays, told by its own bytes: its name may say anything.

ISO/IEC 14496-12 (MP4; QuickTime is its ancestor), §4.2 and §8.2.2.
"""

from connector_vault.connector import BadArguments, File

from .chunks import LARGEST

__all__ = ["checked_film", "kind_of", "seconds_of"]

_HEAD = 16
"""Bytes that tell the kinds apart."""

_MAX_BOXES = 1000
"""Boxes that are looked at before the search is given up."""

_MOVIE, _HEADER = b"moov", b"mvhd"


def checked_film(file: File) -> None:
    """Let only what TikTok may take pass.

    Raises:
        BadArguments: it is empty or too large.
    """
    if file.size < 1:
        raise BadArguments("file: it is empty")
    if file.size > LARGEST:
        raise BadArguments(f"file: TikTok takes at most 4 GB, and this has {file.size:,} bytes")


def kind_of(file: File) -> str:
    """Give the kind, as in a Content-Type: one of the three that TikTok takes.

    What is not known is called MP4, the most common: TikTok looks for itself, and says so.
    """
    head = bytes(file.read(range(min(_HEAD, file.size))))
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "video/webm"
    return "video/quicktime" if head[4:12] == b"ftypqt  " else "video/mp4"


def seconds_of(file: File) -> float | None:
    """Give how long an MP4 or QuickTime film plays. None: it does not say, or it is none."""
    movie = _box(file, _MOVIE, range(file.size))
    header = _box(file, _HEADER, movie) if movie else None
    if not header:
        return None
    said = bytes(file.read(header[:32]))
    # Version 1 has longer times before the two numbers that are asked for.
    scale, length = (said[20:24], said[24:32]) if said[:1] == b"\1" else (said[12:16], said[16:20])
    unknown = not scale.strip(b"\0") or not length or not length.strip(b"\xff")
    return None if unknown else int.from_bytes(length) / int.from_bytes(scale)


def _box(file: File, wanted: bytes, within: range) -> range | None:
    """Find what a box holds, without reading more than the boxes' heads."""
    at = within.start
    for _ in range(_MAX_BOXES):
        head = bytes(file.read(range(at, min(at + 16, within.stop))))
        size, begin = int.from_bytes(head[:4]), 8
        if size == 1:
            size, begin = int.from_bytes(head[8:16]), 16
        end = at + size if size else within.stop
        if len(head) < begin or end > within.stop or end < at + begin:
            return None
        if head[4:8] == wanted:
            return range(at + begin, end)
        at = end
    return None

"""What may be uploaded, told by a file's first bytes: its name may say anything.

https://docs.x.com/x-api/media/quickstart/best-practices
"""

from dataclasses import dataclass

from connector_vault.connector import BadArguments, File

__all__ = ["Kind", "kind_of"]

_MEGABYTE = 1024 * 1024

_HEAD = 16
"""Bytes that tell every kind apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of media."""

    type: str
    """As in a Content-Type."""
    category: str
    """As X calls what it is for."""
    most: int
    """Bytes."""
    chunked: bool
    """Whether it is sent in pieces, and looked at by X before it can be posted."""


def _picture(kind: str) -> Kind:
    return Kind(type=kind, category="tweet_image", most=5 * _MEGABYTE, chunked=False)


def _film(kind: str) -> Kind:
    return Kind(type=kind, category="tweet_video", most=512 * _MEGABYTE, chunked=True)


_GIF = Kind(type="image/gif", category="tweet_gif", most=15 * _MEGABYTE, chunked=True)


def kind_of(file: File) -> Kind:
    """Tell what a file is.

    Raises:
        BadArguments: it is empty, nothing that X takes, or too large.
    """
    kind = _by_head(bytes(file.read(range(min(_HEAD, file.size)))))
    if kind is None:
        raise BadArguments("file: X takes JPEG, PNG, WebP, GIF, MP4 and QuickTime")
    if file.size > kind.most:
        most = kind.most // _MEGABYTE
        raise BadArguments(
            f"file: {kind.type} may have {most} MB, and this has {file.size:,} bytes"
        )
    return kind


def _by_head(head: bytes) -> Kind | None:
    if head.startswith(b"\xff\xd8\xff"):
        return _picture("image/jpeg")
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return _picture("image/png")
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _picture("image/webp")
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return _GIF
    if head[4:8] == b"ftyp":
        return _film("video/quicktime" if head[8:12] == b"qt  " else "video/mp4")
    return None

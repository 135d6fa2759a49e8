"""Sending a film in pieces, and going on after a break where Facebook says that it stopped.

https://developers.facebook.com/docs/video-api/guides/reels-publishing
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from connector_vault.connector import (
    Api,
    File,
    OutcomeUnknown,
    Refused,
    Request,
    Unreachable,
    fill,
    read,
)

from ..._meta.words import RUPLOAD, VERSION

__all__ = ["UPLOAD", "send_film"]

UPLOAD = f"{RUPLOAD}/video-upload/{VERSION}/{{}}"

_CHUNK = 4 * 1024 * 1024
"""Bytes that are sent at once: each chunk is one request."""

_BREAKS = 5
"""Breaks in a row, without one more byte that came through, after which it is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Offset:
    offset: Annotated[int, Field(ge=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Uploading:
    bytes_transferred: Annotated[int, Field(ge=0)] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Status:
    uploading_phase: _Uploading = _Uploading()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Film:
    status: _Status = _Status()


async def send_film(api: Api, video_id: str, file: File) -> None:
    """Send all of a file. Nobody sees it before it is published.

    Raises:
        Unreachable: it broke too often; nothing was posted.
        Refused: Facebook does not want it.
    """
    at, broken, step = 0, 0, _CHUNK
    while at < file.size:
        span = range(at, min(at + step, file.size))
        try:
            await _send(api, video_id, file, span)
            at, broken = span.stop, 0
            continue
        except (OutcomeUnknown, Unreachable, Refused) as error:
            problem = error
        # Some of it may have come through, whatever became of the answer.
        reached = min(await _reached(api, video_id, at), file.size)
        if reached <= at and isinstance(problem, Refused):
            if span.stop == file.size:
                raise _told(problem)
            # It takes no pieces: then all that is left at once, as the guide describes it.
            step = file.size
        broken = 0 if reached > at else broken + 1
        if broken >= _BREAKS:
            raise _told(problem)
        at = reached


async def _send(api: Api, video_id: str, file: File, span: range) -> None:
    headers = {
        "offset": str(span.start),
        "file_size": str(file.size),
        "Content-Type": "application/octet-stream",
    }
    await api.upload(fill(UPLOAD, video_id), file, headers, method="POST", span=span)


async def _reached(api: Api, video_id: str, at: int) -> int:
    """Ask how far it came: at the upload's own address, or else in what is told of the film."""
    try:
        said = await api.send(Request("GET", fill(UPLOAD, video_id)))
        return read(_Offset, said).offset
    except Refused:
        pass
    except Unreachable:
        return at
    try:
        query = {"fields": "status"}
        said = await api.send(Request("GET", fill("/{}", video_id), query=query))
        return read(_Film, said).status.uploading_phase.bytes_transferred
    except (Refused, Unreachable):
        return at


def _told(problem: Exception) -> Exception:
    words = f"{problem}; nothing was posted"
    if isinstance(problem, Refused):
        return Refused(problem.code, f"{problem.message}; nothing was posted".lstrip("; "))
    return Unreachable(words)

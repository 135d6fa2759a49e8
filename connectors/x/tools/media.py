"""Pictures and films.

Simple   https://docs.x.com/x-api/media/upload-media
Chunked  https://docs.x.com/x-api/media/quickstart/media-upload-chunked
Alt text https://docs.x.com/x-api/media/metadata-create
"""

from asyncio import get_running_loop, sleep
from dataclasses import dataclass
from secrets import token_hex
from typing import Annotated

from pydantic import Field

from connector_vault.connector import Api, File, Json, Part, Parts, Refused, Request, read

from .kinds import Kind, kind_of
from .parameters import checked_id

__all__ = ["TIMEOUT", "Media", "get_media_status", "upload_media"]

TIMEOUT = 600.0
"""Seconds for an upload with all that belongs to it."""

_PATIENCE = 480.0
"""Seconds from the beginning of a call after which it waits no more for X, so that its caller
learns what it waits for."""

_CHUNK = 4 * 1024 * 1024
"""Bytes of a film that are sent at once: each chunk is one request."""

_LEAST_PAUSE, _MOST_PAUSE = 1, 60
"""Seconds between two questions, whatever X asks for."""

_UPLOAD = "/2/media/upload"
_METADATA = "/2/media/metadata"


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A picture or film that can be posted for a day, once `state` is succeeded.

    While it is pending or in_progress, get_media_status tells how far X is; ask again after
    `check_after_secs`.
    """

    media_id: str
    state: str
    progress_percent: int | None = None
    check_after_secs: int | None = None
    expires_after_secs: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reason:
    name: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Processing:
    state: str = "succeeded"
    check_after_secs: int | None = None
    progress_percent: int | None = None
    error: _Reason = _Reason()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Uploaded:
    id: str
    expires_after_secs: int | None = None
    processing_info: _Processing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    data: _Uploaded


async def upload_media(
    api: Api,
    file: File,
    alt_text: Annotated[
        str | None,
        Field(min_length=1, max_length=1000, description="What it shows, for who cannot see it."),
    ] = None,
) -> Media:
    """Upload a picture, GIF or film, for a post to be made within a day.

    Returns its `media_id`, for create_post. A picture has at most 5 MB, a GIF 15 MB, a film 512 MB
    and 140 seconds. Nothing is posted by this. If it fails nothing has to be undone: upload it
    again, it will have another id.
    """
    kind, clock = kind_of(file), get_running_loop()
    until = clock.time() + _PATIENCE
    found = await (_in_chunks(api, file, kind) if kind.chunked else _at_once(api, file, kind))
    if alt_text is not None:
        await _describe(api, found.id, alt_text)
    while (pause := _pause(found)) and clock.time() + pause < until:
        await sleep(pause)
        found = await _status(api, found.id)
    return _told(found)


async def get_media_status(
    api: Api,
    media_id: Annotated[str, Field(pattern=r"^[0-9]{1,19}$", description="From upload_media.")],
) -> Media:
    """Say whether X has finished with a film or GIF that was uploaded.

    Returns its state: pending, in_progress or succeeded. A failed one is an error, with the
    reason: upload another. A plain picture needs no such question.
    """
    return _told(await _status(api, checked_id(media_id, "media_id")))


async def _at_once(api: Api, file: File, kind: Kind) -> _Uploaded:
    request = _multipart(_UPLOAD, {"media_category": kind.category}, file, range(file.size))
    return _read(await api.send(request))


async def _in_chunks(api: Api, file: File, kind: Kind) -> _Uploaded:
    new = {"media_type": kind.type, "total_bytes": file.size, "media_category": kind.category}
    begun = await api.post(_Answer, f"{_UPLOAD}/initialize", json=new)
    media_id = checked_id(begun.data.id, "the id X gave")
    for index, start in enumerate(range(0, file.size, _CHUNK)):
        span = range(start, min(start + _CHUNK, file.size))
        path = f"{_UPLOAD}/{media_id}/append"
        await api.send(_multipart(path, {"segment_index": str(index)}, file, span))
    return _read(await api.send(Request("POST", f"{_UPLOAD}/{media_id}/finalize")))


async def _describe(api: Api, media_id: str, alt_text: str) -> None:
    body = {"id": media_id, "metadata": {"alt_text": {"text": alt_text}}}
    await api.send(Request("POST", _METADATA, json=body))


async def _status(api: Api, media_id: str) -> _Uploaded:
    query = {"media_id": media_id, "command": "STATUS"}
    return _read(await api.send(Request("GET", _UPLOAD, query=query)))


def _read(said: Json) -> _Uploaded:
    found = read(_Answer, said).data
    processing = found.processing_info
    if processing is not None and processing.state == "failed":
        reason = processing.error.message or processing.error.name or "no reason was given"
        raise Refused("processing_failed", reason[:300])
    return found


def _pause(found: _Uploaded) -> int:
    """Give the seconds to wait before asking again; 0 when there is nothing to wait for."""
    processing = found.processing_info
    if processing is None or processing.state == "succeeded":
        return 0
    return min(max(processing.check_after_secs or 0, _LEAST_PAUSE), _MOST_PAUSE)


def _told(found: _Uploaded) -> Media:
    processing = found.processing_info or _Processing()
    return Media(
        media_id=found.id,
        state=processing.state,
        progress_percent=processing.progress_percent,
        check_after_secs=processing.check_after_secs,
        expires_after_secs=found.expires_after_secs,
    )


def _multipart(path: str, fields: dict[str, str], file: File, span: range) -> Request:
    """Make a form with a stretch of a file in it (RFC 7578).

    The boundary cannot be foreseen, so that nothing in the file can pass for a field. Its name is
    not told: X has no use for it.
    """
    boundary = token_hex(24)
    begin = f"--{boundary}\r\nContent-Disposition: form-data; name="
    plain = [f'{begin}"{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()]
    media = f'{begin}"media"; filename="media"\r\nContent-Type: application/octet-stream\r\n\r\n'
    head, tail = "".join([*plain, media]).encode(), f"\r\n--{boundary}--\r\n".encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return Request("POST", path, headers=kind, content=Parts((head, Part(file, span), tail)))

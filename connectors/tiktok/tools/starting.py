"""The first request of a publication.

For a film that is uploaded nobody sees what it does; for what TikTok fetches, it is all there is.

https://developers.tiktok.com/doc/content-posting-api-reference-direct-post
https://developers.tiktok.com/doc/content-posting-api-reference-upload-video
"""

from dataclasses import dataclass

from connector_vault.connector import Api, File, Json, OutcomeUnknown, Unreachable

from ..answers import Failed
from .chunks import chunks
from .parameters import sent
from .status import DOWNLOADING, Publication, followed
from .uploading import NOTHING, Place

__all__ = ["PATIENCE", "UPLOADED", "pulled", "reserved"]

UPLOADED = 600.0
"""Seconds for an upload with all that belongs to it."""

PATIENCE = 45.0
"""Seconds for which a tool waits for TikTok to be done with a film, once it has all of it. Fetching
one may take an hour, and is not waited for."""

_SOON = (
    "it may be under way, and could not be named: look with list_videos (public posts only, after "
    "a few minutes) or in the TikTok app before you post it again"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reserved:
    data: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    publish_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pulled:
    data: _Begun


async def reserved(api: Api, path: str, file: File, **more: Json) -> Place:
    """Ask for a place for a film.

    Raises:
        Refused: TikTok does not want it.
        Unreachable: whatever happened, nothing was posted.
    """
    cut = chunks(file.size)
    source = {
        "source": "FILE_UPLOAD",
        "video_size": file.size,
        "chunk_size": cut.chunk_size,
        "total_chunk_count": cut.count,
    }
    try:
        return (await sent(api, _Reserved, path, {**more, "source_info": source})).data
    except (OutcomeUnknown, Unreachable) as error:
        raise Unreachable(f"{error}; {NOTHING}") from error


async def pulled(api: Api, path: str, **body: Json) -> Publication:
    """Have TikTok fetch something and publish it. This is asked once.

    Raises:
        Refused: TikTok does not want it.
        OutcomeUnknown: no answer came, and nobody can be asked.
    """
    try:
        begun = (await sent(api, _Pulled, path, body)).data
    except (OutcomeUnknown, Failed) as error:
        raise OutcomeUnknown(
            f"TikTok was asked and its answer is lost ({error}): {_SOON}"
        ) from error
    return await followed(api, begun.publish_id, DOWNLOADING, patience=0)

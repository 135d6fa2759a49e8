"""A Reel from a file: its bytes are sent, where the other tools have Instagram fetch an address.

https://developers.facebook.com/docs/instagram-platform/content-publishing/resumable-uploads
"""

from connector_vault.connector import Api, BadArguments, File, Refused

from .._meta.instagram.containers import make, pauses
from .._meta.instagram.finding import Look
from .._meta.instagram.limits import check_limit
from .._meta.instagram.parameters import Caption, Collaborators, LocationId
from .._meta.instagram.posting import ShareToFeed, ThumbOffset, reel, through
from .._meta.instagram.publishing import Published, before_publishing
from .._meta.words import RUPLOAD, VERSION

__all__ = ["PLACE", "TIMEOUT", "upload_reel"]

PLACE = f"{RUPLOAD}/ig-api-upload/{VERSION}"

TIMEOUT = 600.0
"""Seconds for the upload and all that belongs to the post."""

_HEAD = 12
"""Bytes that tell an MP4 or a QuickTime film."""


async def upload_reel(
    api: Api,
    file: File,
    caption: Caption = None,
    thumb_offset: ThumbOffset = None,
    share_to_feed: ShareToFeed = True,
    location_id: LocationId = None,
    collaborators: Collaborators = None,
) -> Published:
    """Upload a film and publish it as a Reel on this Instagram account, for everybody to see.

    Returns its media_id, or in_progress: then publish_container finishes it. MP4 or MOV, 3 seconds
    to 15 minutes long. Counts against publishing_limit. Will not schedule.
    """
    _check(file)
    fields = reel(
        upload_type="resumable",
        caption=caption,
        thumb_offset=thumb_offset,
        share_to_feed=share_to_feed,
        location_id=location_id,
        collaborators=collaborators,
    )
    with before_publishing():
        await check_limit(api)
        container = await make(api, fields)
        await _send(api, container, file)
    return await through(api, container, pauses(), Look(product="REELS", caption=caption))


def _check(file: File) -> None:
    if bytes(file.read(range(min(_HEAD, file.size))))[4:8] != b"ftyp":
        raise BadArguments("file: a Reel is an MP4 or a QuickTime film")


async def _send(api: Api, container: str, file: File) -> None:
    if not container.isdecimal():
        raise Refused("unexpected_answer", "nothing was posted: the container has no plain id")
    place = {"offset": "0", "file_size": str(file.size)}
    await api.upload(f"{PLACE}/{container}", file, place, method="POST")

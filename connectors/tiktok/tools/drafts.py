"""Drafts: what is put into the account's inbox, for its owner to look at and post in the app.

Films   https://developers.tiktok.com/doc/content-posting-api-reference-upload-video
Photos  https://developers.tiktok.com/doc/content-posting-api-reference-photo-post
"""

from connector_vault.connector import Api, BadArguments, File

from .films import checked_film, seconds_of
from .parameters import (
    DESCRIPTION,
    TITLE,
    PhotoCover,
    Photos,
    PhotoText,
    PhotoTitle,
    Url,
    checked_photos,
    checked_text,
)
from .posting import PHOTOS
from .starting import PATIENCE, pulled, reserved
from .status import Publication
from .uploading import upload

__all__ = ["INBOX", "upload_draft", "upload_draft_from_url", "upload_photo_draft"]

_INBOX = "/v2/post/publish/inbox/video/init/"

INBOX = f"POST {_INBOX}"

_LONGEST = 600
"""Seconds a film from an app may play."""


async def upload_draft(api: Api, file: File) -> Publication:
    """Upload a film that the program hands over into the account's inbox, as a draft.

    Returns its publish_id and status. Nobody else sees it until the account's owner posts it in the
    TikTok app: tell them to. MP4, QuickTime or WebM, 4 GB, 10 minutes. At most five drafts of 24
    hours may wait. Takes no caption. If the outcome is unknown, look before uploading again.
    """
    checked_film(file)
    seconds = seconds_of(file)
    if seconds is not None and seconds > _LONGEST:
        raise BadArguments(f"file: at most {_LONGEST} seconds, and this plays {seconds:.0f}")
    place = await reserved(api, _INBOX, file)
    return await upload(api, file, place, patience=PATIENCE)


async def upload_draft_from_url(api: Api, video_url: Url) -> Publication:
    """Have TikTok fetch a film from a web address into the account's inbox, as a draft.

    Returns its publish_id and status; while that is PROCESSING_DOWNLOAD, up to an hour, ask
    publish_status. Nobody else sees it until the account's owner posts it in the TikTok app. At
    most five drafts of 24 hours may wait. If the outcome is unknown, look before trying again.
    """
    source = {"source": "PULL_FROM_URL", "video_url": video_url}
    return await pulled(api, _INBOX, source_info=source)


async def upload_photo_draft(
    api: Api,
    photo_urls: Photos,
    title: PhotoTitle = "",
    description: PhotoText = "",
    cover_index: PhotoCover = 0,
) -> Publication:
    """Have TikTok fetch photos from web addresses into the account's inbox, as one draft.

    Returns its publish_id and status, as upload_draft_from_url does. Nobody else sees them until
    the account's owner posts them in the TikTok app, version 31.8 or newer.
    """
    checked_photos(photo_urls, cover_index)
    info = {
        "title": checked_text("title", title, TITLE),
        "description": checked_text("description", description, DESCRIPTION),
    }
    photos = {"photo_images": list(photo_urls), "photo_cover_index": cover_index}
    return await pulled(
        api,
        PHOTOS,
        media_type="PHOTO",
        post_mode="MEDIA_UPLOAD",
        post_info=info,
        source_info={"source": "PULL_FROM_URL", **photos},
    )

"""Posting films and photos as the account, without its owner having to do more.

Films   https://developers.tiktok.com/doc/content-posting-api-reference-direct-post
Photos  https://developers.tiktok.com/doc/content-posting-api-reference-photo-post
"""

from typing import Annotated

from pydantic import Field

from connector_vault.connector import Api, File, Json

from .creator import Wishes, allow
from .films import checked_film, seconds_of
from .parameters import (
    CAPTION,
    DESCRIPTION,
    TITLE,
    AiMade,
    BrandContent,
    BrandOrganic,
    Caption,
    Comments,
    Cover,
    Duet,
    PhotoCover,
    Photos,
    PhotoText,
    PhotoTitle,
    Privacy,
    Stitch,
    Url,
    checked_photos,
    checked_text,
    given,
)
from .starting import PATIENCE, pulled, reserved
from .status import Publication
from .uploading import upload

__all__ = ["CONTENT", "PHOTOS", "VIDEO", "post_photos", "post_video", "post_video_from_url"]

_VIDEO = "/v2/post/publish/video/init/"
PHOTOS = "/v2/post/publish/content/init/"

VIDEO, CONTENT = f"POST {_VIDEO}", f"POST {PHOTOS}"


async def post_video(
    api: Api,
    file: File,
    privacy_level: Privacy,
    caption: Caption = "",
    allow_comments: Comments = False,
    allow_duet: Duet = False,
    allow_stitch: Stitch = False,
    cover_ms: Cover = None,
    brand_content: BrandContent = False,
    brand_organic: BrandOrganic = False,
    made_with_ai: AiMade = False,
) -> Publication:
    """Upload a film that the program hands over, and post it on the account at once.

    Returns its publish_id and status; while that is PROCESSING_UPLOAD, ask publish_status later.
    MP4, QuickTime or WebM, 4 GB; to whom, with what and how long, the account decides: creator_info
    tells. Six times a minute, about 15 a day. An app that TikTok has not audited posts to private
    accounts only, SELF_ONLY, for five people a day. If the outcome is unknown, look before posting
    again: each call makes a post of its own.
    """
    checked_film(file)
    wishes = Wishes(
        privacy_level=privacy_level,
        allow_comments=allow_comments,
        allow_duet=allow_duet,
        allow_stitch=allow_stitch,
        seconds=seconds_of(file),
    )
    info = _film(wishes, caption, cover_ms, brand_content, brand_organic, made_with_ai)
    await allow(api, wishes)
    place = await reserved(api, _VIDEO, file, post_info=info)
    return await upload(api, file, place, patience=PATIENCE)


async def post_video_from_url(
    api: Api,
    video_url: Url,
    privacy_level: Privacy,
    caption: Caption = "",
    allow_comments: Comments = False,
    allow_duet: Duet = False,
    allow_stitch: Stitch = False,
    cover_ms: Cover = None,
    brand_content: BrandContent = False,
    brand_organic: BrandOrganic = False,
    made_with_ai: AiMade = False,
    duration_seconds: Annotated[
        float | None, Field(gt=0, description="How long it plays, to be checked beforehand.")
    ] = None,
) -> Publication:
    """Have TikTok fetch a film from a web address, and post it on the account at once.

    Returns its publish_id and status; while that is PROCESSING_DOWNLOAD, up to an hour, ask
    publish_status, or stop it with cancel_publish. The same limits as with post_video: an app that
    TikTok has not audited posts to private accounts only, SELF_ONLY. If the outcome is unknown, it
    may be posted yet: look before posting again.
    """
    wishes = Wishes(
        privacy_level=privacy_level,
        allow_comments=allow_comments,
        allow_duet=allow_duet,
        allow_stitch=allow_stitch,
        seconds=duration_seconds,
    )
    info = _film(wishes, caption, cover_ms, brand_content, brand_organic, made_with_ai)
    await allow(api, wishes)
    source = {"source": "PULL_FROM_URL", "video_url": video_url}
    return await pulled(api, _VIDEO, post_info=info, source_info=source)


async def post_photos(
    api: Api,
    photo_urls: Photos,
    privacy_level: Privacy,
    title: PhotoTitle = "",
    description: PhotoText = "",
    cover_index: PhotoCover = 0,
    allow_comments: Comments = False,
    auto_add_music: Annotated[bool, Field(description="Whether TikTok adds music.")] = False,
    brand_content: BrandContent = False,
    brand_organic: BrandOrganic = False,
) -> Publication:
    """Have TikTok fetch photos from web addresses, and post them together on the account at once.

    Returns its publish_id and status, as post_video_from_url does. TikTok takes photos by address
    only: those of a file cannot be posted. An app that TikTok has not audited posts to private
    accounts only, SELF_ONLY. If the outcome is unknown, look before posting again.
    """
    checked_photos(photo_urls, cover_index)
    info = {
        "title": checked_text("title", title, TITLE),
        "description": checked_text("description", description, DESCRIPTION),
        "privacy_level": privacy_level,
        "disable_comment": not allow_comments,
        "auto_add_music": auto_add_music,
        "brand_content_toggle": brand_content,
        "brand_organic_toggle": brand_organic,
    }
    await allow(api, Wishes(privacy_level=privacy_level, allow_comments=allow_comments))
    photos = {"photo_images": list(photo_urls), "photo_cover_index": cover_index}
    return await pulled(
        api,
        PHOTOS,
        media_type="PHOTO",
        post_mode="DIRECT_POST",
        post_info=info,
        source_info={"source": "PULL_FROM_URL", **photos},
    )


def _film(
    wishes: Wishes,
    caption: str,
    cover_ms: int | None,
    brand_content: bool,  # as the tools take them
    brand_organic: bool,
    made_with_ai: bool,
) -> Json:
    return given(
        title=checked_text("caption", caption, CAPTION),
        privacy_level=wishes.privacy_level,
        disable_comment=not wishes.allow_comments,
        disable_duet=not wishes.allow_duet,
        disable_stitch=not wishes.allow_stitch,
        video_cover_timestamp_ms=cover_ms,
        brand_content_toggle=brand_content,
        brand_organic_toggle=brand_organic,
        is_aigc=made_with_ai,
    )

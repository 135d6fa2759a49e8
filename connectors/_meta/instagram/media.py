"""What is on an account, and who it is.

https://developers.facebook.com/docs/instagram-platform/reference/instagram-media
https://developers.facebook.com/docs/instagram-platform/reference/instagram-user
"""

from dataclasses import dataclass

from connector_vault.connector import Api

from ..asking import ask
from .pages import LAST, Paging
from .parameters import Cursor, MediaId, PageSize, own_id

__all__ = ["Media", "MediaPage", "Profile", "get_media", "list_media", "profile"]

_FIELDS = (
    "id,caption,media_type,media_product_type,media_url,permalink,thumbnail_url,timestamp,"
    "like_count,comments_count"
)
_PROFILE = (
    "id,username,name,biography,website,followers_count,follows_count,media_count,"
    "profile_picture_url"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A post, Reel or Story.

    `media_type` is IMAGE, VIDEO or CAROUSEL_ALBUM; `media_product_type` FEED, REELS or STORY.
    `media_url` works for some days only; `permalink` is its address for people.
    """

    id: str
    caption: str | None = None
    media_type: str | None = None
    media_product_type: str | None = None
    media_url: str | None = None
    permalink: str | None = None
    thumbnail_url: str | None = None
    timestamp: str | None = None
    like_count: int | None = None
    comments_count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPage:
    """Posts, the newest first. `next_cursor` None: these were the last."""

    media: tuple[Media, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """An account as people see it."""

    username: str
    name: str | None = None
    biography: str | None = None
    website: str | None = None
    followers_count: int | None = None
    follows_count: int | None = None
    media_count: int | None = None
    profile_picture_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    data: tuple[Media, ...] = ()
    paging: Paging = LAST


async def list_media(api: Api, cursor: Cursor = None, limit: PageSize = 25) -> MediaPage:
    """List this account's posts and Reels, the newest first.

    Returns caption, kind, addresses and counts of each. Stories are not among them.
    """
    found = await ask(
        api, _Found, "/{}/media", own_id(api), fields=_FIELDS, limit=limit, after=cursor
    )
    return MediaPage(media=found.data, next_cursor=found.paging.after(len(found.data)))


async def get_media(api: Api, media_id: MediaId) -> Media:
    """Show one post, Reel or Story of this account, with its address and counts."""
    return await ask(api, Media, "/{}", media_id, fields=_FIELDS)


async def profile(api: Api) -> Profile:
    """Say whose Instagram account this is, with its numbers of followers and posts."""
    return await ask(api, Profile, "/{}", own_id(api), fields=_PROFILE)

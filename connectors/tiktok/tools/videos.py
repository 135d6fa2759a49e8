"""The account's films.

List   https://developers.tiktok.com/doc/tiktok-api-v2-video-list
Query  https://developers.tiktok.com/doc/tiktok-api-v2-video-query
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from connector_vault.connector import Api

from .parameters import VideoId, ask, given

__all__ = ["LIST", "SOME", "Page", "Video", "Videos", "list_videos", "query_videos"]

_LIST = "/v2/video/list/"
_QUERY = "/v2/video/query/"

LIST, SOME = f"POST {_LIST}", f"POST {_QUERY}"

_FIELDS = (
    "id,title,video_description,create_time,share_url,duration,"
    "like_count,comment_count,share_count,view_count"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A post. `create_time` is in seconds since 1970 UTC, `duration` in seconds."""

    id: str
    title: str = ""
    video_description: str = ""
    create_time: int = 0
    share_url: str = ""
    duration: int = 0
    like_count: int = 0
    comment_count: int = 0
    share_count: int = 0
    view_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Posts, and where the next begin."""

    videos: tuple[Video, ...]
    next_cursor: int | None = None
    """None: these are the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Videos:
    """Posts that were asked for by their ids."""

    videos: tuple[Video, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Data:
    videos: tuple[Video, ...] | None = ()
    cursor: int | None = None
    has_more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    data: _Data


async def list_videos(
    api: Api,
    cursor: Annotated[
        int | None,
        Field(ge=0, description="`next_cursor` of the page before. None: the newest posts."),
    ] = None,
    max_count: Annotated[int, Field(ge=1, le=20)] = 20,
) -> Page:
    """List the account's public posts, the newest first.

    Returns each with its address, length and counts, and next_cursor. Changes nothing. Posts that
    not everybody may see, and drafts, are not among them.
    """
    body = given(cursor=cursor, max_count=max_count)
    found = (await ask(api, _Found, _LIST, body, fields=_FIELDS)).data
    return Page(videos=found.videos or (), next_cursor=found.cursor if found.has_more else None)


async def query_videos(
    api: Api,
    video_ids: Annotated[Sequence[VideoId], Field(min_length=1, max_length=20)],
) -> Videos:
    """Look up posts of the account by their ids.

    Returns those there are, with their addresses and counts; an id of nothing, or of somebody
    else's post, is left out. Changes nothing.
    """
    body = {"filters": {"video_ids": list(video_ids)}}
    found = (await ask(api, _Found, _QUERY, body, fields=_FIELDS)).data
    return Videos(videos=found.videos or ())

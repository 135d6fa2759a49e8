"""Posts that appear later.

https://developers.facebook.com/docs/pages-api/posts#schedule-a-post
"""

from dataclasses import dataclass

from connector_vault.connector import Api, Refused, Request, fill

from ..._meta.asking import ask, change, form_of
from .parameters import (
    Cursor,
    Limit,
    Link,
    Message,
    PhotoIds,
    PostId,
    PublishTime,
    page_of,
    seconds_of,
)
from .posting import content_of
from .shapes import POST_FIELDS, Made, Posts, RawPost, RawPosts, Success, cursor_of, post_of

__all__ = [
    "Canceled",
    "Rescheduled",
    "Scheduled",
    "cancel_scheduled_post",
    "list_scheduled_posts",
    "publish_scheduled_post",
    "reschedule_post",
    "schedule_post",
]

_LOOK = "look with list_scheduled_posts and list_posts what was done before repeating it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """A post that is to appear, in seconds since 1970 UTC."""

    id: str
    scheduled_publish_time: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescheduled:
    """Whether a post was changed."""

    id: str
    success: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Canceled:
    """Whether a post that was to appear is gone."""

    id: str
    deleted: bool


async def schedule_post(
    api: Api,
    publish_time: PublishTime,
    message: Message = "",
    link: Link = None,
    photo_ids: PhotoIds = None,
) -> Scheduled:
    """Schedule a post on the Facebook Page, 10 minutes to 30 days ahead.

    Returns its id. Photos have to be uploaded with temporary=true. Facebook publishes it by itself.
    The same again makes a second post: if the outcome is unknown, look with list_scheduled_posts.
    """
    at = seconds_of(publish_time)
    form = {**content_of(message, link, photo_ids), "published": False}
    if photo_ids:
        form["unpublished_content_type"] = "SCHEDULED"
    form["scheduled_publish_time"] = at
    request = Request("POST", fill("/{}/feed", page_of(api)), form=form_of(**form))
    made = await change(api, Made, request, _LOOK)
    return Scheduled(id=made.id, scheduled_publish_time=at)


async def list_scheduled_posts(api: Api, limit: Limit = 25, cursor: Cursor = None) -> Posts:
    """List the posts of the Facebook Page that are yet to appear.

    Returns their ids, texts and times. Changes nothing.
    """
    path, page = "/{}/scheduled_posts", page_of(api)
    found = await ask(api, RawPosts, path, page, fields=POST_FIELDS, limit=limit, after=cursor)
    return Posts(posts=tuple(map(post_of, found.data)), next_cursor=cursor_of(found.paging))


async def reschedule_post(api: Api, post_id: PostId, publish_time: PublishTime) -> Rescheduled:
    """Change when a scheduled post appears, to 10 minutes to 30 days ahead.

    Returns whether that was done. Doing it twice is harmless. One that has appeared is refused.
    """
    form = form_of(scheduled_publish_time=seconds_of(publish_time))
    request = Request("POST", fill("/{}", post_id), form=form)
    said = await change(api, Success, request, _LOOK)
    return Rescheduled(id=post_id, success=said.success)


async def publish_scheduled_post(api: Api, post_id: PostId) -> Rescheduled:
    """Publish a scheduled post now, for everybody to see.

    Returns whether that was done. Doing it twice is harmless: it is one post.
    """
    request = Request("POST", fill("/{}", post_id), form=form_of(is_published=True))
    said = await change(api, Success, request, _LOOK)
    return Rescheduled(id=post_id, success=said.success)


async def cancel_scheduled_post(api: Api, post_id: PostId) -> Canceled:
    """Delete a post that has not appeared yet, for good.

    Returns whether it is gone. Will not delete one that has appeared: that is refused.
    """
    found = await ask(api, RawPost, "/{}", post_id, fields="id,is_published")
    if found.is_published:
        raise Refused("already_published", "this post has appeared: it is not taken back here")
    said = await change(api, Success, Request("DELETE", fill("/{}", post_id)), _LOOK)
    return Canceled(id=post_id, deleted=said.success)

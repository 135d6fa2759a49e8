"""Images, Reels, Stories and carousels: a container, a look at it, and then it is published.

https://developers.facebook.com/docs/instagram-platform/content-publishing
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from pydantic import Field

from connector_vault.connector import Api, BadArguments, Json, Refused

from .containers import make, pauses, refuse_failed, status_of, wait
from .finding import Look
from .limits import check_limit
from .parameters import (
    AltText,
    Caption,
    Collaborators,
    ContainerId,
    ImageUrl,
    LocationId,
    Tag,
    VideoUrl,
    given,
)
from .publishing import Published, before_publishing, not_yet, publish, seen_before

__all__ = [
    "TIMEOUT",
    "Slide",
    "publish_carousel",
    "publish_container",
    "publish_image",
    "publish_reel",
    "publish_story",
    "through",
]

TIMEOUT = 300.0
"""Seconds for all that belongs to a post: more than the pauses between two looks together."""

ThumbOffset: TypeAlias = Annotated[
    int | None,
    Field(ge=0, le=900_000, description="Milliseconds from the beginning: the frame for a cover."),
]
ShareToFeed: TypeAlias = Annotated[
    bool, Field(description="Whether it shows among the account's posts as well as its Reels.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slide:
    """One item of a carousel: either an image or a video."""

    image_url: ImageUrl | None = None
    video_url: VideoUrl | None = None
    alt_text: AltText = None


async def publish_image(
    api: Api,
    image_url: ImageUrl,
    caption: Caption = None,
    alt_text: AltText = None,
    user_tags: Annotated[
        tuple[Tag, ...] | None, Field(max_length=20, description="Who is tagged, and where.")
    ] = None,
    location_id: LocationId = None,
    collaborators: Collaborators = None,
) -> Published:
    """Publish an image on this Instagram account, for everybody to see.

    Returns its media_id, or in_progress: then publish_container finishes it. Instagram fetches the
    image itself: JPEG at a public address only. Counts against publishing_limit. Will not schedule.
    """
    tags = None if user_tags is None else [_tag(one) for one in user_tags]
    fields = given(
        image_url=image_url,
        caption=caption,
        alt_text=alt_text,
        user_tags=tags,
        location_id=location_id,
        collaborators=_listed(collaborators),
    )
    return await _post(api, fields, caption, "FEED")


async def publish_reel(
    api: Api,
    video_url: VideoUrl,
    caption: Caption = None,
    cover_url: ImageUrl | None = None,
    thumb_offset: ThumbOffset = None,
    share_to_feed: ShareToFeed = True,
    location_id: LocationId = None,
    collaborators: Collaborators = None,
) -> Published:
    """Publish a video as a Reel on this Instagram account, for everybody to see.

    Returns its media_id, or in_progress: then publish_container finishes it. Instagram fetches the
    video itself; 3 seconds to 15 minutes long. Counts against publishing_limit. Will not schedule.
    """
    fields = reel(
        video_url=video_url,
        caption=caption,
        cover_url=cover_url,
        thumb_offset=thumb_offset,
        share_to_feed=share_to_feed,
        location_id=location_id,
        collaborators=collaborators,
    )
    return await _post(api, fields, caption, "REELS")


async def publish_story(
    api: Api, image_url: ImageUrl | None = None, video_url: VideoUrl | None = None
) -> Published:
    """Publish an image or a video as a Story, which is seen for 24 hours.

    Give one of both. Returns its media_id, or in_progress: then publish_container finishes it.
    A Story has no caption, and cannot hold links or stickers here.
    """
    if (image_url is None) == (video_url is None):
        raise BadArguments("a Story takes either image_url or video_url")
    fields = given(media_type="STORIES", image_url=image_url, video_url=video_url)
    return await _post(api, fields, None, "STORY")


async def publish_carousel(
    api: Api,
    slides: Annotated[
        tuple[Slide, ...],
        Field(min_length=2, max_length=10, description="2 to 10 images and videos, in order."),
    ],
    caption: Caption = None,
    location_id: LocationId = None,
    collaborators: Collaborators = None,
) -> Published:
    """Publish 2 to 10 images and videos as one post, for everybody to see.

    Returns its media_id, or in_progress: then publish_container finishes it. All are cut as the
    first one is. Counts once against publishing_limit. Will not schedule.
    """
    children, left = [_slide(one) for one in slides], pauses()
    with before_publishing():
        await check_limit(api)
        made = [await make(api, one) for one in children]
        for one in made:
            if (await wait(api, one, left)).state == "in_progress":
                words = "nothing was posted: Instagram still works on the items; try again later"
                raise Refused("not_ready", words)
        fields = given(
            media_type="CAROUSEL",
            children=",".join(made),
            caption=caption,
            location_id=location_id,
            collaborators=_listed(collaborators),
        )
        container = await make(api, fields)
    return await through(api, container, left, Look(product="FEED", caption=caption))


async def publish_container(api: Api, container_id: ContainerId) -> Published:
    """Publish what an earlier call left in_progress. Publishes a container once, never twice.

    Returns the media_id; in_progress if Instagram is still not done; or published, without having
    posted anything, if it was published before.
    """
    with before_publishing():
        found = await status_of(api, container_id)
        if found.state == "published":
            return seen_before(container_id)
        refuse_failed(found)
        await check_limit(api)
    # What it looks like is not known here, so that it cannot be told from others.
    return await through(api, container_id, pauses(), None)


async def through(api: Api, container: str, left: Iterator[float], like: Look | None) -> Published:
    """Wait for a container, and publish it. `like`: None, if nobody knows what it looks like."""
    with before_publishing():
        found = await wait(api, container, left)
    if found.state == "published":
        return seen_before(container)
    if found.state == "in_progress":
        return not_yet(container)
    return await publish(api, container, like)


def reel(*, collaborators: Sequence[str] | None, **fields: Json) -> dict[str, Json]:
    """Give what makes a container of a Reel."""
    return given(media_type="REELS", collaborators=_listed(collaborators), **fields)


async def _post(api: Api, fields: dict[str, Json], caption: str | None, product: str) -> Published:
    with before_publishing():
        await check_limit(api)
        container = await make(api, fields)
    return await through(api, container, pauses(), Look(product=product, caption=caption))


def _slide(slide: Slide) -> dict[str, Json]:
    if (slide.image_url is None) == (slide.video_url is None):
        raise BadArguments("each slide takes either image_url or video_url")
    kind = None if slide.video_url is None else "VIDEO"
    return given(
        media_type=kind,
        image_url=slide.image_url,
        video_url=slide.video_url,
        alt_text=slide.alt_text,
        is_carousel_item=True,
    )


def _tag(tag: Tag) -> dict[str, Json]:
    return {"username": tag.username, "x": tag.x, "y": tag.y}


def _listed(names: Sequence[str] | None) -> list[str] | None:
    return None if names is None else list(names)

"""Posting on the Page. Facebook takes no key against doubles: none of these is ever sent twice.

Posts   https://developers.facebook.com/docs/pages-api/posts
Photos  https://developers.facebook.com/docs/graph-api/reference/page/photos
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from connector_vault.connector import (
    Api,
    BadArguments,
    File,
    Json,
    OutcomeUnknown,
    Request,
    Unreachable,
    fill,
    read,
)

from ..._meta.asking import change, form_of
from .multipart import with_file
from .parameters import Link, Message, PhotoIds, page_of
from .shapes import Made

__all__ = [
    "Photo",
    "Posted",
    "checked_photo",
    "content_of",
    "create_photo_post",
    "create_post",
    "upload_photo",
]

_MOST = 10 * 1024 * 1024
"""Bytes of a photo. Facebook advises at most 4 MB."""

_LOOK = "look with list_posts whether it was posted before posting again"

Caption = Annotated[str, Field(max_length=63_206, description="What stands with the photo.")]
AltText = Annotated[
    str | None,
    Field(min_length=1, max_length=1000, description="What it shows, for who cannot see it."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A new post."""

    id: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A photo that nobody sees before it is in a post."""

    photo_id: str


async def create_post(
    api: Api, message: Message = "", link: Link = None, photo_ids: PhotoIds = None
) -> Posted:
    """Publish a post on the Facebook Page, for everybody to see.

    Returns its id and address. Give a message, a link, or photos from upload_photo. The same again
    makes a second post: if the outcome is unknown, look with list_posts first.
    """
    form = content_of(message, link, photo_ids)
    request = Request("POST", fill("/{}/feed", page_of(api)), form=form_of(**form))
    return _posted(await change(api, Made, request, _LOOK))


async def create_photo_post(
    api: Api,
    photo: File | None = None,
    photo_url: Annotated[
        str | None,
        Field(
            pattern=r"^https://\S{3,2000}$",
            description="A public address instead of a file: Facebook fetches it.",
        ),
    ] = None,
    caption: Caption = "",
    alt_text: AltText = None,
) -> Posted:
    """Publish one photo on the Facebook Page, for everybody to see.

    Returns the post's id and address. Give a file of at most 10 MB, or a public https address. For
    several photos in one post use upload_photo and create_post. The same again makes a second
    post: if the outcome is unknown, look with list_posts first.
    """
    if (photo is None) == (photo_url is None):
        raise BadArguments("give either photo or photo_url")
    fields = form_of(caption=caption or None, alt_text_custom=alt_text, url=photo_url)
    path = fill("/{}/photos", page_of(api))
    request = Request("POST", path, form=fields)
    if photo is not None:
        request = with_file(path, fields, checked_photo(photo))
    return _posted(await change(api, Made, request, _LOOK))


async def upload_photo(
    api: Api,
    photo: File,
    alt_text: AltText = None,
    temporary: Annotated[
        bool, Field(description="True for a post that is scheduled, not published at once.")
    ] = False,
) -> Photo:
    """Upload a photo for create_post or schedule_post, without showing it to anybody.

    Returns its photo_id, to be used within a day. At most 10 MB. Nothing is posted by this: if it
    fails, upload it again.
    """
    fields = form_of(published=False, temporary=temporary or None, alt_text_custom=alt_text)
    path = fill("/{}/photos", page_of(api))
    request = with_file(path, fields, checked_photo(photo))
    try:
        made = read(Made, await api.send(request))
    except (OutcomeUnknown, Unreachable) as error:
        raise Unreachable(f"{error}; nothing was posted: upload it again") from error
    return Photo(photo_id=made.id)


def content_of(message: str, link: str | None, photo_ids: list[str] | None) -> dict[str, Json]:
    """Give what a post holds.

    Raises:
        BadArguments: that is nothing, or a link and photos.
    """
    if not message.strip() and not link and not photo_ids:
        raise BadArguments("a post needs a message, a link or photo_ids")
    if link and photo_ids:
        raise BadArguments("a post shows either a link or photos")
    photos = [{"media_fbid": one} for one in photo_ids] if photo_ids else None
    return {"message": message or None, "link": link, "attached_media": photos}


def checked_photo(photo: File) -> File:
    """Let only what can be a photo pass.

    Raises:
        BadArguments: it is empty, or too large.
    """
    if photo.size == 0:
        raise BadArguments("photo: the file is empty")
    if photo.size > _MOST:
        raise BadArguments(f"photo: at most 10 MB, and this has {photo.size:,} bytes")
    return photo


def _posted(made: Made) -> Posted:
    post = made.post_id or made.id
    return Posted(id=post, url=f"https://www.facebook.com/{post}")

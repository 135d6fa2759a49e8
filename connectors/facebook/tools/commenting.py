"""Answering people below posts, and keeping order there.

https://developers.facebook.com/docs/pages-api/comments-mentions
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from connector_vault.connector import Api, BadArguments, Request, fill

from ..._meta.asking import change, form_of
from .parameters import CommentId
from .shapes import Made, Success

__all__ = ["CommentGone", "Hiding", "Replied", "delete_comment", "hide_comment", "reply_comment"]

_LOOK = "look with read_comments whether it was done before repeating it"

_ID = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{1,25}(_[0-9]{1,25})?$",
        description="The comment to reply to, or the post to comment on.",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replied:
    """A new comment."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hiding:
    """Whether a comment is hidden now."""

    id: str
    hidden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentGone:
    """Whether a comment was deleted."""

    id: str
    deleted: bool


async def reply_comment(
    api: Api, comment_id: _ID, message: Annotated[str, Field(min_length=1, max_length=8000)]
) -> Replied:
    """Reply to a comment as the Facebook Page, or comment on a post, for everybody to see.

    Returns the new comment's id. The same again makes a second one: if the outcome is unknown,
    look with read_comments first.
    """
    if not message.strip():
        raise BadArguments("message: a comment needs words")
    request = Request("POST", fill("/{}/comments", comment_id), form=form_of(message=message))
    return Replied(id=(await change(api, Made, request, _LOOK)).id)


async def hide_comment(
    api: Api,
    comment_id: CommentId,
    hidden: Annotated[bool, Field(description="False shows it again.")] = True,
) -> Hiding:
    """Hide a comment on the Facebook Page from everybody but who wrote it, or show it again.

    Returns whether it is hidden now. Doing it twice is harmless.
    """
    request = Request("POST", fill("/{}", comment_id), form=form_of(is_hidden=hidden))
    said = await change(api, Success, request, _LOOK)
    return Hiding(id=comment_id, hidden=hidden if said.success else not hidden)


async def delete_comment(api: Api, comment_id: CommentId) -> CommentGone:
    """Delete a comment on the Facebook Page, whoever wrote it, for good.

    Returns whether it is gone. Hiding it can be undone, this cannot.
    """
    request = Request("DELETE", fill("/{}", comment_id))
    said = await change(api, Success, request, _LOOK)
    return CommentGone(id=comment_id, deleted=said.success)

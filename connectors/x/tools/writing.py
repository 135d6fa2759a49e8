"""Posting, and what an author may do with posts.

https://docs.x.com/x-api/posts/create-post
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from connector_vault.connector import Api, BadArguments, Json

from .parameters import MediaIds, PostId, Text, checked_id, given

__all__ = [
    "Created",
    "Deletion",
    "Hiding",
    "create_post",
    "delete_post",
    "hide_reply",
    "reply_to_post",
]

_POSTS = "/2/tweets"

ReplySettings: TypeAlias = Annotated[
    Literal["following", "mentionedUsers", "subscribers", "verified"] | None,
    Field(description="Who may reply. Default: everybody."),
]
MadeWithAi: TypeAlias = Annotated[
    bool | None, Field(description="Discloses that its pictures or film were made by AI.")
]
PaidPartnership: TypeAlias = Annotated[
    bool | None, Field(description="Discloses that it is advertising somebody pays for.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """A new post."""

    id: str
    text: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """Whether a post was deleted."""

    id: str
    deleted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Hiding:
    """Whether a reply is hidden now."""

    id: str
    hidden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _New:
    id: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Created:
    data: _New


@dataclass(frozen=True, slots=True, kw_only=True)
class _Deleted:
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Deletion:
    data: _Deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hidden:
    hidden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hiding:
    data: _Hidden


async def create_post(
    api: Api,
    text: Text = "",
    media_ids: MediaIds = None,
    poll_options: Annotated[
        Sequence[Annotated[str, Field(min_length=1, max_length=25)]] | None,
        Field(min_length=2, max_length=4, description="Makes it a poll, which holds no media."),
    ] = None,
    poll_minutes: Annotated[
        int | None, Field(ge=5, le=10_080, description="How long the poll is open.")
    ] = None,
    reply_settings: ReplySettings = None,
    made_with_ai: MadeWithAi = None,
    paid_partnership: PaidPartnership = None,
    community_id: Annotated[
        str | None, Field(pattern=r"^[0-9]{1,19}$", description="Posts into this community only.")
    ] = None,
) -> Created:
    """Publish a post for everybody to see.

    Returns its id and address. Costs $0.015, but $0.20 if the text holds a web address. X refuses
    the same text twice. Will not reply (reply_to_post does) nor quote: X took quoting, liking and
    following from apps like this one. If the outcome is unknown look with list_own_posts first.
    """
    if not text.strip() and not media_ids:
        raise BadArguments("a post needs text or media_ids")
    poll = _poll(text, media_ids, poll_options, poll_minutes)
    return await _create(
        api,
        text,
        media_ids,
        poll=poll,
        reply_settings=reply_settings,
        made_with_ai=made_with_ai,
        paid_partnership=paid_partnership,
        community_id=community_id,
    )


async def reply_to_post(
    api: Api,
    post_id: PostId,
    text: Text = "",
    media_ids: MediaIds = None,
    made_with_ai: MadeWithAi = None,
    paid_partnership: PaidPartnership = None,
) -> Created:
    """Publish a reply to a post.

    Returns its id and address; costs what a post costs. X refuses it as forbidden unless the
    post's author asked for it, by mentioning or quoting this account: list_mentions shows where.
    Do not try others, and do not mention people in order to be allowed to.
    """
    if not text.strip() and not media_ids:
        raise BadArguments("a reply needs text or media_ids")
    reply = {"in_reply_to_tweet_id": checked_id(post_id, "post_id")}
    return await _create(
        api,
        text,
        media_ids,
        reply=reply,
        made_with_ai=made_with_ai,
        paid_partnership=paid_partnership,
    )


async def delete_post(api: Api, post_id: PostId) -> Deletion:
    """Delete a post of this account, for good.

    Returns whether it was deleted. Replies by others stay. Will not delete what others posted.
    """
    said = await api.delete(_Deletion, "/2/tweets/{}", checked_id(post_id, "post_id"))
    return Deletion(id=post_id, deleted=said.data.deleted)


async def hide_reply(
    api: Api,
    post_id: PostId,
    hidden: Annotated[bool, Field(description="False shows it again.")] = True,
) -> Hiding:
    """Hide somebody's reply in a conversation that this account began, or show it again.

    Returns whether it is hidden now. It is not deleted: people can still open hidden replies.
    """
    path, body = "/2/tweets/{}/hidden", {"hidden": hidden}
    said = await api.put(_Hiding, path, checked_id(post_id, "post_id"), json=body)
    return Hiding(id=post_id, hidden=said.data.hidden)


async def _create(api: Api, text: str, media_ids: Sequence[str] | None, **more: Json) -> Created:
    media = {"media_ids": list(media_ids)} if media_ids else None
    new = given(text=text, media=media, **more)
    made = (await api.post(_Created, _POSTS, json=new)).data
    return Created(id=made.id, text=made.text, url=f"https://x.com/i/status/{made.id}")


def _poll(
    text: str,
    media_ids: Sequence[str] | None,
    options: Sequence[str] | None,
    minutes: int | None,
) -> Json:
    if options is None and minutes is None:
        return None
    if not options or minutes is None:
        raise BadArguments("a poll needs both poll_options and poll_minutes")
    if media_ids or not text.strip():
        raise BadArguments("a poll needs text, and holds no media")
    return {"options": list(options), "duration_minutes": minutes}

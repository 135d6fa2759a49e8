"""Reading messages.

https://docs.slack.dev/reference/methods/conversations.history
https://docs.slack.dev/reference/methods/conversations.replies
https://docs.slack.dev/reference/methods/chat.getPermalink
"""

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from pydantic import Field

from connector_vault.connector import Api

from .asking import ask
from .pages import Metadata
from .parameters import ChannelId, Cursor, ThreadTs, Timestamp

__all__ = [
    "Message",
    "Messages",
    "Permalink",
    "channel_history",
    "get_permalink",
    "thread_replies",
]

_WHEN = r"^[0-9]{1,12}(\.[0-9]{1,6})?$"

Oldest: TypeAlias = Annotated[
    str | None, Field(pattern=_WHEN, description="Only after this `ts`, or second since 1970.")
]
Latest: TypeAlias = Annotated[
    str | None, Field(pattern=_WHEN, description="Only before this `ts`, or second since 1970.")
]
Inclusive: TypeAlias = Annotated[bool, Field(description="Also what is at oldest and latest.")]
Limit: TypeAlias = Annotated[int, Field(ge=1, le=999, description="Results on a page, at most.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """An emoji on a message, and who put it there. `users` may be fewer than `count`."""

    name: str
    count: int = 0
    users: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFile:
    """A file that a message shares. `size` is in bytes."""

    id: str
    name: str | None = None
    title: str | None = None
    mimetype: str | None = None
    size: int | None = None
    permalink: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """Who changed a message last, and when."""

    user: str | None = None
    ts: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message. In one channel, `ts` is its id; in a thread, `thread_ts` is the first one's."""

    ts: str
    text: str | None = None
    user: str | None = None
    bot_id: str | None = None
    username: str | None = None
    subtype: str | None = None
    thread_ts: str | None = None
    reply_count: int = 0
    latest_reply: str | None = None
    edited: Edited | None = None
    reactions: tuple[Reaction, ...] = ()
    files: tuple[SharedFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """A page of messages. `next_cursor` is null on the last."""

    messages: tuple[Message, ...]
    has_more: bool
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Permalink:
    """The address of a message, for people."""

    channel: str
    permalink: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    messages: tuple[Message, ...]
    has_more: bool = False
    response_metadata: Metadata | None = None

    def shown(self) -> Messages:
        following = Metadata.after(self.response_metadata)
        return Messages(messages=self.messages, has_more=self.has_more, next_cursor=following)


async def channel_history(
    api: Api,
    channel: ChannelId,
    oldest: Oldest = None,
    latest: Latest = None,
    inclusive: Inclusive = False,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Messages:
    """Read a conversation's messages, newest first.

    Returns one page; replies in threads are not in it (thread_replies reads them). A bot reads only
    where it is a member. Private channels need groups:history, direct messages im:history. Apps
    that are sold outside of Slack's Marketplace get 15 messages, once a minute; others 50 calls.
    """
    asked = {"oldest": oldest, "latest": latest, "inclusive": inclusive or None}
    found = await ask(
        api, _Page, "conversations.history", channel=channel, limit=limit, cursor=cursor, **asked
    )
    return found.shown()


async def thread_replies(
    api: Api,
    channel: ChannelId,
    ts: ThreadTs,
    oldest: Oldest = None,
    latest: Latest = None,
    inclusive: Inclusive = False,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Messages:
    """Read a thread, oldest first: the message that began it, then its replies.

    Returns one page. Scopes, membership and limits are those of channel_history: apps that are
    sold outside of Slack's Marketplace get 15 messages, once a minute; others 50 calls.
    """
    asked = {"oldest": oldest, "latest": latest, "inclusive": inclusive or None}
    found = await ask(
        api,
        _Page,
        "conversations.replies",
        channel=channel,
        ts=ts,
        limit=limit,
        cursor=cursor,
        **asked,
    )
    return found.shown()


async def get_permalink(api: Api, channel: ChannelId, message_ts: Timestamp) -> Permalink:
    """Get the address of one message, for people to click.

    Returns it. Who opens it has to be a member there. Shows nothing of the message.
    """
    return await ask(api, Permalink, "chat.getPermalink", channel=channel, message_ts=message_ts)

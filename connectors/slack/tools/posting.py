"""Writing messages. Slack takes no key against doubles: none of these is ever sent twice.

https://docs.slack.dev/reference/methods/chat.postMessage
https://docs.slack.dev/reference/methods/chat.update
https://docs.slack.dev/reference/methods/chat.delete
https://docs.slack.dev/reference/methods/chat.scheduleMessage
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from connector_vault.connector import Api, BadArguments, Json

from .asking import change
from .messages import Message
from .parameters import Blocks, ChannelId, Markdown, Target, Text, ThreadTs, Timestamp

__all__ = [
    "Deleted",
    "Posted",
    "Scheduled",
    "Updated",
    "delete_message",
    "post_message",
    "reply_in_thread",
    "schedule_message",
    "update_message",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A message as it was posted. With `channel` and `ts` it can be changed and replied to."""

    channel: str
    ts: str
    message: Message | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Updated:
    """A message that was changed, and its text now."""

    channel: str
    ts: str
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """A message that is gone."""

    channel: str
    ts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """A message that is to be posted. `post_at` is in seconds since 1970 UTC."""

    channel: str
    scheduled_message_id: str
    post_at: int


async def post_message(
    api: Api,
    channel: Target,
    text: Text = None,
    markdown_text: Markdown = None,
    blocks: Blocks = None,
    unfurl_links: Annotated[bool | None, Field(description="Show previews of links.")] = None,
    unfurl_media: Annotated[bool | None, Field(description="Show previews of media.")] = None,
) -> Posted:
    """Post a message to a channel, or to a person.

    Returns its `ts`. Give text, markdown_text or blocks. The account has to be a member, or, in
    public channels, hold chat:write.public. About one a second for each channel. Posting again
    makes a second message: if the outcome is unknown, look with channel_history first.
    """
    content = _content(text, markdown_text, blocks)
    previews = {"unfurl_links": unfurl_links, "unfurl_media": unfurl_media}
    return await change(api, Posted, "chat.postMessage", channel=channel, **content, **previews)


async def reply_in_thread(
    api: Api,
    channel: ChannelId,
    thread_ts: ThreadTs,
    text: Text = None,
    markdown_text: Markdown = None,
    blocks: Blocks = None,
    reply_broadcast: Annotated[
        bool, Field(description="Show the reply in the channel, too.")
    ] = False,
) -> Posted:
    """Reply in the thread of a message.

    Returns the reply's `ts`. Give text, markdown_text or blocks. Begins the thread if there is
    none. Replying again makes a second reply: if the outcome is unknown, look with thread_replies.
    """
    content = _content(text, markdown_text, blocks)
    shown = reply_broadcast or None
    return await change(
        api,
        Posted,
        "chat.postMessage",
        channel=channel,
        thread_ts=thread_ts,
        reply_broadcast=shown,
        **content,
    )


async def update_message(
    api: Api,
    channel: ChannelId,
    ts: Timestamp,
    text: Text = None,
    markdown_text: Markdown = None,
    blocks: Blocks = None,
) -> Updated:
    """Replace the content of a message that this account posted.

    Returns its text now. Give text, markdown_text or blocks; blocks that are not given are removed
    when text is. Cannot change others' messages (cant_update_message). Doing it twice is harmless.
    """
    content = _content(text, markdown_text, blocks)
    return await change(api, Updated, "chat.update", channel=channel, ts=ts, **content)


async def delete_message(api: Api, channel: ChannelId, ts: Timestamp) -> Deleted:
    """Delete a message that this account posted, for good.

    Returns which. Replies to it stay. Others' messages it cannot delete (cant_delete_message).
    One that is gone already is refused with message_not_found.
    """
    return await change(api, Deleted, "chat.delete", channel=channel, ts=ts)


async def schedule_message(
    api: Api,
    channel: Target,
    post_at: Annotated[
        int, Field(ge=1, description="When, in seconds since 1970 UTC; at most 120 days ahead.")
    ],
    text: Text = None,
    markdown_text: Markdown = None,
    blocks: Blocks = None,
    thread_ts: ThreadTs | None = None,
) -> Scheduled:
    """Schedule a message to be posted later.

    Returns its scheduled_message_id. Refused with time_in_past, time_too_far, or, above 30 within
    five minutes in a channel, restricted_too_many. Disconnecting may keep it from being posted.
    Cannot be called off from here. Scheduling again makes a second message.
    """
    content = _content(text, markdown_text, blocks)
    return await change(
        api,
        Scheduled,
        "chat.scheduleMessage",
        channel=channel,
        post_at=post_at,
        thread_ts=thread_ts,
        **content,
    )


def _content(text: str | None, markdown_text: str | None, blocks: Json) -> dict[str, Json]:
    if text is None and markdown_text is None and blocks is None:
        raise BadArguments("a message has text, markdown_text or blocks: give one")
    if markdown_text is not None and not (text is None and blocks is None):
        raise BadArguments("markdown_text stands alone: give it without text and blocks")
    return {"text": text, "markdown_text": markdown_text, "blocks": blocks}

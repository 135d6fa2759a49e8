"""Messages: posting, changing, deleting, scheduling, and their addresses.

https://docs.slack.dev/reference/methods/chat.postMessage
https://docs.slack.dev/reference/methods/chat.scheduleMessage
"""

import json

from connector_vault.connector import Json

from .answers import Problem
from .asked import Asked, Method
from .hub import Hub
from .places import found_message, seen, target
from .records import Channel, Message, Scheduled
from .shapes import message_shape

__all__ = ["METHODS"]

_MOST_TEXT = 40_000
_MOST_MARKDOWN = 12_000
_MOST_BLOCKS = 50

_FARTHEST = 120 * 86_400
"""Seconds ahead that a message can be scheduled."""

_PERIOD = 300
_MOST_SCHEDULED = 30
"""Messages that can be scheduled for one channel within one period, of this many seconds."""


def _post(hub: Hub, asked: Asked) -> dict[str, Json]:
    channel = target(hub, asked)
    message = hub.post(channel, _message(hub, asked, channel))
    shape = message_shape(hub, channel, message)
    return {"channel": channel.id, "ts": message.ts, "message": shape}


def _message(hub: Hub, asked: Asked, channel: Channel) -> Message:
    text, blocks = _content(asked)
    thread = asked.args.get("thread_ts", "")
    if thread:
        parent = channel.messages.get(thread)
        if parent is None:
            raise Problem("thread_not_found")
        thread = parent.thread_ts = parent.thread_ts or parent.ts
    return Message(
        ts=hub.next_ts(asked.now),
        user=asked.user.id,
        text=text,
        blocks=blocks,
        thread_ts=thread,
        broadcast=asked.flag("reply_broadcast"),
    )


def _content(asked: Asked) -> tuple[str, Json]:
    text, markdown = asked.args.get("text", ""), asked.args.get("markdown_text", "")
    blocks = _blocks(asked.args.get("blocks", ""))
    if markdown and (text or blocks):
        raise Problem("markdown_text_conflict")
    if not (text or markdown or blocks):
        raise Problem("no_text")
    if len(text) > _MOST_TEXT or len(markdown) > _MOST_MARKDOWN:
        raise Problem("msg_too_long")
    return text or markdown, blocks


def _blocks(text: str) -> Json:
    try:
        blocks: Json = json.loads(text or "null")
    except ValueError:
        raise Problem("invalid_blocks_format") from None
    if blocks is None:
        return None
    listed: list[Json] = [*blocks] if isinstance(blocks, list) else []
    if not listed or not all(isinstance(one, dict) and "type" in one for one in listed):
        raise Problem("invalid_blocks_format")
    if len(listed) > _MOST_BLOCKS:
        raise Problem("msg_blocks_too_long")
    return listed


def _update(hub: Hub, asked: Asked) -> dict[str, Json]:
    channel = seen(hub, asked)
    message = found_message(asked, channel)
    if message.user != asked.user.id:
        raise Problem("cant_update_message")
    message.text, message.blocks = _content(asked)
    message.edited = hub.next_ts(asked.now)
    shape = message_shape(hub, channel, message)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": shape}


def _delete(hub: Hub, asked: Asked) -> dict[str, Json]:
    channel = seen(hub, asked)
    message = found_message(asked, channel)
    if message.user != asked.user.id:
        raise Problem("cant_delete_message")
    del channel.messages[message.ts]
    return {"channel": channel.id, "ts": message.ts}


def _schedule(hub: Hub, asked: Asked) -> dict[str, Json]:
    channel = target(hub, asked)
    at = asked.whole("post_at", 0, 10**12)
    if at <= asked.now:
        raise Problem("time_in_past")
    if at > asked.now + _FARTHEST:
        raise Problem("time_too_far")
    period = [
        one
        for one in hub.scheduled.values()
        if one.channel == channel.id and one.at // _PERIOD == at // _PERIOD
    ]
    if len(period) >= _MOST_SCHEDULED:
        raise Problem("restricted_too_many")
    message = _message(hub, asked, channel)
    made = Scheduled(id=hub.next_id("Q"), at=at, channel=channel.id, message=message)
    hub.scheduled[made.id] = made
    told = {"text": message.text, "type": "delayed_message", "user": asked.user.id}
    said = {"channel": channel.id, "scheduled_message_id": made.id, "post_at": at}
    return {**said, "message": told}


def _permalink(hub: Hub, asked: Asked) -> dict[str, Json]:
    channel = seen(hub, asked)
    message = found_message(asked, channel, "message_ts")
    name = f"p{message.ts.replace('.', '')}"
    address = f"https://{asked.team.domain}.slack.com/archives/{channel.id}/{name}"
    return {"channel": channel.id, "permalink": address}


METHODS = {
    "chat.postMessage": Method(handler=_post, scopes=("chat:write",), tier=60, json=True),
    "chat.update": Method(handler=_update, scopes=("chat:write",), json=True),
    "chat.delete": Method(handler=_delete, scopes=("chat:write",), json=True),
    "chat.scheduleMessage": Method(handler=_schedule, scopes=("chat:write",), json=True),
    "chat.getPermalink": Method(handler=_permalink, tier=600),
}

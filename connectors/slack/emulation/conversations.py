"""Conversations: which there are, what was said in them, and joining one.

https://docs.slack.dev/reference/methods/conversations.list
https://docs.slack.dev/reference/methods/conversations.history
"""

import re
from collections.abc import Sequence

from connector_vault.connector import Json

from .answers import Problem
from .asked import Asked, Method
from .hub import Hub
from .places import PREFIXES, readable, seen
from .records import Channel, ChannelKind, Message
from .shapes import channel_shape, message_shape

__all__ = ["METHODS"]

_READ = tuple(f"{prefix}:read" for prefix in PREFIXES.values())
_HISTORY = tuple(f"{prefix}:history" for prefix in PREFIXES.values())

_WHEN = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")

_FEW = 15
"""Messages that an app gets which is sold outside of the Marketplace."""


def _list(hub: Hub, asked: Asked) -> dict[str, Json]:
    _need_team(asked)
    kinds = _kinds(asked)
    for kind in kinds:
        asked.needs(f"{PREFIXES[kind]}:read")
    team = asked.args.get("team_id") or asked.user.team
    found = [
        channel
        for channel in hub.channels.values()
        if channel.team == team and channel.kind in kinds and _is_seen(asked, channel)
    ]
    some, more = asked.page(found, asked.whole("limit", 100, 1000))
    return {"channels": [_listed(one, asked.user.id) for one in some], **more}


def _listed(channel: Channel, viewer: str) -> dict[str, Json]:
    counted = {} if channel.kind == "im" else {"num_members": len(channel.members)}
    return {**channel_shape(channel, viewer), **counted}


def _need_team(asked: Asked) -> None:
    if asked.seat.home != asked.seat.team and not asked.args.get("team_id"):
        raise Problem("missing_argument")


def _kinds(asked: Asked) -> list[ChannelKind]:
    wanted = asked.args.get("types", "public_channel").split(",")
    kinds: list[ChannelKind] = [kind for kind in PREFIXES if kind in wanted]
    if len(kinds) != len(wanted):
        raise Problem("invalid_types")
    return kinds


def _is_seen(asked: Asked, channel: Channel) -> bool:
    if channel.archived and asked.flag("exclude_archived"):
        return False
    return channel.kind == "public_channel" or asked.user.id in channel.members


def _info(hub: Hub, asked: Asked) -> dict[str, Json]:
    return {"channel": channel_shape(seen(hub, asked), asked.user.id)}


def _history(hub: Hub, asked: Asked) -> dict[str, Json]:
    channel = readable(hub, asked)
    shown = [one for one in channel.messages.values() if not one.is_reply or one.broadcast]
    return _page(hub, asked, channel, _between(asked, shown)[::-1])


def _replies(hub: Hub, asked: Asked) -> dict[str, Json]:
    channel = readable(hub, asked)
    message = channel.messages.get(asked.need("ts"))
    if message is None:
        raise Problem("thread_not_found")
    began = message.thread_ts or message.ts
    parent = [channel.messages[began]] if began in channel.messages else []
    return _page(hub, asked, channel, parent + _between(asked, channel.replies(began)))


def _page(hub: Hub, asked: Asked, channel: Channel, found: Sequence[Message]) -> dict[str, Json]:
    limited = hub.policy.history == "limited"
    limit = asked.whole("limit", 100, 999)
    some, more = asked.page(found, min(limit, _FEW) if limited else limit)
    has_more = bool(more["response_metadata"]["next_cursor"])
    said: dict[str, Json] = {"messages": [message_shape(hub, channel, one) for one in some]}
    return {**said, "has_more": has_more, "pin_count": 0, **(more if has_more else {})}


def _between(asked: Asked, messages: Sequence[Message]) -> list[Message]:
    oldest, latest = _when(asked, "oldest"), _when(asked, "latest")
    edge = asked.flag("inclusive")
    return [
        one
        for one in messages
        if (oldest is None or float(one.ts) > oldest or (edge and float(one.ts) == oldest))
        and (latest is None or float(one.ts) < latest or (edge and float(one.ts) == latest))
    ]


def _when(asked: Asked, name: str) -> float | None:
    said = asked.args.get(name, "")
    if not said:
        return None
    if not _WHEN.fullmatch(said):
        raise Problem(f"invalid_ts_{name}")
    return float(said)


def _join(hub: Hub, asked: Asked) -> dict[str, Json]:
    channel = seen(hub, asked)
    if channel.kind != "public_channel":
        raise Problem("method_not_supported_for_channel_type")
    if channel.archived:
        raise Problem("is_archived")
    told: dict[str, Json] = {}
    if asked.user.id in channel.members:
        warnings = ["already_in_channel"]
        told = {"warning": warnings[0], "response_metadata": {"warnings": warnings}}
    else:
        channel.members.append(asked.user.id)
    return {"channel": channel_shape(channel, asked.user.id), **told}


METHODS = {
    "conversations.list": Method(handler=_list, scopes=_READ, tier=20),
    "conversations.info": Method(handler=_info, scopes=_READ),
    "conversations.history": Method(handler=_history, scopes=_HISTORY),
    "conversations.replies": Method(handler=_replies, scopes=_HISTORY),
    "conversations.join": Method(
        handler=_join, scopes=("channels:join", "channels:write"), json=True
    ),
}

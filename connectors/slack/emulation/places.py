"""Find the conversation a call names, if who calls may know of it."""

from collections.abc import Mapping

from .answers import Problem
from .asked import Asked
from .hub import Hub
from .records import Channel, ChannelKind, Message

__all__ = ["PREFIXES", "found_message", "may_write", "readable", "seen", "target"]

PREFIXES: Mapping[ChannelKind, str] = {
    "public_channel": "channels",
    "private_channel": "groups",
    "mpim": "mpim",
    "im": "im",
}
"""How the scopes of each kind begin."""


def seen(hub: Hub, asked: Asked, name: str = "channel") -> Channel:
    """Give the conversation an argument names. One that is hidden is not there."""
    channel = hub.channels.get(asked.need(name, "channel_not_found"))
    if channel is None or channel.team != asked.user.team:
        raise Problem("channel_not_found")
    if channel.kind != "public_channel" and asked.user.id not in channel.members:
        raise Problem("channel_not_found")
    return channel


def readable(hub: Hub, asked: Asked) -> Channel:
    """Give a conversation whose messages may be read: people see public channels from outside."""
    channel = seen(hub, asked)
    asked.needs(f"{PREFIXES[channel.kind]}:history")
    if asked.seat.bot and asked.user.id not in channel.members:
        raise Problem("not_in_channel")
    return channel


def target(hub: Hub, asked: Asked) -> Channel:
    """Give where a message goes: a conversation, or somebody's direct messages."""
    said = asked.need("channel", "channel_not_found")
    person = hub.people.get(said)
    if person is None or person.team != asked.user.team:
        channel = seen(hub, asked)
        may_write(asked, channel)
        return channel
    both = {asked.user.id, person.id}
    for channel in hub.channels.values():
        if channel.kind == "im" and set(channel.members) == both:
            return channel
    return hub.open(asked.user.team, "im", sorted(both), asked.now)


def may_write(asked: Asked, channel: Channel) -> None:
    """Refuse who may not write there."""
    if channel.archived:
        raise Problem("is_archived")
    if asked.user.id in channel.members:
        return
    if not (asked.seat.bot and "chat:write.public" in asked.seat.scopes):
        raise Problem("not_in_channel")


def found_message(asked: Asked, channel: Channel, name: str = "ts") -> Message:
    """Give the message an argument names."""
    message = channel.messages.get(asked.need(name, "message_not_found"))
    if message is None:
        raise Problem("message_not_found")
    return message

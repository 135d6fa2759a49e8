"""Channels and other conversations.

https://docs.slack.dev/reference/methods/conversations.list
https://docs.slack.dev/reference/methods/conversations.join
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from connector_vault.connector import Api

from .asking import ask, change
from .pages import Metadata
from .parameters import ChannelId, Cursor, TeamId

__all__ = ["Channel", "Channels", "Joined", "join_channel", "list_channels"]

ChannelType: TypeAlias = Literal["public_channel", "private_channel", "mpim", "im"]


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A topic or a purpose."""

    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel, a group message (`is_mpim`), or a direct message (`is_im`) with `user`."""

    id: str
    name: str | None = None
    user: str | None = None
    is_private: bool = False
    is_im: bool = False
    is_mpim: bool = False
    is_archived: bool = False
    is_member: bool = False
    is_ext_shared: bool = False
    num_members: int | None = None
    topic: About | None = None
    purpose: About | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """A page of conversations. `next_cursor` is null on the last."""

    channels: tuple[Channel, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """The channel, and whether the account was in it before."""

    channel: Channel
    already_in_channel: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    channels: tuple[Channel, ...]
    response_metadata: Metadata | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Joined:
    channel: Channel
    warning: str | None = None


async def list_channels(
    api: Api,
    types: Annotated[
        Sequence[ChannelType], Field(min_length=1, description="Which kinds to list.")
    ] = ("public_channel",),
    exclude_archived: bool = True,
    limit: Annotated[int, Field(ge=1, le=999, description="Results on a page, at most.")] = 200,
    cursor: Cursor = None,
    team_id: TeamId = None,
) -> Channels:
    """List a workspace's channels.

    Returns one page with ids, names and topics; `is_member` tells where the account can read. A
    page may be short and not the last. private_channel needs groups:read, im im:read, mpim
    mpim:read. Has no search by name, and shows no messages. 20 calls a minute.
    """
    found = await ask(
        api,
        _Listed,
        "conversations.list",
        types=",".join(types),
        exclude_archived=exclude_archived,
        limit=limit,
        cursor=cursor,
        team_id=team_id,
    )
    return Channels(channels=found.channels, next_cursor=Metadata.after(found.response_metadata))


async def join_channel(api: Api, channel: ChannelId) -> Joined:
    """Join a public channel, as the account itself.

    Returns the channel; doing it twice is no error. Everybody there sees it. Cannot join private
    channels and conversations: somebody in them has to invite the account.
    """
    done = await change(api, _Joined, "conversations.join", channel=channel)
    return Joined(channel=done.channel, already_in_channel=done.warning == "already_in_channel")

"""Emoji on messages.

https://docs.slack.dev/reference/methods/reactions.add
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from connector_vault.connector import Api, Refused

from .asking import change
from .parameters import ChannelId, Timestamp

__all__ = ["Reacted", "add_reaction"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reacted:
    """The emoji is on the message. `already_reacted`: it was before."""

    already_reacted: bool = False


async def add_reaction(
    api: Api,
    channel: ChannelId,
    timestamp: Timestamp,
    name: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9_+'-]+(::skin-tone-[2-6])?$",
            max_length=100,
            description="Name of the emoji, without colons: thumbsup.",
        ),
    ],
) -> Reacted:
    """Put an emoji on a message, as this account.

    Returns whether it was there before; doing it twice is no error. Cannot react for others.
    """
    said = {"channel": channel, "timestamp": timestamp, "name": name}
    try:
        await change(api, dict[str, object], "reactions.add", **said)
    except Refused as error:
        if error.code != "already_reacted":
            raise
        return Reacted(already_reacted=True)
    return Reacted()

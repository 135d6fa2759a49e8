"""What Slack keeps: workspaces, people, conversations, messages and files."""

from dataclasses import dataclass, field
from typing import Literal

from connector_vault.connector import Json

__all__ = [
    "Channel",
    "ChannelKind",
    "Enterprise",
    "Message",
    "Person",
    "Scheduled",
    "Stored",
    "Team",
]

ChannelKind = Literal["public_channel", "private_channel", "mpim", "im"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Enterprise:
    """An organisation of several workspaces."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A workspace."""

    id: str
    name: str
    domain: str
    enterprise: Enterprise | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody in a workspace, or an app's bot there."""

    id: str
    team: str
    name: str
    real_name: str
    email: str = ""
    bot_id: str = ""
    app_id: str = ""
    created: float = 0.0


@dataclass(slots=True, kw_only=True)
class Message:
    """What somebody said. In its channel `ts` is its name."""

    ts: str
    user: str
    text: str = ""
    blocks: Json = None
    thread_ts: str = ""
    """That of the message that began the thread."""
    broadcast: bool = False
    edited: str = ""
    reactions: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    files: tuple[str, ...] = ()

    @property
    def is_reply(self) -> bool:
        return self.thread_ts not in ("", self.ts)


@dataclass(slots=True, kw_only=True)
class Channel:
    """A channel, or another conversation."""

    id: str
    team: str
    kind: ChannelKind
    name: str = ""
    topic: str = ""
    created: float = 0.0
    creator: str = ""
    archived: bool = False
    members: list[str] = field(default_factory=list[str])
    messages: dict[str, Message] = field(default_factory=dict[str, Message])
    """By `ts`, in the order they were posted."""

    def replies(self, ts: str) -> list[Message]:
        """Give the replies in a message's thread, oldest first."""
        return [one for one in self.messages.values() if one.thread_ts == ts and one.is_reply]


@dataclass(slots=True, kw_only=True)
class Stored:
    """A file, from the moment a place for it was asked for."""

    id: str
    team: str
    user: str
    name: str
    size: int
    ticket: str = field(repr=False)
    content: bytes | None = field(default=None, repr=False)
    """None: its bytes have not come."""
    title: str = ""
    created: float = 0.0
    shared: tuple[str, ...] = ()
    """Where."""
    completed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """A message that is to be posted."""

    id: str
    at: int
    """Seconds since 1970 UTC."""
    channel: str
    message: Message

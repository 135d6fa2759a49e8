"""What TikTok keeps: people, posts, and what is on its way to become one."""

import hashlib
from dataclasses import dataclass, field
from typing import Protocol

from connector_vault.connector import Json

__all__ = ["Publication", "Upload", "User", "Video"]


@dataclass(slots=True, kw_only=True)
class User:
    """Somebody with an account, and what they set in the app."""

    username: str
    display_name: str
    bio: str
    private: bool = False
    comment_disabled: bool = False
    duet_disabled: bool = False
    stitch_disabled: bool = False
    max_seconds: int = 600
    followers: int = 0

    @property
    def privacy_options(self) -> tuple[str, ...]:
        first = "FOLLOWER_OF_CREATOR" if self.private else "PUBLIC_TO_EVERYONE"
        return (first, "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY")


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A post: a film, or photos."""

    id: int
    username: str
    title: str
    created: float
    """Seconds since 1970 UTC, like every time here."""
    privacy: str = "PUBLIC_TO_EVERYONE"
    seconds: int = 30
    publish_id: str = ""
    """Empty: it was posted in the app."""


class Digest(Protocol):
    """What hashes a film as it comes."""

    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


@dataclass(slots=True, kw_only=True)
class Upload:
    """A film on its way, chunk by chunk. It is counted and hashed, and not kept."""

    size: int
    chunk_size: int
    count: int
    token: str = field(repr=False)
    received: int = 0
    chunks: int = 0
    digest: Digest = field(default_factory=hashlib.sha256)

    def take(self, chunk: bytes) -> None:
        """Take the next chunk."""
        self.digest.update(chunk)
        self.received += len(chunk)
        self.chunks += 1

    @property
    def next_span(self) -> tuple[int, int]:
        """The first and the last byte of the chunk that is waited for."""
        begin = self.chunks * self.chunk_size
        end = self.size if self.chunks == self.count - 1 else begin + self.chunk_size
        return begin, end - 1


@dataclass(slots=True, kw_only=True)
class Publication:
    """What was sent to be posted, or to be a draft."""

    id: str
    app: str
    username: str
    direct: bool
    info: dict[str, Json]
    begun: float
    upload: Upload | None = None
    """None: TikTok fetches it."""
    arrived: float | None = None
    """When all of it is there. None: nobody knows yet."""
    failed: str = ""
    posted: bool = False

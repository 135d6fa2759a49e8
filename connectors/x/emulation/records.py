"""What X keeps: people, posts, media."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Medium", "Poll", "Post", "User"]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody with an account."""

    id: str
    username: str
    name: str
    description: str
    email: str
    created: float
    """Seconds since 1970 UTC, like every time here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A poll of a post."""

    id: str
    options: tuple[str, ...]
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post."""

    id: str
    author: User
    text: str
    created: float
    reply_settings: str = "everyone"
    replies_to: str | None = None
    conversation: str = ""
    """The id of the post that began it; its own if empty."""
    media: tuple[str, ...] = ()
    """Ids."""
    poll: Poll | None = None
    hidden: bool = False
    likes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """A picture or film, whole or on its way."""

    id: str
    owner: str
    type: str
    category: str
    size: int
    """Bytes, as they were announced."""
    segments: Mapping[int, bytes]
    created: float
    finished: float | None = None
    """When it was whole. None: it is not."""
    digest: str = ""
    """SHA-256 of what came, once it is whole: the bytes are not kept."""
    alt_text: str | None = None

    @property
    def key(self) -> str:
        return f"{'3' if self.category == 'tweet_image' else '13'}_{self.id}"

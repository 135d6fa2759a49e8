"""What Facebook keeps: people, Pages, and what is on them. Times are seconds since 1970 UTC."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["Comment", "Digest", "Film", "Message", "Page", "Person", "Photo", "Post", "Who"]


class Digest(Protocol):
    """What bytes add up to."""

    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Somebody as a Page sees them: the id is theirs for this Page."""

    id: str
    name: str


@dataclass(slots=True, kw_only=True)
class Person:
    """Somebody with an account, and what they may do on Pages."""

    id: str
    """As this app sees them."""
    login: str
    name: str
    pages: dict[str, tuple[str, ...]]
    """Tasks, by the Page's id."""
    password: int = 0
    """Counts changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A Page."""

    id: str
    name: str
    username: str
    category: str
    about: str
    instagram: str = ""
    """The id of its account on Instagram. Empty: it has none."""


@dataclass(slots=True, kw_only=True)
class Photo:
    """A photo. Its bytes are counted and hashed, and not kept."""

    id: str
    page: str
    size: int
    digest: str
    caption: str = ""
    alt_text: str = ""
    url: str = ""
    temporary: bool = False
    used: bool = False


@dataclass(slots=True, kw_only=True)
class Post:
    """A post, seen or yet to be seen."""

    id: str
    page: str
    message: str
    created: float
    link: str = ""
    photos: tuple[str, ...] = ()
    published: bool = True
    scheduled: float = 0.0
    film: str = ""
    likes: int = 0
    shares: int = 0


@dataclass(slots=True, kw_only=True)
class Comment:
    """A comment on a post, or on another comment."""

    id: str
    post: str
    parent: str
    author: Who
    message: str
    created: float
    hidden: bool = False


@dataclass(slots=True, kw_only=True)
class Film:
    """A film on its way. Its bytes are counted and hashed, and not kept."""

    id: str
    page: str
    size: int = -1
    """As announced with the bytes. -1: none came yet."""
    came: int = 0
    digest: Digest = field(default_factory=hashlib.sha256)
    handed_in: float = 0.0
    """When it was to be published, or scheduled, or kept as a draft. 0: not yet."""
    state: str = ""
    posts: tuple[str, ...] = ()
    """What became of it: more than one if it was handed in again."""
    said: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message in a conversation with a Page."""

    id: str
    page: str
    person: Who
    """With whom."""
    from_page: bool
    text: str
    created: float

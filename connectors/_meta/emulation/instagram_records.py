"""What there is on the emulated Instagram: accounts, containers, media and comments."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from connector_vault.connector import Json

__all__ = ["Account", "Caller", "Comment", "Container", "Medium", "Policy", "Product"]

Product = Literal["FEED", "REELS", "STORY"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A professional account."""

    id: str
    username: str
    name: str
    account_type: str = "BUSINESS"
    """BUSINESS or MEDIA_CREATOR."""
    biography: str = ""
    website: str = ""
    followers: int = 100
    follows: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whose token a call carries."""

    accounts: frozenset[str]
    """Ids of the professional accounts it speaks for."""
    permissions: frozenset[str]
    """As that login names them."""
    person: str = ""
    """The id the account has for this app, which is another by Instagram Login. Empty: its own."""


@dataclass(slots=True, kw_only=True)
class Container:
    """What waits to be published."""

    id: str
    account: str
    created: float
    """Seconds since 1970 UTC."""
    kind: str
    """IMAGE, VIDEO, REELS, STORIES or CAROUSEL."""
    said: Mapping[str, Json]
    """What it was made with."""
    child: bool = False
    resumable: bool = False
    size: int = -1
    """Bytes that came by a resumable upload. -1: none yet."""
    digest: str = ""
    """SHA-256 of them: they are not kept."""
    ready: float = 0.0
    """When all of it was there."""
    published: str = ""
    """The media it became. Empty: none yet."""


@dataclass(slots=True, kw_only=True)
class Comment:
    """What somebody wrote below a media, or below another comment."""

    id: str
    media: str
    parent: str
    """The comment it answers. Empty: none."""
    username: str
    text: str
    created: float
    hidden: bool = False


@dataclass(slots=True, kw_only=True)
class Medium:
    """What was published."""

    id: str
    account: str
    kind: str
    """IMAGE, VIDEO or CAROUSEL_ALBUM."""
    product: Product
    created: float
    caption: str = ""
    url: str = ""
    children: tuple[tuple[str, str], ...] = ()
    """Of a carousel: kind and address of each."""
    comments: dict[str, Comment] = field(default_factory=dict[str, Comment])
    """By id, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How publishing goes, where Instagram leaves it open, or a test wants it otherwise."""

    processing: float = 0.0
    """Seconds from a container to its being ready."""
    fails: str = ""
    """Why containers fail, as their `status` says. Empty: they do not."""
    republish: Literal["posts", "refuses"] = "posts"
    """What publishing a container a second time does. Not documented."""
    quota: int = 100
    """Posts in 24 hours. The documents say 100 in one place, and 50 in another."""

"""What Notion keeps: people, pages, blocks, databases, comments."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from connector_vault.connector import Json

__all__ = ["Block", "Comment", "Database", "Page", "Person", "Place", "Source", "Workspace"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """Where people work together."""

    id: str
    name: str
    plan: str
    """`free` or `business`: it decides how many requests a connection may make."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with an account."""

    id: str
    login: str
    name: str
    email: str
    workspace: Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something lies: a workspace, page, block, database or data source."""

    type: str
    id: str


@dataclass(slots=True, kw_only=True)
class Block:
    """A block, or what stands for a page or database in the page it lies in."""

    id: str
    type: str
    content: dict[str, Json]
    """As Notion shows it, without the blocks inside."""
    parent: Place
    author: str
    """A user's or a bot's id."""
    created: float
    """Seconds since 1970 UTC, like every time here."""
    edited: float
    in_trash: bool = False


@dataclass(slots=True, kw_only=True)
class Page:
    """A page, or a row of a data source."""

    id: str
    parent: Place
    properties: dict[str, Json]
    """By name, as Notion shows them; of a plain page only its title."""
    author: str
    created: float
    edited: float
    icon: Json = None
    cover: Json = None
    in_trash: bool = False
    is_locked: bool = False
    number: int = 0
    """Counts the rows of a data source."""


@dataclass(slots=True, kw_only=True)
class Source:
    """A data source: columns, whose rows are pages."""

    id: str
    database: str
    name: str
    columns: Mapping[str, Mapping[str, Json]]
    """By name, as Notion shows them."""
    author: str
    created: float
    edited: float
    in_trash: bool = False
    rows: int = 0


@dataclass(slots=True, kw_only=True)
class Database:
    """What holds data sources."""

    id: str
    title: str
    parent: Place
    author: str
    created: float
    edited: float
    sources: list[str] = field(default_factory=list[str])
    in_trash: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """What somebody said about a page or block."""

    id: str
    discussion: str
    place: Place
    rich_text: tuple[Json, ...]
    author: str
    shown: str
    """The name that is shown."""
    created: float

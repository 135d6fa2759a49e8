"""Finding what a request names, if the bot may see it."""

from typing import TypeVar

from .answers import missing, restricted, wrong
from .asked import Asked
from .hub import Hub, Thing
from .records import Block, Database, Page, Source

__all__ = ["any_block", "find", "named", "need"]

T = TypeVar("T", bound=Thing)

_KINDS: dict[type, str] = {
    Block: "block",
    Database: "database",
    Page: "page",
    Source: "data_source",
}


def need(asked: Asked, *capabilities: str) -> None:
    """Let a request pass only if the connection was registered for all of this."""
    for capability in capabilities:
        if not asked.can(capability):
            raise restricted(capability)


def find(hub: Hub, asked: Asked, kind: type[T], name: str) -> T:
    """Give what has this id."""
    thing = hub.things.get(name)
    if thing is None or not hub.reaches(asked.bot, thing):
        raise missing(_KINDS[kind], name)
    if not isinstance(thing, kind):
        words = f"Provided ID {name} is a {_KINDS[type(thing)]}, not a {_KINDS[kind]}"
        raise wrong(f"{words}. Use the API of its own kind instead.")
    return thing


def named(hub: Hub, asked: Asked, kind: type[T]) -> T:
    """Give what the path names."""
    return find(hub, asked, kind, asked.id())


def any_block(hub: Hub, asked: Asked, name: str) -> Block | Page | Database:
    """Give a block, or a page or database, which are blocks too."""
    thing = hub.things.get(name)
    if thing is None or isinstance(thing, Source) or not hub.reaches(asked.bot, thing):
        raise missing("block", name)
    return thing

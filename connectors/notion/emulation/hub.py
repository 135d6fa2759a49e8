"""All that Notion knows."""

import uuid
from collections.abc import Iterator

from .grants import App, Bot, Grants
from .limits import Limits
from .records import Block, Comment, Database, Page, Person, Place, Source, Workspace

__all__ = ["CLIENT", "Hub", "Thing", "new_id"]

CLIENT = App(
    id="0f0e0d0c-0b0a-4908-8706-050403020100",
    secret="emulator-secret",
    name="Emulated App",
    redirect_uris=("http://127.0.0.1/callback",),
    loopback=True,
)
"""The app that exists from the start. Its secret is one only in name."""

Thing = Page | Block | Database | Source


class Hub:
    """People, apps, grants and what lies in their workspaces."""

    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self.signed_in = ""
        """Login of who agrees next, where nobody is asked."""
        self.picks: tuple[str, ...] | None = None
        """What they share. None: all that lies at the top of their workspace."""
        self.grants = Grants([CLIENT])
        self.limits = Limits()
        self.things: dict[str, Thing] = {}
        self.below: dict[str, list[str]] = {}
        """What lies in a page or block, in its order."""
        self.comments: list[Comment] = []
        self.failing: list[int | None] = []
        """Changes that will be made and answered 503, with this `Retry-After` or without one."""

    def add(self, thing: Thing, at: int | None = None) -> None:
        """Put something where it says that it lies, last or at a place."""
        self.things[thing.id] = thing
        if not isinstance(thing, Source):
            inside = self.below.setdefault(thing.parent.id, [])
            inside.insert(len(inside) if at is None else at, thing.id)

    def drop(self, name: str) -> None:
        """Take a block away, with the blocks inside."""
        for inner in tuple(self.below.get(name, ())):
            self.drop(inner)
        self.below.pop(name, None)
        thing = self.things.pop(name)
        if not isinstance(thing, Source):
            self.below[thing.parent.id].remove(name)

    def move(self, page: Page, place: Place) -> None:
        """Put a page somewhere else."""
        self.below[page.parent.id].remove(page.id)
        page.parent = place
        self.add(page)

    def inside(self, name: str) -> list[Block | Page | Database]:
        """Give what lies directly in a page or block, the trash apart."""
        found = [self.things[one] for one in self.below.get(name, [])]
        return [one for one in found if not isinstance(one, Source) and not one.in_trash]

    def reaches(self, bot: Bot, thing: Thing) -> bool:
        """Tell whether something is shared with a bot: it, or what it lies in."""
        return any(one.id in bot.shared for one in self._upwards(thing))

    def shared(self, bot: Bot) -> list[Thing]:
        """Give all that is shared with a bot."""
        return [one for one in self.things.values() if self.reaches(bot, one)]

    def top(self, workspace: Workspace) -> tuple[str, ...]:
        """Give what lies at the top of a workspace."""
        return tuple(self.below.get(workspace.id, ()))

    def person(self, bot: Bot) -> Person:
        """Give whose bot it is."""
        return self.people[bot.login]

    def _upwards(self, thing: Thing) -> Iterator[Thing]:
        above: Thing | None = thing
        while above is not None:
            yield above
            above = self.things.get(
                above.database if isinstance(above, Source) else above.parent.id
            )


def new_id() -> str:
    """Give an id nothing else has."""
    return str(uuid.uuid4())

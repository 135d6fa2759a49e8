"""What is there on the first day."""

import uuid

from connector_vault.connector import Json

from .hub import Hub
from .properties import titled
from .records import Block, Database, Page, Person, Place, Source, Workspace
from .richtext import rich

__all__ = ["seed"]

_ACME = Workspace(id="a0000000-0000-4000-8000-000000000001", name="Acme", plan="business")
_HOME = Workspace(id="a0000000-0000-4000-8000-000000000002", name="Linus at home", plan="free")
_PEOPLE = (
    ("ada", "Ada Lovelace", _ACME),
    ("grace", "Grace Hopper", _ACME),
    ("linus", "Linus Pauling", _HOME),
)
_NAMES = uuid.UUID("a0000000-0000-4000-8000-00000000000f")


def seed(hub: Hub, now: float) -> None:
    """Put people into two workspaces, and pages and a table of tasks into one of them."""
    for number, (login, name, workspace) in enumerate(_PEOPLE, start=1):
        email = f"{login}@{workspace.name.split()[0].lower()}.example"
        known = f"b0000000-0000-4000-8000-{number:012}"
        person = Person(id=known, login=login, name=name, email=email, workspace=workspace)
        hub.people[login] = person
    hub.signed_in = "ada"
    ada = hub.people["ada"].id
    handbook = _page(hub, "Handbook", Place(type="workspace", id=_ACME.id), ada, now)
    below = Place(type="page_id", id=handbook.id)
    for kind, text in (("heading_1", "Welcome"), ("paragraph", "How we work together.")):
        hub.add(_block(f"{kind} {text}", kind, text, below, ada, now))
    _page(hub, "Holidays", below, ada, now)
    _tasks(hub, Place(type="workspace", id=_ACME.id), ada, now)
    _page(hub, "Diary", Place(type="workspace", id=_HOME.id), hub.people["linus"].id, now)


def _page(hub: Hub, title: str, place: Place, author: str, now: float) -> Page:
    page = Page(
        id=_id(title),
        parent=place,
        properties=titled(title),
        author=author,
        created=now,
        edited=now,
    )
    hub.add(page)
    return page


def _block(name: str, kind: str, text: str, place: Place, author: str, now: float) -> Block:
    return Block(
        id=_id(name),
        type=kind,
        content={"rich_text": rich(text), "color": "default"},
        parent=place,
        author=author,
        created=now,
        edited=now,
    )


def _tasks(hub: Hub, place: Place, author: str, now: float) -> None:
    database = Database(
        id=_id("Tasks"), title="Tasks", parent=place, author=author, created=now, edited=now
    )
    source = Source(
        id=_id("Tasks, rows"),
        database=database.id,
        name="Tasks",
        columns=_columns(),
        author=author,
        created=now,
        edited=now,
    )
    database.sources.append(source.id)
    hub.add(database)
    hub.add(source)
    inside = Place(type="data_source_id", id=source.id)
    for number, (name, done) in enumerate((("Write the plan", True), ("Read it", False)), start=1):
        properties = {
            "Name": {"id": "title", "type": "title", "title": rich(name)},
            "Done": {"id": "done", "type": "checkbox", "checkbox": done},
        }
        row = Page(
            id=_id(name),
            parent=inside,
            properties=properties,
            author=author,
            created=now,
            edited=now,
            number=number,
        )
        hub.add(row)
        source.rows = number


def _columns() -> dict[str, dict[str, Json]]:
    options = [_option(name) for name in ("Low", "High")]
    states = [_option(name) for name in ("Not started", "In progress", "Done")]
    kinds: dict[str, tuple[str, Json]] = {
        "Name": ("title", {}),
        "Done": ("checkbox", {}),
        "Priority": ("select", {"options": options}),
        "State": ("status", {"options": states, "groups": []}),
        "Tags": ("multi_select", {"options": []}),
        "Due": ("date", {}),
        "Effort": ("number", {"format": "number"}),
        "Notes": ("rich_text", {}),
        "Link": ("url", {}),
        "Mail": ("email", {}),
        "Phone": ("phone_number", {}),
        "Who": ("people", {}),
        "Blocks": ("relation", {"data_source_id": _id("Tasks, rows"), "single_property": {}}),
        "Files": ("files", {}),
        "Made": ("created_time", {}),
        "Made by": ("created_by", {}),
        "Number": ("unique_id", {"prefix": None}),
    }
    return {
        name: {
            "id": "title" if kind == "title" else name.lower().replace(" ", "_"),
            "type": kind,
            kind: settings,
        }
        for name, (kind, settings) in kinds.items()
    }


def _option(name: str) -> Json:
    return {"id": _id(name)[:4], "name": name, "color": "default", "description": None}


def _id(name: str) -> str:
    # The same on every first day, so that examples can name them.
    return str(uuid.uuid5(_NAMES, name))

"""Things, as Notion shows them.

https://developers.notion.com/reference/page
https://developers.notion.com/reference/block
"""

from connector_vault.connector import Json

from .answers import stamp
from .asked import Asked
from .hub import Hub
from .properties import derived
from .records import Block, Comment, Database, Page, Person, Place, Source
from .richtext import plain, rich

__all__ = [
    "bot_shape",
    "comment_shape",
    "database_shape",
    "inner_shape",
    "page_shape",
    "person_shape",
    "source_shape",
    "title_of",
]


def person_shape(asked: Asked, person: Person) -> dict[str, Json]:
    """Show somebody, with their email if the connection may see it."""
    shown = {"email": person.email} if asked.can("read_emails") else {}
    return {
        "object": "user",
        "id": person.id,
        "name": person.name,
        "avatar_url": None,
        "type": "person",
        "person": shown,
    }


def bot_shape(hub: Hub, asked: Asked) -> dict[str, Json]:
    """Show the bot that asks."""
    person = hub.person(asked.bot)
    bot: dict[str, Json] = {
        "owner": {"type": "user", "user": person_shape(asked, person)},
        "workspace_name": person.workspace.name,
    }
    if hub.grants.policy.identity == "full":
        bot["workspace_id"] = person.workspace.id
        bot["workspace_limits"] = {"max_file_upload_size_in_bytes": 5_242_880}
    name = asked.app.name if asked.app else ""
    return {
        "object": "user",
        "id": asked.bot.id,
        "name": name,
        "avatar_url": None,
        "type": "bot",
        "bot": bot,
    }


def page_shape(hub: Hub, asked: Asked, page: Page) -> dict[str, Json]:
    """Show a page. A connection that may not read is shown its id."""
    if not asked.can("read_content"):
        return {"object": "page", "id": page.id}
    source = hub.things.get(page.parent.id)
    properties = derived(page, source.columns if isinstance(source, Source) else None)
    wanted = asked.query.get("filter_properties")
    kept = {
        name: value for name, value in properties.items() if wanted in (None, name, value["id"])
    }
    return {
        "object": "page",
        "id": page.id,
        **_made(asked, page),
        "icon": page.icon,
        "cover": page.cover,
        "parent": _place(hub, page.parent),
        "properties": kept,
        "is_locked": page.is_locked,
        "url": _address(asked, page.id),
        "public_url": None,
    }


def inner_shape(hub: Hub, asked: Asked, thing: Block | Page | Database) -> dict[str, Json]:
    """Show a block, or what stands for a page or database in the page it lies in."""
    kind, content = _content(thing)
    return {
        "object": "block",
        "id": thing.id,
        "parent": _place(hub, thing.parent),
        **_made(asked, thing),
        "has_children": bool(hub.inside(thing.id)),
        "type": kind,
        kind: content,
    }


def database_shape(hub: Hub, asked: Asked, database: Database) -> dict[str, Json]:
    """Show a database, without what its data sources hold."""
    known = [hub.things[name] for name in database.sources]
    return {
        "object": "database",
        "id": database.id,
        "title": rich(database.title),
        "description": [],
        "parent": _place(hub, database.parent),
        "is_inline": False,
        "is_locked": False,
        **_made(asked, database, people=False),
        "data_sources": [{"id": s.id, "name": s.name} for s in known if isinstance(s, Source)],
        "icon": None,
        "cover": None,
        "url": _address(asked, database.id),
        "public_url": None,
    }


def source_shape(hub: Hub, asked: Asked, source: Source) -> dict[str, Json]:
    """Show a data source, without its rows."""
    database = hub.things[source.database]
    above = database.parent if isinstance(database, Database) else Place(type="page_id", id="")
    return {
        "object": "data_source",
        "id": source.id,
        "title": rich(source.name),
        "description": [],
        "parent": {"type": "database_id", "database_id": source.database},
        "database_parent": _place(hub, above),
        "is_inline": False,
        **_made(asked, source),
        "properties": {
            name: {**column, "name": name, "description": None}
            for name, column in source.columns.items()
        },
        "icon": None,
        "cover": None,
        "url": _address(asked, source.id),
        "public_url": None,
    }


def comment_shape(comment: Comment) -> dict[str, Json]:
    """Show a comment."""
    place = comment.place
    return {
        "object": "comment",
        "id": comment.id,
        "parent": {"type": place.type, place.type: place.id},
        "discussion_id": comment.discussion,
        "created_time": stamp(comment.created),
        "last_edited_time": stamp(comment.created),
        "created_by": {"object": "user", "id": comment.author},
        "rich_text": list(comment.rich_text),
        "display_name": {"type": "integration", "resolved_name": comment.shown},
    }


def title_of(thing: Page | Database | Source) -> str:
    """Give the title of a page, database or data source."""
    if isinstance(thing, Database):
        return thing.title
    if isinstance(thing, Source):
        return thing.name
    found = [one for one in thing.properties.values() if one["type"] == "title"]
    return plain(found[0]["title"]) if found else ""


def _content(thing: Block | Page | Database) -> tuple[str, Json]:
    if isinstance(thing, Block):
        return thing.type, thing.content
    kind = "child_page" if isinstance(thing, Page) else "child_database"
    return kind, {"title": title_of(thing)}


def _made(
    asked: Asked, thing: Page | Block | Database | Source, *, people: bool = True
) -> dict[str, Json]:
    who = {"object": "user", "id": thing.author}
    by = {"created_by": who, "last_edited_by": who} if people else {}
    # The older version has the older name of it, too.
    old = {} if asked.newest else {"archived": thing.in_trash}
    times = {"created_time": stamp(thing.created), "last_edited_time": stamp(thing.edited)}
    return {**times, **by, **old, "in_trash": thing.in_trash}


def _place(hub: Hub, place: Place) -> Json:
    if place.type == "workspace":
        return {"type": "workspace", "workspace": True}
    named = {"type": place.type, place.type: place.id}
    source = hub.things.get(place.id)
    return {**named, "database_id": source.database} if isinstance(source, Source) else named


def _address(asked: Asked, name: str) -> str:
    return f"{asked.base}/www.notion.so/{name.replace('-', '')}"

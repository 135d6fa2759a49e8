"""Blocks: reading them, and adding more.

https://developers.notion.com/reference/patch-block-children
"""

from collections.abc import Mapping

from connector_vault.connector import Json, Reply

from .access import any_block, need
from .answers import missing, say, wrong
from .asked import Asked, Handler, is_list, is_object, uuid_of
from .hub import Hub, new_id
from .paging import listing
from .records import Block, Database, Page, Place
from .richtext import shown
from .shapes import inner_shape

__all__ = ["ROUTES", "put"]

_MOST = 100
"""Blocks in one list."""

_DEEPEST = 2
"""Levels of blocks inside of blocks."""

_TEXTS = ("rich_text", "caption")

_KNOWN = frozenset(
    {
        "bookmark",
        "bulleted_list_item",
        "callout",
        "code",
        "divider",
        "embed",
        "equation",
        "heading_1",
        "heading_2",
        "heading_3",
        "image",
        "numbered_list_item",
        "paragraph",
        "quote",
        "table_of_contents",
        "to_do",
        "toggle",
    }
)


def put(
    hub: Hub,
    asked: Asked,
    parent: Block | Page | Database,
    said: Json,
    at: int | None = None,
    depth: int = 0,
) -> list[Block]:
    """Make the blocks that were sent, in their order."""
    where = "body failed validation: body.children"
    if not is_list(said) or len(said) > _MOST:
        raise wrong(f"{where} should be an array of at most {_MOST}.")
    if said and depth > _DEEPEST:
        raise wrong(f"{where} is nested too deeply.")
    made: list[Block] = []
    for place, one in enumerate(said):
        block, inner = _block(asked, parent, one, f"body.children[{place}]")
        hub.add(block, None if at is None else at + place)
        put(hub, asked, block, inner, depth=depth + 1)
        made.append(block)
    return made


def _block(
    asked: Asked, parent: Block | Page | Database, said: Json, where: str
) -> tuple[Block, Json]:
    fields: dict[str, Json] = {**said} if is_object(said) else {}
    kinds = [name for name in fields if name not in ("object", "type")]
    kind = str(fields.get("type") or (kinds[0] if kinds else ""))
    content = fields.get(kind)
    if kind not in _KNOWN or kinds != [kind] or not is_object(content):
        raise wrong(f"body failed validation: {where} should be a block of a known type.")
    shape: dict[str, Json] = {"color": "default", **content}
    inner = shape.pop("children", [])
    for name in _TEXTS:
        if name in shape:
            shape[name] = shown(shape[name], f"{where}.{kind}.{name}")
    block = Block(
        id=new_id(),
        type=kind,
        content=shape,
        parent=_place(parent),
        author=asked.bot.id,
        created=asked.now,
        edited=asked.now,
    )
    return block, inner


def _place(parent: Block | Page | Database) -> Place:
    return Place(type="block_id" if isinstance(parent, Block) else "page_id", id=parent.id)


def _list(hub: Hub, asked: Asked) -> Reply:
    need(asked, "read_content")
    parent = any_block(hub, asked, asked.id())
    return say(
        listing(
            asked.query,
            "block",
            hub.inside(parent.id),
            lambda one: inner_shape(hub, asked, one),
            lambda one: one.id,
        )
    )


def _append(hub: Hub, asked: Asked) -> Reply:
    need(asked, "insert_content")
    body = asked.fields("children", "position" if asked.newest else "after")
    parent = any_block(hub, asked, asked.id())
    if parent.in_trash:
        raise wrong("Can't edit block that is in the trash. You must restore it first.")
    if not body.get("children"):
        raise wrong("body failed validation: body.children should be defined.")
    made = put(hub, asked, parent, body["children"], _position(hub, parent.id, body))
    parent.edited = asked.now
    shape = listing({}, "block", made, lambda one: inner_shape(hub, asked, one), lambda one: one.id)
    return say(shape)


def _position(hub: Hub, parent: str, body: Mapping[str, Json]) -> int | None:
    said = body.get("position")
    kind = said.get("type") if is_object(said) else None
    if "after" in body:
        return _behind(hub, parent, body["after"])
    match kind:
        case "start":
            return 0
        case "after_block":
            block = said.get("after_block") if is_object(said) else None
            return _behind(hub, parent, block.get("id") if is_object(block) else None)
        case "end":
            return None
        case _ if said is None:
            return None
        case _:
            raise wrong("body failed validation: body.position.type should be known.")


def _behind(hub: Hub, parent: str, said: Json) -> int:
    name = uuid_of(said, "body failed validation: body.position.after_block.id")
    inside = hub.below.get(parent, [])
    if name not in inside:
        raise missing("block", name)
    return inside.index(name) + 1


ROUTES: dict[str, Handler] = {
    "GET /v1/blocks/{}/children": _list,
    "PATCH /v1/blocks/{}/children": _append,
}

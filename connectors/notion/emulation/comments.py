"""What people and bots say about pages and blocks.

https://developers.notion.com/reference/create-a-comment
"""

from collections.abc import Mapping

from connector_vault.connector import Json, Reply

from .access import any_block, find, need
from .answers import missing, say, wrong
from .asked import Asked, Handler, is_object, uuid_of
from .hub import Hub, new_id
from .paging import listing
from .records import Comment, Page, Place
from .richtext import rich, shown
from .shapes import comment_shape

__all__ = ["ROUTES"]


def _list(hub: Hub, asked: Asked) -> Reply:
    need(asked, "read_comments")
    name = uuid_of(asked.query.get("block_id"), "query failed validation: query.block_id")
    any_block(hub, asked, name)
    said = [one for one in hub.comments if one.place.id == name]
    return say(listing(asked.query, "comment", said, comment_shape, lambda one: one.id))


def _create(hub: Hub, asked: Asked) -> Reply:
    need(asked, "insert_comments")
    body = asked.fields("parent", "discussion_id", "rich_text", "markdown", "display_name")
    if ("parent" in body) == ("discussion_id" in body):
        raise wrong("body failed validation: give parent or discussion_id.")
    place, discussion = _place(hub, asked, body)
    comment = Comment(
        id=new_id(),
        discussion=discussion,
        place=place,
        rich_text=tuple(_text(body)),
        author=asked.bot.id,
        shown=asked.app.name if asked.app else "",
        created=asked.now,
    )
    hub.comments.append(comment)
    if asked.can("read_comments"):
        return say(comment_shape(comment))
    return say({"object": "comment", "id": comment.id})


def _place(hub: Hub, asked: Asked, body: Mapping[str, Json]) -> tuple[Place, str]:
    if "discussion_id" in body:
        name = uuid_of(body["discussion_id"], "body.discussion_id")
        for one in hub.comments:
            if one.discussion == name:
                any_block(hub, asked, one.place.id)
                return one.place, name
        raise missing("discussion", name)
    parent = body["parent"]
    fields: dict[str, Json] = {**parent} if is_object(parent) else {}
    if "page_id" in fields:
        page = find(hub, asked, Page, uuid_of(fields["page_id"], "body.parent.page_id"))
        return Place(type="page_id", id=page.id), new_id()
    block = any_block(hub, asked, uuid_of(fields.get("block_id"), "body.parent.block_id"))
    return Place(type="block_id", id=block.id), new_id()


def _text(body: Mapping[str, Json]) -> list[Json]:
    if ("rich_text" in body) == ("markdown" in body):
        raise wrong("body failed validation: give rich_text or markdown.")
    if "rich_text" in body:
        return shown(body["rich_text"], "body.rich_text")
    said = body["markdown"]
    if not isinstance(said, str):
        raise wrong("body failed validation: body.markdown should be a string.")
    return rich(said)


ROUTES: dict[str, Handler] = {
    "GET /v1/comments": _list,
    "POST /v1/comments": _create,
}

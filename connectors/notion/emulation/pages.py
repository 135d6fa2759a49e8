"""Making, changing and moving pages.

https://developers.notion.com/reference/post-page
https://developers.notion.com/reference/patch-page
"""

from collections.abc import Mapping

from connector_vault.connector import Json, Reply

from . import markdown
from .access import find, named, need
from .answers import say, wrong
from .asked import Asked, Handler, is_object, uuid_of
from .blocks import put
from .hub import Hub, new_id
from .properties import TITLE, checked, titled
from .records import Page, Place, Source
from .shapes import page_shape, title_of

__all__ = ["ROUTES"]

_CONTENT = ("children", "markdown", "template")


def _get(hub: Hub, asked: Asked) -> Reply:
    need(asked, "read_content")
    return say(page_shape(hub, asked, named(hub, asked, Page)))


def _create(hub: Hub, asked: Asked) -> Reply:
    need(asked, "insert_content")
    body = asked.fields("parent", "properties", "icon", "cover", "position", *_CONTENT)
    if sum(name in body for name in _CONTENT) > 1:
        raise wrong("body failed validation: children, markdown and template exclude each other.")
    place = _parent(hub, asked, body.get("parent"))
    properties = checked(body.get("properties") or {}, _columns(hub, place))
    lines = markdown.read(_text(body.get("markdown")))
    if not _has_title(properties) and lines and lines[0].kind == "heading_1":
        name = _title_name(hub, place)
        properties |= checked(
            {name: {"title": [{"text": {"content": lines.pop(0).text}}]}}, _columns(hub, place)
        )
    page = Page(
        id=new_id(),
        parent=place,
        properties=properties
        if isinstance(hub.things.get(place.id), Source)
        else {**titled(""), **properties},
        author=asked.bot.id,
        created=asked.now,
        edited=asked.now,
        icon=body.get("icon"),
        cover=body.get("cover"),
    )
    _number(hub, page)
    hub.add(page)
    if place.type == "workspace":
        asked.bot.shared.add(page.id)
    put(hub, asked, page, body.get("children") or [])
    markdown.write(hub, asked, page, lines)
    return say(page_shape(hub, asked, page))


def _update(hub: Hub, asked: Asked) -> Reply:
    need(asked, "update_content")
    old = () if asked.newest else ("archived",)
    known = ("properties", "icon", "cover", "in_trash", "is_locked", *old)
    body = asked.fields(*known)
    page = named(hub, asked, Page)
    trashed = body.get("in_trash", body.get("archived"))
    if page.in_trash and trashed is not False:
        raise wrong("Can't edit a page that is in the trash. You must restore it first.")
    page.properties |= checked(body.get("properties") or {}, _columns(hub, page.parent))
    for name in ("icon", "cover"):
        setattr(page, name, body.get(name, getattr(page, name)))
    page.is_locked = _flag(body, "is_locked", page.is_locked)
    page.in_trash = page.in_trash if trashed is None else bool(trashed)
    page.edited = asked.now
    return say(page_shape(hub, asked, page))


def _move(hub: Hub, asked: Asked) -> Reply:
    need(asked, "update_content")
    body = asked.fields("parent")
    page = named(hub, asked, Page)
    place = _parent(hub, asked, body.get("parent"))
    if place.type == "workspace" or place.id == page.id:
        raise wrong("body failed validation: body.parent should be another page or data source.")
    if place != page.parent:
        title = title_of(page)
        hub.move(page, place)
        page.properties = {} if isinstance(hub.things[place.id], Source) else titled("")
        name = _title_name(hub, place)
        said = {name: {"title": [{"text": {"content": title}}]}}
        page.properties |= checked(said, _columns(hub, place))
        page.edited = asked.now
        _number(hub, page)
    return say(page_shape(hub, asked, page))


def _parent(hub: Hub, asked: Asked, said: Json) -> Place:
    if not is_object(said):
        raise wrong("body failed validation: body.parent should be defined.")
    if said.get("workspace") is True:
        return Place(type="workspace", id=hub.person(asked.bot).workspace.id)
    if "page_id" in said:
        name = uuid_of(said["page_id"], "body.parent.page_id")
        return Place(type="page_id", id=find(hub, asked, Page, name).id)
    if "data_source_id" in said:
        name = uuid_of(said["data_source_id"], "body.parent.data_source_id")
        return Place(type="data_source_id", id=find(hub, asked, Source, name).id)
    raise wrong("body failed validation: body.parent should name a page or a data source.")


def _columns(hub: Hub, place: Place) -> Mapping[str, Mapping[str, Json]]:
    source = hub.things.get(place.id)
    return source.columns if isinstance(source, Source) else TITLE


def _title_name(hub: Hub, place: Place) -> str:
    columns = _columns(hub, place)
    return next(name for name, column in columns.items() if column["type"] == "title")


def _has_title(properties: Mapping[str, Json]) -> bool:
    return any(one["type"] == "title" for one in properties.values())


def _number(hub: Hub, page: Page) -> None:
    source = hub.things.get(page.parent.id)
    if isinstance(source, Source):
        source.rows += 1
        page.number = source.rows


def _text(said: Json) -> str:
    if said is not None and not isinstance(said, str):
        raise wrong("body failed validation: body.markdown should be a string.")
    return said or ""


def _flag(body: Mapping[str, Json], name: str, default: bool) -> bool:
    said = body.get(name, default)
    if not isinstance(said, bool):
        raise wrong(f"body failed validation: body.{name} should be a boolean.")
    return said


ROUTES: dict[str, Handler] = {
    "GET /v1/pages/{}": _get,
    "POST /v1/pages": _create,
    "PATCH /v1/pages/{}": _update,
    "POST /v1/pages/{}/move": _move,
}

"""Pages: their properties, and where they lie.

https://developers.notion.com/reference/page
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from connector_vault.connector import Api, BadArguments, Json

from .drafts import Drafts, written
from .parameters import DataSourceId, Id, PageId, Url, change, given, one_of
from .parents import Parent, parent_of
from .properties import Property, title_of, told
from .texts import Text, rich
from .values import Values, sent

__all__ = [
    "Page",
    "RawPage",
    "create_page",
    "move_page",
    "page_of",
    "retrieve_page",
    "trash_page",
    "update_page",
]

_PAGES = "/v1/pages"
_PAGE = "/v1/pages/{}"

_EMOJI = Annotated[str | None, Field(max_length=16, description="One emoji.")]
_COVER = Annotated[Url | None, Field(description="Address of an image that anybody can see.")]
_MARKDOWN = Annotated[str | None, Field(max_length=500_000, description="Notion's Markdown.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page, or a row of a data source, without what stands on it."""

    id: str
    title: str = ""
    url: str | None = None
    parent: Parent | None = None
    properties: dict[str, Property] = field(default_factory=dict[str, Property])
    in_trash: bool = False
    is_locked: bool = False
    created_time: str | None = None
    last_edited_time: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawPage:
    """A page as Notion shows it. Only its id, if the connection may not read content."""

    id: str
    url: str | None = None
    parent: Mapping[str, Json] | None = None
    properties: Mapping[str, Mapping[str, Json]] = field(
        default_factory=dict[str, Mapping[str, Json]]
    )
    in_trash: bool = False
    is_locked: bool = False
    created_time: str | None = None
    last_edited_time: str | None = None


def page_of(raw: RawPage, only: Sequence[str] | None = None) -> Page:
    """Read a page, with all its properties or only those of these names."""
    properties = told(raw.properties)
    kept = {name: one for name, one in properties.items() if only is None or name in only}
    return Page(
        id=raw.id,
        title=title_of(properties),
        url=raw.url,
        parent=parent_of(raw.parent),
        properties=kept,
        in_trash=raw.in_trash,
        is_locked=raw.is_locked,
        created_time=raw.created_time,
        last_edited_time=raw.last_edited_time,
    )


async def retrieve_page(
    api: Api,
    page_id: PageId,
    properties: Annotated[
        Sequence[str] | None, Field(description="Only these, by name. Default: all.")
    ] = None,
) -> Page:
    """Read a page's title, properties and place.

    Relations show 25 pages at most. Does not read what stands on the page: get_page_markdown does.
    Refused with object_not_found also if the page is not shared with this connection.
    """
    return page_of(await api.get(RawPage, _PAGE, page_id), properties)


async def create_page(
    api: Api,
    parent_page_id: Annotated[Id | None, Field(description="Below this page.")] = None,
    data_source_id: Annotated[Id | None, Field(description="As a row of this data source.")] = None,
    workspace: Annotated[
        Literal[True] | None, Field(description="As a private page of the person, below nothing.")
    ] = None,
    title: Annotated[Text | None, Field(description="Default: Markdown's first # heading.")] = None,
    properties: Values | None = None,
    markdown: _MARKDOWN = None,
    blocks: Drafts | None = None,
    template: Annotated[
        Literal["default"] | None, Field(description="Begin with the data source's template.")
    ] = None,
    emoji: _EMOJI = None,
    cover_url: _COVER = None,
) -> Page:
    """Make a page below a page, as a row of a data source, or in the workspace: name one of them.

    Content is Markdown or blocks, not both, and neither with a template, which Notion fills in
    later. Returns the page with its id and url. Twice called, it makes two.
    """
    one_of(parent_page_id=parent_page_id, data_source_id=data_source_id, workspace=workspace)
    if len(given(markdown=markdown, blocks=blocks, template=template)) > 1:
        raise BadArguments("give at most one of markdown, blocks, template")
    new = given(
        parent=given(page_id=parent_page_id, data_source_id=data_source_id, workspace=workspace),
        properties=_properties(title, properties),
        markdown=markdown,
        children=written(blocks) if blocks else None,
        template={"type": template} if template else None,
        **_looks(emoji, cover_url),
    )
    return page_of(await change(api, RawPage, "POST", _PAGES, json=new))


async def update_page(
    api: Api,
    page_id: PageId,
    title: Text | None = None,
    properties: Values | None = None,
    emoji: _EMOJI = None,
    cover_url: _COVER = None,
    is_locked: Annotated[bool | None, Field(description="Whether people may edit it.")] = None,
    restore: Annotated[Literal[True] | None, Field(description="Take it out of the trash.")] = None,
) -> Page:
    """Change a page's title, properties, looks or lock: only what is given, the rest stays.

    Returns it as it is now. Will not change what stands on it (update_page_markdown), its place
    (move_page) or put it into the trash (trash_page).
    """
    changed = given(
        properties=_properties(title, properties) or None,
        is_locked=is_locked,
        in_trash=False if restore else None,
        **_looks(emoji, cover_url),
    )
    if not changed:
        raise BadArguments("nothing to change: give at least one of title, properties, emoji, …")
    return page_of(await change(api, RawPage, "PATCH", _PAGE, page_id, json=changed))


async def move_page(
    api: Api,
    page_id: PageId,
    parent_page_id: Annotated[Id | None, Field(description="Below this page.")] = None,
    data_source_id: DataSourceId | None = None,
) -> Page:
    """Move a page below another page, or make it a row of a data source: name one of them.

    Returns it as it is now. Moving it where it lies changes nothing. Will not move databases, nor
    pages to the top of the workspace.
    """
    kind = one_of(page_id=parent_page_id, data_source_id=data_source_id)
    parent = {"type": kind, **given(page_id=parent_page_id, data_source_id=data_source_id)}
    moved = await change(
        api, RawPage, "POST", "/v1/pages/{}/move", page_id, json={"parent": parent}
    )
    return page_of(moved)


async def trash_page(api: Api, page_id: PageId) -> Page:
    """Put a page, with all that lies below it, into the trash.

    Returns it as it is now. Trashing it again changes nothing. update_page with restore takes it
    out, until Notion empties the trash. Will not delete it for good.
    """
    trashed = await change(api, RawPage, "PATCH", _PAGE, page_id, json={"in_trash": True})
    return page_of(trashed)


def _properties(title: str | None, properties: Values | None) -> dict[str, Json]:
    values = sent(properties or {})
    # Every page has one property whose id is `title`, whatever its name.
    return values if title is None else {**values, "title": {"title": rich(title)}}


def _looks(emoji: str | None, cover_url: str | None) -> dict[str, Json]:
    return given(
        icon={"emoji": emoji} if emoji else None,
        cover={"external": {"url": cover_url}} if cover_url else None,
    )

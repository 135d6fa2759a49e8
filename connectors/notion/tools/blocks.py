"""What stands on a page, block by block.

https://developers.notion.com/reference/get-block-children
https://developers.notion.com/reference/patch-block-children
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from connector_vault.connector import Api, BadArguments, Json, read

from .drafts import Drafts, written
from .parameters import BlockId, Cursor, Id, PageSize, change
from .texts import Piece, plain

__all__ = ["Block", "Blocks", "append_blocks", "get_block_children"]

_CHILDREN = "/v1/blocks/{}/children"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block, or a page or database inside of another (child_page, child_database)."""

    id: str
    type: str
    text: str = ""
    """Without formatting. Of a child_page its title, of a table_row its cells, between bars."""
    url: str | None = None
    """Where an image, file or link lies. Notion's own files: for an hour."""
    checked: bool | None = None
    """Of a to_do."""
    language: str | None = None
    """Of code."""
    has_children: bool = False
    """Ask for its own children then."""
    last_edited_time: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """A page of blocks. `next_cursor` is null on the last."""

    blocks: tuple[Block, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Raw:
    id: str
    type: str = "unknown"
    has_children: bool = False
    last_edited_time: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    rich_text: tuple[Piece, ...] = ()
    caption: tuple[Piece, ...] = ()
    cells: tuple[tuple[Piece, ...], ...] = ()
    title: str = ""
    expression: str = ""
    url: str | None = None
    external: _Place | None = None
    file: _Place | None = None
    checked: bool | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listing:
    results: tuple[Mapping[str, Json], ...]
    next_cursor: str | None = None


async def get_block_children(
    api: Api, block_id: BlockId, start_cursor: Cursor = None, page_size: PageSize = 100
) -> Blocks:
    """List the blocks directly below a page or block, in their order.

    Returns one level with ids: ask again for those with has_children. To read a whole page,
    get_page_markdown costs one call. Does not read what child pages and databases hold.
    """
    found = await api.get(
        _Listing, _CHILDREN, block_id, start_cursor=start_cursor, page_size=page_size
    )
    return _blocks(found)


async def append_blocks(
    api: Api,
    block_id: BlockId,
    blocks: Drafts,
    after: Annotated[
        Id | None, Field(description="Behind this block, one of its children.")
    ] = None,
    position: Annotated[
        Literal["start", "end"] | None, Field(description="Default: at the end.")
    ] = None,
) -> Blocks:
    """Add up to 100 blocks below a page or block, at its end if no place is named.

    Returns the new blocks with their ids. Twice called, they are there twice. Text is plain:
    update_page_markdown writes formatting. Will not move or change what is there.
    """
    if after and position:
        raise BadArguments("give after or position, not both")
    body: dict[str, Json] = {"children": written(blocks)}
    if after:
        body["position"] = {"type": "after_block", "after_block": {"id": after}}
    elif position:
        body["position"] = {"type": position}
    made = await change(api, _Listing, "PATCH", _CHILDREN, block_id, json=body)
    return _blocks(made)


def _blocks(found: _Listing) -> Blocks:
    return Blocks(blocks=tuple(map(_block, found.results)), next_cursor=found.next_cursor)


def _block(said: Mapping[str, Json]) -> Block:
    raw = read(_Raw, dict(said))
    content = read(_Content, said.get(raw.type) or {})
    place = content.external or content.file
    return Block(
        id=raw.id,
        type=raw.type,
        text=_text(content),
        url=content.url or (place.url if place else None),
        checked=content.checked,
        language=content.language,
        has_children=raw.has_children,
        last_edited_time=raw.last_edited_time,
    )


def _text(content: _Content) -> str:
    cells = " | ".join(map(plain, content.cells))
    own = plain(content.rich_text) or content.title or content.expression
    return own or plain(content.caption) or cells

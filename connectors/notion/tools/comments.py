"""What is said about pages and blocks.

https://developers.notion.com/reference/comment-object
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from connector_vault.connector import Api, Json

from .parameters import BlockId, Cursor, Id, PageSize, change, given, one_of
from .parents import Parent, parent_of
from .texts import Piece, Text, plain, rich

__all__ = ["Comment", "Comments", "create_comment", "list_comments"]

_COMMENTS = "/v1/comments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment. Those of one discussion share its `discussion_id`."""

    id: str
    discussion_id: str | None = None
    parent: Parent | None = None
    text: str = ""
    created_by: str | None = None
    """A user's id."""
    author: str | None = None
    """The name that is shown."""
    created_time: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comments:
    """A page of comments, the oldest first. `next_cursor` is null on the last."""

    comments: tuple[Comment, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _User:
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    resolved_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Raw:
    id: str
    discussion_id: str | None = None
    parent: Mapping[str, Json] | None = None
    rich_text: tuple[Piece, ...] = ()
    created_by: _User | None = None
    display_name: _Shown | None = None
    created_time: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listing:
    results: tuple[_Raw, ...]
    next_cursor: str | None = None


async def list_comments(
    api: Api, block_id: BlockId, start_cursor: Cursor = None, page_size: PageSize = 100
) -> Comments:
    """List the open comments on a page or on one of its blocks.

    A page's do not include those of its blocks. Resolved discussions are not shown. Refused with
    restricted_resource if the connection may not read comments.
    """
    found = await api.get(
        _Listing, _COMMENTS, block_id=block_id, start_cursor=start_cursor, page_size=page_size
    )
    shown = tuple(map(_comment, found.results))
    return Comments(comments=shown, next_cursor=found.next_cursor)


async def create_comment(
    api: Api,
    page_id: Annotated[Id | None, Field(description="Begin a discussion of a page.")] = None,
    block_id: Annotated[Id | None, Field(description="Begin a discussion of a block.")] = None,
    discussion_id: Annotated[Id | None, Field(description="Answer in a discussion.")] = None,
    text: Annotated[Text | None, Field(description="Plain.")] = None,
    markdown: Annotated[
        str | None, Field(max_length=20_000, description="With formatting.")
    ] = None,
) -> Comment:
    """Comment on a page or block, or answer in a discussion: name one of the three.

    It is text or markdown, not both. Those who follow the page are told. Twice called, it is said
    twice. Refused with restricted_resource if the connection may not write comments.
    """
    place = one_of(page_id=page_id, block_id=block_id, discussion_id=discussion_id)
    one_of(text=text, markdown=markdown)
    said = given(rich_text=None if text is None else rich(text), markdown=markdown)
    where = given(page_id=page_id, block_id=block_id, discussion_id=discussion_id)
    new = {**said, **(where if place == "discussion_id" else {"parent": where})}
    return _comment(await change(api, _Raw, "POST", _COMMENTS, json=new))


def _comment(raw: _Raw) -> Comment:
    return Comment(
        id=raw.id,
        discussion_id=raw.discussion_id,
        parent=parent_of(raw.parent),
        text=plain(raw.rich_text),
        created_by=raw.created_by.id if raw.created_by else None,
        author=raw.display_name.resolved_name if raw.display_name else None,
        created_time=raw.created_time,
    )

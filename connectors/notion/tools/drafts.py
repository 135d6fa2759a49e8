"""Blocks that are to be made.

https://developers.notion.com/reference/block
"""

from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from connector_vault.connector import BadArguments, Json

from .parameters import Url, given
from .texts import Text, rich

__all__ = ["Draft", "Drafts", "written"]

Kind: TypeAlias = Literal[
    "paragraph",
    "heading_1",
    "heading_2",
    "heading_3",
    "bulleted_list_item",
    "numbered_list_item",
    "to_do",
    "toggle",
    "quote",
    "callout",
    "code",
    "equation",
    "divider",
    "bookmark",
    "embed",
    "image",
]

_LINKING = frozenset({"bookmark", "embed", "image"})
_NESTING = frozenset(
    {
        "bulleted_list_item",
        "callout",
        "numbered_list_item",
        "paragraph",
        "quote",
        "to_do",
        "toggle",
    }
)
"""Blocks that may hold others."""

_MOST = 1000
"""Blocks in a request, those inside of others too.

https://developers.notion.com/reference/request-limits#size-limits
"""


class _Leaf(BaseModel):
    """A block to be made, inside of another."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Kind
    text: Annotated[
        Text,
        Field(description="Plain. Of an equation: LaTeX. Of an image or bookmark: its caption."),
    ] = ""
    url: Annotated[
        Url | None, Field(description="Of an image, embed or bookmark, and only of those.")
    ] = None
    checked: Annotated[bool, Field(description="Of a to_do.")] = False
    language: Annotated[str, Field(max_length=40, description="Of code: python.")] = "plain text"
    emoji: Annotated[str | None, Field(max_length=16, description="Of a callout.")] = None


class _Branch(_Leaf):
    """A block to be made, inside of another, that may hold others."""

    children: Annotated[tuple[_Leaf, ...], Field(max_length=100)] = ()


class Draft(_Leaf):
    """A block to be made."""

    children: Annotated[
        tuple[_Branch, ...],
        Field(max_length=100, description="Of a paragraph, list item, to_do, toggle or quote."),
    ] = ()


Drafts: TypeAlias = Annotated[tuple[Draft, ...], Field(min_length=1, max_length=100)]


def written(drafts: Sequence[Draft]) -> list[Json]:
    """Write blocks as Notion takes them.

    Raises:
        BadArguments: a block has what its type does not take, or they are too many.
    """
    if sum(map(_count, drafts)) > _MOST:
        raise BadArguments(f"blocks: at most {_MOST} at once, those inside of others too")
    return [_block(draft) for draft in drafts]


def _children(draft: _Leaf) -> Sequence[_Leaf]:
    return draft.children if isinstance(draft, Draft | _Branch) else ()


def _count(draft: _Leaf) -> int:
    return 1 + sum(map(_count, _children(draft)))


def _block(draft: _Leaf) -> Json:
    content = _content(draft)
    if (draft.url is not None) != (draft.type in _LINKING):
        takes = "takes no url" if draft.url else "needs a url"
        raise BadArguments(f"a block of type {draft.type} {takes}")
    children = _children(draft)
    if children and draft.type not in _NESTING:
        raise BadArguments(f"a block of type {draft.type} holds no others")
    if children:
        content["children"] = [_block(child) for child in children]
    return {"type": draft.type, draft.type: content}


def _content(draft: _Leaf) -> dict[str, Json]:
    text = rich(draft.text)
    content: dict[str, Json] = {"rich_text": text}
    match draft.type:
        case "divider":
            content = {}
        case "equation":
            content = {"expression": draft.text}
        case "bookmark":
            content = {"url": draft.url, "caption": text}
        case "embed":
            content = {"url": draft.url}
        case "image":
            content = {"external": {"url": draft.url}, "caption": text}
        case "to_do":
            content["checked"] = draft.checked
        case "code":
            content["language"] = draft.language
        case "callout":
            content |= given(icon=_emoji(draft.emoji))
        case _:
            pass
    return content


def _emoji(said: str | None) -> Json:
    return {"emoji": said} if said else None

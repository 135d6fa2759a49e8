"""What stands on a page, as Markdown.

https://developers.notion.com/guides/data-apis/working-with-markdown-content
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from connector_vault.connector import Api, BadArguments, Json

from .parameters import PageId, change, given, one_of

__all__ = ["Markdown", "Replacement", "get_page_markdown", "update_page_markdown"]

_MARKDOWN = "/v1/pages/{}/markdown"

_CONTENT = Annotated[str | None, Field(max_length=500_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Markdown:
    """All that stands on a page, in Notion's Markdown.

    `truncated`: the page is too long, or holds what is not shared with this connection. Blocks that
    were left out are in `unknown_block_ids`; each can be asked for like a page.
    """

    id: str
    markdown: str
    truncated: bool = False
    unknown_block_ids: tuple[str, ...] = ()


class Replacement(BaseModel):
    """A stretch of Markdown to be replaced."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    old: Annotated[
        str, Field(min_length=1, description="As get_page_markdown gives it, case and all.")
    ]
    new: str
    everywhere: Annotated[
        bool, Field(description="Wherever it stands; else it may stand once.")
    ] = False


async def get_page_markdown(
    api: Api,
    page_id: PageId,
    include_transcript: Annotated[bool, Field(description="Of meeting notes.")] = False,
) -> Markdown:
    """Read all that stands on a page, as Markdown, in one call.

    Child pages and databases stand there as links. Addresses of files end after a while.
    """
    return await api.get(
        Markdown, _MARKDOWN, page_id, include_transcript=include_transcript or None
    )


async def update_page_markdown(
    api: Api,
    page_id: PageId,
    replace_all: Annotated[_CONTENT, Field(description="What the whole page shall say.")] = None,
    replacements: Annotated[
        tuple[Replacement, ...] | None, Field(min_length=1, max_length=100)
    ] = None,
    insert: _CONTENT = None,
    position: Annotated[
        Literal["start", "end"] | None, Field(description="Of `insert`. Default: at the end.")
    ] = None,
) -> Markdown:
    """Write on a page: replace all of it, replace stretches, or insert. Give one of the three.

    Returns the whole page as it is now. What is replaced comes back only from the page's history,
    by hand. Refused if a child page or database would go with it, or if `old` does not fit once.
    """
    kind = one_of(replace_all=replace_all, replacements=replacements, insert=insert)
    if position and insert is None:
        raise BadArguments("position goes with insert")
    if kind == "replace_all":
        body = _command("replace_content", new_str=replace_all)
    elif kind == "insert":
        where = {"type": position} if position else None
        body = _command("insert_content", content=insert, position=where)
    else:
        updates = [_update(one) for one in replacements or ()]
        body = _command("update_content", content_updates=updates)
    return await change(api, Markdown, "PATCH", _MARKDOWN, page_id, json=body)


def _command(kind: str, **what: Json) -> Json:
    return {"type": kind, kind: given(**what)}


def _update(one: Replacement) -> Json:
    everywhere = one.everywhere or None
    return given(old_str=one.old, new_str=one.new, replace_all_matches=everywhere)

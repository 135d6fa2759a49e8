"""Notion's Markdown, for the blocks that it says most with.

https://developers.notion.com/guides/data-apis/enhanced-markdown
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connector_vault.connector import Json

from .asked import Asked
from .hub import Hub, new_id
from .records import Block, Database, Page, Place
from .richtext import plain, rich
from .shapes import title_of

__all__ = ["Line", "links", "read", "render", "write"]

_MARKS = (
    ("heading_3", "### "),
    ("heading_2", "## "),
    ("heading_1", "# "),
    ("done", "- [x] "),
    ("to_do", "- [ ] "),
    ("bulleted_list_item", "- "),
    ("numbered_list_item", "1. "),
    ("quote", "> "),
)
_FENCE = "```"
_LINK = re.compile(r'<(page|database) url="[^"]*/([0-9a-f]{32})">.*</(?:page|database)>')
_IMAGE = re.compile(r"!\[(.*)\]\((.*)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A block, as Markdown says it."""

    kind: str
    text: str = ""
    detail: str = ""
    """The language of code, the address of an image, the id of a page."""
    level: int = 0


def read(text: str) -> list[Line]:
    """Read Markdown. Empty lines part blocks and are none themselves."""
    lines = iter(text.split("\n"))
    return [_line(line, lines) for line in lines if line.strip()]


def render(hub: Hub, asked: Asked, page: Page | Block | Database) -> tuple[str, list[str]]:
    """Write what stands on a page, and the ids of what cannot be written."""
    unknown: list[str] = []
    text = "\n".join(_rendered(hub, asked, page.id, 0, unknown))
    return text, unknown


def write(hub: Hub, asked: Asked, page: Page, lines: Sequence[Line], at: int | None = None) -> None:
    """Put lines on a page as blocks, last or at a place. Lines that link to a page are left out."""
    parents: list[Page | Block] = [page]
    for line in lines:
        if line.kind in ("page", "database"):
            continue
        del parents[line.level + 1 :]
        parent = parents[-1]
        kind = "block_id" if isinstance(parent, Block) else "page_id"
        block = _block(asked, line, Place(type=kind, id=parent.id))
        top = parent is page and at is not None
        hub.add(block, at if top else None)
        at = at + 1 if top and at is not None else at
        parents.append(block)


def links(lines: Iterable[Line]) -> list[str]:
    """Give the ids of the pages and databases that lines link to, in their order."""
    return [line.detail for line in lines if line.kind in ("page", "database")]


def _line(line: str, rest: Iterator[str]) -> Line:
    said = line.lstrip("\t")
    level = len(line) - len(said)
    if said.startswith(_FENCE):
        inside: list[str] = []
        for following in rest:
            if following.strip() == _FENCE:
                break
            inside.append(following)
        return Line(kind="code", text="\n".join(inside), detail=said[3:], level=level)
    if link := _LINK.fullmatch(said):
        plain_id = link[2]
        cuts = (plain_id[:8], plain_id[8:12], plain_id[12:16], plain_id[16:20], plain_id[20:])
        return Line(kind=link[1], detail="-".join(cuts), level=level)
    if image := _IMAGE.fullmatch(said):
        return Line(kind="image", text=image[1], detail=image[2], level=level)
    if said.strip() == "---":
        return Line(kind="divider", level=level)
    for kind, mark in _MARKS:
        if said.startswith(mark):
            return Line(kind=kind, text=said.removeprefix(mark), level=level)
    return Line(kind="paragraph", text=said, level=level)


def _block(asked: Asked, line: Line, place: Place) -> Block:
    kind = "to_do" if line.kind == "done" else line.kind
    content: dict[str, Json] = {"rich_text": rich(line.text), "color": "default"}
    match line.kind:
        case "code":
            content["language"] = line.detail or "plain text"
        case "done" | "to_do":
            content["checked"] = line.kind == "done"
        case "divider":
            content = {}
        case "image":
            place_of = {"type": "external", "external": {"url": line.detail}}
            content = {**place_of, "caption": rich(line.text)}
        case _:
            pass
    return Block(
        id=new_id(),
        type=kind,
        content=content,
        parent=place,
        author=asked.bot.id,
        created=asked.now,
        edited=asked.now,
    )


def _rendered(hub: Hub, asked: Asked, name: str, level: int, unknown: list[str]) -> Iterator[str]:
    for one in hub.inside(name):
        yield "\t" * level + _said(asked, one, unknown)
        if isinstance(one, Block):
            yield from _rendered(hub, asked, one.id, level + 1, unknown)


def _said(asked: Asked, one: Block | Page | Database, unknown: list[str]) -> str:
    address = f"{asked.base}/www.notion.so/{one.id.replace('-', '')}"
    if not isinstance(one, Block):
        kind = "page" if isinstance(one, Page) else "database"
        return f'<{kind} url="{address}">{title_of(one)}</{kind}>'
    text = plain(one.content.get("rich_text"))
    if one.type in _UNSAID:
        unknown.append(one.id)
        return f'<unknown url="{address}" alt="{one.type}"/>'
    if one.type in _SAID:
        return _SAID[one.type](one.content, text)
    done = one.type == "to_do" and one.content.get("checked")
    return dict(_MARKS).get("done" if done else one.type, "") + text


_UNSAID = ("bookmark", "embed", "table_of_contents")
"""Blocks that Markdown does not say: they are fetched as blocks."""

_SAID: dict[str, Callable[[Mapping[str, Json], str], str]] = {
    "code": lambda said, text: f"{_FENCE}{said.get('language', '')}\n{text}\n{_FENCE}",
    "divider": lambda _, __: "---",
    "equation": lambda said, _: f"$$ {said['expression']} $$",
    "image": lambda said, _: f"![{plain(said.get('caption'))}]({said['external']['url']})",
}

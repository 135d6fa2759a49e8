"""What stands on a page, as Markdown: read, and written over.

https://developers.notion.com/guides/data-apis/working-with-markdown-content
"""

from collections.abc import Mapping, Sequence

from connector_vault.connector import Json, Reply

from . import markdown
from .access import any_block, named, need
from .answers import say, wrong
from .asked import Asked, Handler, is_list, is_object
from .hub import Hub
from .records import Block, Database, Page

__all__ = ["ROUTES"]

_MOST = 100
"""Replacements at once."""

_KINDS = ("insert_content", "replace_content", "replace_content_range", "update_content")


def _get(hub: Hub, asked: Asked) -> Reply:
    _check_version(asked)
    need(asked, "read_content")
    return _shown(hub, asked, any_block(hub, asked, asked.id()))


def _patch(hub: Hub, asked: Asked) -> Reply:
    _check_version(asked)
    need(asked, "update_content")
    body = asked.fields("type", *_KINDS)
    page = named(hub, asked, Page)
    kind = body.get("type")
    said = body.get(str(kind))
    if kind not in _KINDS or not is_object(said):
        raise wrong("body failed validation: body.type should name one of the commands.")
    if kind == "insert_content":
        _insert(hub, asked, page, said)
    else:
        before, _ = markdown.render(hub, asked, page)
        after = _replaced(str(kind), before, said)
        _replace(hub, asked, page, after, allowed=said.get("allow_deleting_content") is True)
    page.edited = asked.now
    return _shown(hub, asked, page)


def _check_version(asked: Asked) -> None:
    # Unlike all else, Markdown is not there for those who ask as of an older version.
    if not asked.newest:
        raise wrong("Notion-Version header should be `2026-03-11` or later for this endpoint.")


def _shown(hub: Hub, asked: Asked, page: Page | Block | Database) -> Reply:
    text, unknown = markdown.render(hub, asked, page)
    found = {"object": "page_markdown", "id": page.id, "markdown": text}
    return say({**found, "truncated": bool(unknown), "unknown_block_ids": unknown})


def _insert(hub: Hub, asked: Asked, page: Page, said: Mapping[str, Json]) -> None:
    lines = markdown.read(_text(said, "content"))
    position, after = said.get("position"), said.get("after")
    if position is not None and after is not None:
        raise wrong("body failed validation: after and position exclude each other.")
    if isinstance(after, str):
        before, _ = markdown.render(hub, asked, page)
        span = _selected(before, after)
        whole = f"{before[: span.stop]}\n{_text(said, 'content')}{before[span.stop :]}"
        _replace(hub, asked, page, whole, allowed=False)
        return
    first = is_object(position) and position.get("type") == "start"
    markdown.write(hub, asked, page, lines, 0 if first else None)


def _replaced(kind: str, before: str, said: Mapping[str, Json]) -> str:
    if kind == "replace_content":
        return _text(said, "new_str")
    if kind == "replace_content_range":
        span = _selected(before, _text(said, "content_range"))
        return before[: span.start] + _text(said, "content") + before[span.stop :]
    updates = said.get("content_updates")
    if not is_list(updates) or not 0 < len(updates) <= _MOST:
        raise wrong(f"body failed validation: content_updates should be 1 to {_MOST}.")
    for one in updates:
        before = _updated(before, one)
    return before


def _updated(text: str, said: Json) -> str:
    if not is_object(said):
        raise wrong("body failed validation: content_updates should hold objects.")
    old, new = _text(said, "old_str"), _text(said, "new_str")
    count = text.count(old) if old else 0
    if count == 0:
        raise wrong("old_str was not found in the page.")
    if count > 1 and said.get("replace_all_matches") is not True:
        raise wrong("old_str matches several places. Set replace_all_matches to replace all.")
    return text.replace(old, new)


def _replace(hub: Hub, asked: Asked, page: Page, text: str, *, allowed: bool) -> None:
    lines = markdown.read(text)
    kept = markdown.links(lines)
    inside = hub.inside(page.id)
    lost = [one for one in inside if not isinstance(one, Block) and one.id not in kept]
    if lost and not allowed:
        words = ", ".join(one.id for one in lost)
        raise wrong(f"This would delete child pages or databases: {words}")
    for one in inside:
        if isinstance(one, Block):
            hub.drop(one.id)
    for one in lost:
        one.in_trash = True
    _relay(hub, asked, page, lines)


def _relay(hub: Hub, asked: Asked, page: Page, lines: Sequence[markdown.Line]) -> None:
    """Put lines on a page from which all blocks were taken, around the pages that stay."""
    first = 0
    for place, line in enumerate(lines):
        if line.kind in ("page", "database") and line.detail in hub.below[page.id]:
            markdown.write(hub, asked, page, lines[first:place])
            hub.below[page.id].remove(line.detail)
            hub.below[page.id].append(line.detail)
            first = place + 1
    markdown.write(hub, asked, page, lines[first:])


def _selected(text: str, selection: str) -> range:
    begin, _, end = selection.partition("...")
    at = text.find(begin)
    until = text.find(end, at + len(begin)) if at >= 0 else -1
    if until < 0:
        raise wrong("The selection does not match any content in the page.")
    return range(at, until + len(end))


def _text(said: Mapping[str, Json], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str):
        raise wrong(f"body failed validation: {name} should be a string.")
    return value


ROUTES: dict[str, Handler] = {
    "GET /v1/pages/{}/markdown": _get,
    "PATCH /v1/pages/{}/markdown": _patch,
}

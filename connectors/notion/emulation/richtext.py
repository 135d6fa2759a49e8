"""Rich text: what was sent, as it is shown.

https://developers.notion.com/reference/rich-text
"""

from connector_vault.connector import Json

from .answers import wrong
from .asked import is_list, is_object

__all__ = ["plain", "rich", "shown"]

_LONGEST = 2000
"""Characters of one piece."""

_MOST = 100
"""Pieces."""

_PLAIN = {
    "bold": False,
    "italic": False,
    "strikethrough": False,
    "underline": False,
    "code": False,
    "color": "default",
}


def shown(said: Json, where: str) -> list[Json]:
    """Check rich text that was sent, and give it as it is shown."""
    if not is_list(said):
        raise wrong(f"body failed validation: {where} should be an array.")
    if len(said) > _MOST:
        raise wrong(f"body failed validation: {where}.length should be ≤ `{_MOST}`.")
    return [_piece(one, f"{where}[{place}]") for place, one in enumerate(said)]


def rich(text: str) -> list[Json]:
    """Give plain text as it is shown."""
    return [_shape(text, None, {})] if text else []


def plain(pieces: Json) -> str:
    """Give the text without its formatting."""
    known = pieces if is_list(pieces) else []
    return "".join(str(one.get("plain_text", "")) for one in known if is_object(one))


def _piece(said: Json, where: str) -> Json:
    text = said.get("text") if is_object(said) else None
    if not is_object(said) or not is_object(text) or not isinstance(text.get("content"), str):
        raise wrong(f"body failed validation: {where}.text should be defined.")
    content = text["content"]
    if len(content) > _LONGEST:
        words = f"{where}.text.content.length should be ≤ `{_LONGEST}`, instead was"
        raise wrong(f"body failed validation: {words} `{len(content)}`.")
    marks = said.get("annotations")
    return _shape(content, text.get("link"), marks if is_object(marks) else {})


def _shape(content: str, link: Json, marks: dict[str, Json]) -> Json:
    address = link.get("url") if is_object(link) else None
    return {
        "type": "text",
        "text": {"content": content, "link": {"url": address} if address else None},
        "annotations": {**_PLAIN, **marks},
        "plain_text": content,
        "href": address,
    }

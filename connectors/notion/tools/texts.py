"""Notion's rich text, as plain text, and plain text as Notion's rich text.

https://developers.notion.com/reference/rich-text
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from pydantic import Field

from connector_vault.connector import Json

__all__ = ["Piece", "Text", "plain", "rich"]

_PIECE = 2000
"""Characters of one piece of rich text. Notion refuses more.

https://developers.notion.com/reference/request-limits#size-limits
"""

_PIECES = 100
"""Pieces in one rich text."""

Text: TypeAlias = Annotated[str, Field(max_length=_PIECE * _PIECES)]
"""What fits into one rich text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of rich text, in an answer."""

    plain_text: str = ""


def plain(pieces: Iterable[Piece]) -> str:
    """Give the text without its formatting."""
    return "".join(piece.plain_text for piece in pieces)


def rich(text: str) -> list[Json]:
    """Cut a text into pieces that Notion takes."""
    cut = [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]
    return [{"text": {"content": piece}} for piece in cut]

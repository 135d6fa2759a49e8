"""Where things lie.

https://developers.notion.com/reference/parent-object
"""

from collections.abc import Mapping
from dataclasses import dataclass

from connector_vault.connector import Json

__all__ = ["Parent", "parent_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """What something lies in. `type` is page_id, data_source_id, block_id or workspace."""

    type: str
    id: str | None = None
    """None: the workspace itself."""


def parent_of(said: Mapping[str, Json] | None) -> Parent | None:
    """Read a parent. None: the answer names none."""
    if not said:
        return None
    kind = str(said.get("type", ""))
    where = said.get(kind)
    return Parent(type=kind, id=where if isinstance(where, str) else None)

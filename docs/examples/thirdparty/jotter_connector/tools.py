"""What an agent may do with somebody's notes."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from connector_vault.connector import Api

__all__ = ["Note", "Notes", "add_note", "list_notes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note."""

    id: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """All notes."""

    notes: tuple[Note, ...]


async def list_notes(api: Api) -> Notes:
    """List the account's notes, the oldest first.

    Returns the id and the text of each. Changes nothing.
    """
    return await api.get(Notes, "/notes")


async def add_note(
    api: Api, text: Annotated[str, Field(min_length=1, max_length=2000, description="Plain text.")]
) -> Note:
    """Add a note.

    Returns it with its id. Other notes stay as they are.
    """
    return await api.post(Note, "/notes", json={"text": text})

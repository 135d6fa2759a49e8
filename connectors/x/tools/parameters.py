"""What several tools ask for, and how it is sent."""

from collections.abc import Sequence
from typing import Annotated, TypeAlias

from pydantic import Field

from connector_vault.connector import BadArguments, Json

__all__ = [
    "Cursor",
    "EndTime",
    "MediaIds",
    "PostId",
    "SinceId",
    "StartTime",
    "Text",
    "UntilId",
    "checked_id",
    "given",
]

_ID = r"^[0-9]{1,19}$"
_TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"

PostId: TypeAlias = Annotated[
    str, Field(pattern=_ID, description="A post's id: the number at the end of its address.")
]
Text: TypeAlias = Annotated[
    str,
    Field(
        max_length=25_000,
        description="Plain text. 280 characters, more only with a paid account of the person. "
        "A web address counts 23 and makes the post cost more.",
    ),
]
MediaIds: TypeAlias = Annotated[
    Sequence[Annotated[str, Field(pattern=_ID)]] | None,
    Field(
        max_length=4,
        description="From upload_media: up to four pictures, or one GIF, or one film.",
    ),
]
Cursor: TypeAlias = Annotated[
    str | None,
    Field(max_length=512, description="`next_token` of the page before. None: the first page."),
]
StartTime: TypeAlias = Annotated[
    str | None, Field(pattern=_TIME, description="Only from then on: 2026-11-21T12:00:00Z.")
]
EndTime: TypeAlias = Annotated[
    str | None, Field(pattern=_TIME, description="Only before then: 2026-11-21T12:00:00Z.")
]
SinceId: TypeAlias = Annotated[
    str | None, Field(pattern=_ID, description="Only posts newer than this one.")
]
UntilId: TypeAlias = Annotated[
    str | None, Field(pattern=_ID, description="Only posts older than this one.")
]


def given(**fields: Json) -> dict[str, Json]:
    """Leave out what the caller did not say."""
    return {name: value for name, value in fields.items() if value is not None}


def checked_id(text: str, what: str) -> str:
    """Let only what can be an id pass.

    Raises:
        BadArguments: it is none.
    """
    if not (text.isascii() and text.isdecimal() and len(text) <= 19):
        raise BadArguments(f"{what} is a number of at most 19 digits")
    return text

"""What several tools ask for, and how it is sent."""

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from pydantic import Field

from connector_vault.connector import Api, BadArguments, Json

__all__ = [
    "AltText",
    "Caption",
    "Collaborators",
    "CommentId",
    "ContainerId",
    "Cursor",
    "ImageUrl",
    "LocationId",
    "MediaId",
    "Message",
    "PageSize",
    "Tag",
    "VideoUrl",
    "given",
    "own_id",
]

_ID = r"^[0-9]{3,30}$"
_URL = r"^https://[^\s/?#]+\.[^\s/?#]+/[^\s]*$"

MediaId: TypeAlias = Annotated[str, Field(pattern=_ID, description="From list_media.")]
CommentId: TypeAlias = Annotated[str, Field(pattern=_ID, description="From list_comments.")]
ContainerId: TypeAlias = Annotated[
    str, Field(pattern=_ID, description="`container_id` of a publishing tool's answer.")
]
ImageUrl: TypeAlias = Annotated[
    str,
    Field(
        pattern=_URL,
        max_length=2000,
        description="Public https address of a JPEG, at most 8 MB, from which Instagram itself "
        "fetches it: no login, no redirect, no other format.",
    ),
]
VideoUrl: TypeAlias = Annotated[
    str,
    Field(
        pattern=_URL,
        max_length=2000,
        description="Public https address of an MP4 or MOV, from which Instagram itself fetches "
        "it: no login, no redirect.",
    ),
]
Caption: TypeAlias = Annotated[
    str | None,
    Field(max_length=2200, description="Plain text with up to 30 #tags and 20 @mentions."),
]
AltText: TypeAlias = Annotated[
    str | None,
    Field(min_length=1, max_length=1000, description="What it shows, for who cannot see it."),
]
LocationId: TypeAlias = Annotated[
    str | None, Field(pattern=_ID, description="Id of the Facebook Page of a place.")
]
Collaborators: TypeAlias = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9._]{1,30}$")], ...] | None,
    Field(
        min_length=1, max_length=3, description="Usernames who are asked to be its authors, too."
    ),
]
Message: TypeAlias = Annotated[
    str,
    Field(
        min_length=1,
        max_length=300,
        pattern=r"\S",
        description="Plain text with at most 4 #tags and one web address.",
    ),
]
Cursor: TypeAlias = Annotated[
    str | None,
    Field(max_length=1024, description="`next_cursor` of the page before. None: the first page."),
]
PageSize: TypeAlias = Annotated[int, Field(ge=1, le=50, description="How many on a page.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """Somebody tagged in an image, at a place in it: 0,0 is its upper left, 1,1 its lower right."""

    username: Annotated[str, Field(pattern=r"^[A-Za-z0-9._]{1,30}$")]
    x: Annotated[float, Field(ge=0, le=1)]
    y: Annotated[float, Field(ge=0, le=1)]


def given(**fields: Json) -> dict[str, Json]:
    """Leave out what the caller did not say."""
    return {name: value for name, value in fields.items() if value is not None}


def own_id(api: Api) -> str:
    """Give the professional account's id: what stands last in the id of the connection's account.

    Raises:
        BadArguments: the connection does not say whose it is.
    """
    account = api.account.rpartition("/")[2]
    if not account.isdecimal():
        raise BadArguments("this connection does not say whose account it is: connect it again")
    return account

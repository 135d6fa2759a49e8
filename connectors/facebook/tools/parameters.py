"""What several tools ask for."""

from datetime import datetime
from typing import Annotated, TypeAlias

from pydantic import Field

from connector_vault.connector import Api, BadArguments

__all__ = [
    "CommentId",
    "Cursor",
    "Limit",
    "Link",
    "Message",
    "PhotoIds",
    "PostId",
    "PublishTime",
    "page_of",
    "seconds_of",
]

ID = r"^[0-9]{1,25}$"
_PAIR = r"^[0-9]{1,25}(_[0-9]{1,25})?$"

PostId: TypeAlias = Annotated[
    str,
    Field(pattern=_PAIR, description="A post's id: 1234_5678. From list_posts or create_post."),
]
CommentId: TypeAlias = Annotated[
    str, Field(pattern=_PAIR, description="A comment's id. From read_comments.")
]
Message: TypeAlias = Annotated[str, Field(max_length=63_206, description="Plain text.")]
Link: TypeAlias = Annotated[
    str | None,
    Field(
        pattern=r"^https?://\S{3,2000}$",
        description="A web address; Facebook shows a preview of it.",
    ),
]
PhotoIds: TypeAlias = Annotated[
    list[Annotated[str, Field(pattern=ID)]] | None,
    Field(max_length=10, description="From upload_photo. Not together with a link."),
]
PublishTime: TypeAlias = Annotated[
    str,
    Field(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$",
        description="When, with its time zone: 2026-11-30T09:00:00+01:00. "
        "From 10 minutes to 30 days ahead.",
    ),
]
Limit: TypeAlias = Annotated[int, Field(ge=1, le=100, description="How many to give at most.")]
Cursor: TypeAlias = Annotated[
    str | None,
    Field(
        max_length=1024,
        pattern=r"^[A-Za-z0-9_=:.-]+$",
        description="`next_cursor` of the page before. None: the first page.",
    ),
]


def page_of(api: Api) -> str:
    """Give the id of the connection's Page; to a Page's token it is `me` as well.

    Connections are named `person/page`; a token that was pasted by its Page alone.
    """
    return api.account.rpartition("/")[2] or "me"


def seconds_of(time: str) -> int:
    """Give a time in seconds since 1970 UTC.

    Raises:
        BadArguments: there is no such time.
    """
    try:
        return int(datetime.fromisoformat(time).timestamp())
    except (OverflowError, ValueError):
        raise BadArguments(
            "the time to publish does not exist: 2026-11-30T09:00:00+01:00"
        ) from None

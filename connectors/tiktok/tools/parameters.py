"""What several tools ask for, and how the API is asked."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Annotated, Literal, TypeAlias, TypeVar
from urllib.parse import urlsplit

from pydantic import Field

from connector_vault.connector import Api, BadArguments, Json, Refused, Request, Unreachable, read

from ..answers import Failed

__all__ = [
    "CAPTION",
    "DESCRIPTION",
    "TITLE",
    "AiMade",
    "BrandContent",
    "BrandOrganic",
    "Caption",
    "Comments",
    "Cover",
    "Duet",
    "PhotoCover",
    "PhotoText",
    "PhotoTitle",
    "Photos",
    "Privacy",
    "PublishId",
    "Stitch",
    "Url",
    "VideoId",
    "ask",
    "checked_photos",
    "checked_text",
    "given",
    "reading",
    "sent",
]

T = TypeVar("T")

_JSON = {"Content-Type": "application/json; charset=UTF-8"}

CAPTION, TITLE, DESCRIPTION = 2200, 90, 4000
"""UTF-16 code units: of a film's caption, a photo post's title, and the text below it."""

Privacy: TypeAlias = Annotated[
    Literal["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "FOLLOWER_OF_CREATOR", "SELF_ONLY"],
    Field(
        description="Who sees it; one that creator_info lists for the account. Only SELF_ONLY "
        "works for an app that TikTok has not audited."
    ),
]
Caption: TypeAlias = Annotated[
    str, Field(max_length=CAPTION, description="Caption, with #hashtags and @mentions in it.")
]
Comments: TypeAlias = Annotated[bool, Field(description="Whether others may comment.")]
Duet: TypeAlias = Annotated[bool, Field(description="Whether others may make duets with it.")]
Stitch: TypeAlias = Annotated[bool, Field(description="Whether others may stitch it.")]
Cover: TypeAlias = Annotated[
    int | None,
    Field(ge=0, description="Milliseconds into the film of the picture that is its cover."),
]
BrandContent: TypeAlias = Annotated[
    bool, Field(description="Discloses a paid partnership for somebody else's business.")
]
BrandOrganic: TypeAlias = Annotated[
    bool, Field(description="Discloses that it promotes the account's own business.")
]
AiMade: TypeAlias = Annotated[bool, Field(description="Discloses that AI made it.")]
Url: TypeAlias = Annotated[
    str,
    Field(
        max_length=2048,
        pattern=r"^https://[^\s/?#@]+/[^\s]*$",
        description="https, without redirects, below a domain or prefix that the app's owner has "
        "verified at TikTok, and in reach for an hour.",
    ),
]
Photos: TypeAlias = Annotated[
    Sequence[Url],
    Field(
        min_length=1, max_length=35, description="JPEG or WebP, 20 MB each; TikTok takes no PNG."
    ),
]
PhotoCover: TypeAlias = Annotated[
    int, Field(ge=0, le=34, description="Which of the photos is the cover, counted from 0.")
]
PhotoTitle: TypeAlias = Annotated[str, Field(max_length=TITLE)]
PhotoText: TypeAlias = Annotated[
    str,
    Field(max_length=DESCRIPTION, description="Text below, with #hashtags and @mentions in it."),
]
PublishId: TypeAlias = Annotated[
    str, Field(pattern=r"^[\x21-\x7e]{1,64}$", description="From the tool that posted it.")
]
VideoId: TypeAlias = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]


async def ask(
    api: Api, into: type[T], path: str, body: Json = None, *, fields: str | None = None
) -> T:
    """Ask by POST, as most of this API is asked, for what changes nothing.

    Raises:
        Unreachable: TikTok failed, or the answer has another shape than `into`.
    """
    with reading():
        return await sent(api, into, path, body, fields=fields)


@contextmanager
def reading() -> Generator[None]:
    """Let a failure of TikTok leave as what it is to whoever only asked."""
    try:
        yield
    except Failed as error:
        raise Unreachable(f"{error}: try again") from error


async def sent(
    api: Api, into: type[T], path: str, body: Json = None, *, fields: str | None = None
) -> T:
    """Send something by POST, once, and give what is said.

    Raises:
        Failed: TikTok failed, or the answer has another shape: what was asked may be done.
    """
    query = {} if fields is None else {"fields": fields}
    request = Request("POST", path, query=query, headers=_JSON, json={} if body is None else body)
    said = await api.send(request)
    try:
        return read(into, said)
    except Refused as error:
        raise Failed(f"TikTok gave no usable answer ({error.message})") from error


def given(**fields: Json) -> dict[str, Json]:
    """Leave out what the caller did not say."""
    return {name: value for name, value in fields.items() if value is not None}


def checked_text(name: str, text: str, most: int) -> str:
    """Count a text as TikTok does, in UTF-16.

    Raises:
        BadArguments: it is too long.
    """
    length = len(text.encode("utf-16-le", "surrogatepass")) // 2
    if length > most:
        raise BadArguments(f"{name}: at most {most} UTF-16 units, and this has {length}")
    return text


def checked_photos(urls: Sequence[str], cover: int) -> None:
    """Let only photos pass that TikTok could take.

    Raises:
        BadArguments: one is a PNG by its name, or the cover is none of them.
    """
    if cover >= len(urls):
        raise BadArguments(
            f"cover_index: counted from 0, the last of the photos is {len(urls) - 1}"
        )
    if any(urlsplit(url).path.lower().endswith(".png") for url in urls):
        raise BadArguments("photo_urls: TikTok takes JPEG and WebP, and no PNG")

"""Uploading files, in three steps: ask for a place, send the bytes there, share.

https://docs.slack.dev/messaging/working-with-files
https://docs.slack.dev/reference/methods/files.getUploadURLExternal
https://docs.slack.dev/reference/methods/files.completeUploadExternal
"""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field

from connector_vault.connector import (
    Api,
    BadArguments,
    File,
    OutcomeUnknown,
    Part,
    Parts,
    Refused,
    Request,
    Unreachable,
)

from ..api import FILES
from .asking import ask, change
from .parameters import ChannelId, ThreadTs

__all__ = ["Uploaded", "upload_file"]

_NOTHING = "nothing was shared: upload it again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """A file at Slack. `size` is in bytes."""

    id: str
    name: str | None = None
    title: str | None = None
    mimetype: str | None = None
    size: int | None = None
    permalink: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    upload_url: str
    file_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shared:
    files: tuple[Uploaded, ...]


async def upload_file(
    api: Api,
    file: File,
    channel: Annotated[
        ChannelId | None, Field(description="Where to share it. None: nobody else sees it.")
    ] = None,
    title: Annotated[str | None, Field(min_length=1, max_length=255)] = None,
    initial_comment: Annotated[
        str | None, Field(min_length=1, max_length=40_000, description="Text beside the file.")
    ] = None,
    thread_ts: ThreadTs | None = None,
    alt_text: Annotated[
        str | None, Field(min_length=1, max_length=1000, description="What an image shows.")
    ] = None,
) -> Uploaded:
    """Upload a file that the program hands over, and share it in a channel.

    Returns its id and link. Nothing is shared before all of its bytes are there. The account has
    to be a member of the channel. Slack takes no empty files, and at most 1 GB. Uploading again
    makes a second file: if the outcome is unknown, look with channel_history first.
    """
    if file.size < 1:
        raise BadArguments("file: it is empty, and Slack takes no empty files")
    if channel is None and not (thread_ts is None and initial_comment is None):
        raise BadArguments(
            "thread_ts and initial_comment are for a file that is shared: name the channel"
        )
    place = await ask(
        api,
        _Place,
        "files.getUploadURLExternal",
        filename=file.name,
        length=file.size,
        alt_txt=alt_text,
    )
    await _send(api, _upload(place.upload_url, file))
    done = await change(
        api,
        _Shared,
        "files.completeUploadExternal",
        files=[{"id": place.file_id, "title": title or file.name}],
        channel_id=channel,
        initial_comment=initial_comment,
        thread_ts=thread_ts,
    )
    return done.files[0] if done.files else Uploaded(id=place.file_id)


def _upload(url: str, file: File) -> Request:
    """Send the bytes where Slack says, if that is Slack's. There is no token on it."""
    try:
        place = urlsplit(url)
    except ValueError:
        raise Refused(
            "unexpected_host", f"Slack named no address for the bytes: {_NOTHING}"
        ) from None
    if f"{place.scheme}://{place.netloc}" != FILES:
        raise Refused("unexpected_host", f"Slack named another host for the bytes: {_NOTHING}")
    return Request(
        "POST",
        FILES + place.path,
        query=dict(parse_qsl(place.query)),
        headers={"Content-Type": "application/octet-stream"},
        content=Parts((Part(file, range(file.size)),)),
    )


async def _send(api: Api, request: Request) -> None:
    try:
        await api.send(request)
    except Refused as error:
        raise Refused("upload_failed", f"{error}; {_NOTHING}") from error
    except (OutcomeUnknown, Unreachable) as error:
        # Whatever became of the bytes, nobody sees a file that is not completed.
        raise Unreachable(f"{error}; {_NOTHING}") from error

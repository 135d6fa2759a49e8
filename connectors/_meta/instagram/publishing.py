"""The one request that publishes. It is sent once.

https://developers.facebook.com/docs/instagram-platform/content-publishing
"""

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from connector_vault.connector import (
    Api,
    OutcomeUnknown,
    RateLimited,
    Reconnect,
    Refused,
    Unreachable,
)

from ..answers import Failed
from .containers import status_of
from .parameters import own_id

__all__ = ["Find", "Published", "before_publishing", "not_yet", "publish", "seen_before"]

Find = Callable[[], Awaitable[str | None]]
"""Looks for what was published. None: it cannot be told from others."""

_UNREADABLE = frozenset({"200", "unexpected_answer"})
"""Codes of an answer that says yes, and not to what."""

_FAILED_THERE = "-1/"
"""How the codes begin by which Instagram says that it failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What became of it.

    `state` is published, or in_progress: then nothing is posted yet, and publish_container with the
    `container_id` goes on, within 24 hours. get_media gives the address of a `media_id`.
    """

    state: Literal["published", "in_progress"]
    container_id: str
    media_id: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    id: str


@contextmanager
def before_publishing() -> Generator[None]:
    """Let what goes wrong before the one request that publishes say that nothing was posted."""
    try:
        yield
    except Unreachable as error:
        raise Unreachable(f"nothing was posted: {error}") from error


async def publish(api: Api, container: str, find: Find) -> Published:
    """Publish a container that is finished.

    If no usable answer comes the container is looked at, once; it is never published again.

    Raises:
        OutcomeUnknown: it may or may not have been published.
    """
    try:
        body = {"creation_id": container}
        made = await api.post(_Made, "/{}/media_publish", own_id(api), json=body)
    except OutcomeUnknown as error:
        return await _look(api, container, find, error)
    except Unreachable as error:
        if not isinstance(error, Failed):
            # It did not leave.
            raise
        return await _look(api, container, find, error)
    except Refused as error:
        if error.code not in _UNREADABLE and not error.code.startswith(_FAILED_THERE):
            raise
        return await _look(api, container, find, error)
    return Published(state="published", container_id=container, media_id=made.id)


def not_yet(container: str) -> Published:
    """Say that Instagram is not done with it yet."""
    note = "nothing is posted yet: look by container_status in a minute, then publish_container"
    return Published(state="in_progress", container_id=container, note=note)


def seen_before(container: str, media_id: str | None = None) -> Published:
    """Say that it is published already."""
    note = "it had been published before: nothing was posted now; list_media shows it"
    return Published(state="published", container_id=container, media_id=media_id, note=note)


async def _look(api: Api, container: str, find: Find, lost: Exception) -> Published:
    try:
        state = (await status_of(api, container)).state
    except (OutcomeUnknown, RateLimited, Reconnect, Refused, Unreachable) as error:
        raise _unknown(container, "cannot be looked at now") from error
    if state != "published":
        raise _unknown(container, f"says {state}") from lost
    try:
        media_id = await find()
    except (OutcomeUnknown, RateLimited, Reconnect, Refused, Unreachable):
        media_id = None
    note = "no answer came, but the container says that it is published"
    note += ": media_id is the newest post like it" if media_id else ": list_media shows it"
    return Published(state="published", container_id=container, media_id=media_id, note=note)


def _unknown(container: str, what: str) -> OutcomeUnknown:
    words = (
        f"publishing was asked for and no answer came; container {container} {what}. Do not publish"
        " anew: look by container_status in five minutes. published: it is out. Only if it still "
        "says finished, publish_container with this container_id"
    )
    return OutcomeUnknown(words)

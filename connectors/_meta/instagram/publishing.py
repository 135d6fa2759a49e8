"""The one request that publishes. It is sent once.

https://developers.facebook.com/docs/instagram-platform/content-publishing
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from connector_vault.connector import (
    Api,
    OutcomeUnknown,
    RateLimited,
    Reconnect,
    Refused,
    Request,
    Unreachable,
    fill,
)

from ..asking import change
from .containers import status_of
from .finding import Look, there_before, what_is_new
from .parameters import own_id

__all__ = ["Published", "before_publishing", "not_yet", "publish", "seen_before"]


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


async def publish(api: Api, container: str, like: Look | None) -> Published:
    """Publish a container that is finished.

    If no usable answer comes the container is looked at, once; it is never published again.

    Raises:
        OutcomeUnknown: it may or may not have been published.
    """
    before = await there_before(api, like)
    path = fill("/{}/media_publish", own_id(api))
    try:
        request = Request("POST", path, json={"creation_id": container})
        made = await change(api, _Made, request, f"look at the container {container}")
    except OutcomeUnknown as error:
        await _check_published(api, container, error)
        return await _found(api, container, like, before)
    return Published(state="published", container_id=container, media_id=made.id)


def not_yet(container: str) -> Published:
    """Say that Instagram is not done with it yet."""
    note = "nothing is posted yet: look by container_status in a minute, then publish_container"
    return Published(state="in_progress", container_id=container, note=note)


def seen_before(container: str, media_id: str | None = None) -> Published:
    """Say that it is published already."""
    note = "it had been published before: nothing was posted now; list_media shows it"
    return Published(state="published", container_id=container, media_id=media_id, note=note)


async def _check_published(api: Api, container: str, lost: OutcomeUnknown) -> None:
    try:
        state = (await status_of(api, container)).state
    except (OutcomeUnknown, RateLimited, Reconnect, Refused, Unreachable) as error:
        raise _unknown(container, "cannot be looked at now") from error
    if state != "published":
        raise _unknown(container, f"says {state}") from lost


async def _found(
    api: Api, container: str, like: Look | None, before: frozenset[str] | None
) -> Published:
    try:
        media_id = await what_is_new(api, like, before)
    except (OutcomeUnknown, RateLimited, Reconnect, Refused, Unreachable):
        media_id = None
    note = "no answer came, but the container says that it is published"
    note += ": media_id is the new post like it" if media_id else ": list_media shows it"
    return Published(state="published", container_id=container, media_id=media_id, note=note)


def _unknown(container: str, what: str) -> OutcomeUnknown:
    words = (
        f"publishing was asked for and no answer came; container {container} {what}. Do not publish"
        " anew: look by container_status in five minutes. published: it is out. Only if it still "
        "says finished, publish_container with this container_id"
    )
    return OutcomeUnknown(words)

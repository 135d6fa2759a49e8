"""Containers: what was handed to Instagram to be published. Nobody sees one.

https://developers.facebook.com/docs/instagram-platform/content-publishing
"""

from asyncio import sleep
from collections.abc import Iterator
from dataclasses import dataclass

from connector_vault.connector import Api, Json, Refused

from ..asking import SPARE, ask
from .parameters import ContainerId, own_id

__all__ = ["Container", "container_status", "make", "pauses", "refuse_failed", "status_of", "wait"]

_PAUSES = (2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0, 60.0)
"""Seconds between two looks. Instagram asks for no more than one a minute, for five minutes, where
it takes longer; most images are ready at once."""

_FAILED = {
    "ERROR": "Instagram could not use the media",
    "EXPIRED": "it was not published within 24 hours: begin again",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """How far Instagram is with what is to be published.

    `state` is in_progress, finished (it can be published now, by publish_container), published,
    error or expired (begin again: nothing was posted).
    """

    container_id: str
    state: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Status:
    status_code: str
    status: str | None = None


async def container_status(api: Api, container_id: ContainerId) -> Container:
    """Say how far Instagram is with a container, and whether it was published.

    Ask at most once a minute. Publishes nothing; publish_container does.
    """
    return await status_of(api, container_id)


async def status_of(api: Api, container: str) -> Container:
    """Look at a container."""
    said = await ask(api, _Status, "/{}", container, fields="status_code,status")
    detail = " ".join((said.status or "").split())[:300]
    return Container(container_id=container, state=said.status_code.lower(), detail=detail)


async def make(api: Api, fields: dict[str, Json]) -> str:
    """Make a container."""
    return (await api.post(_Made, "/{}/media", own_id(api), json=fields)).id


def pauses() -> Iterator[float]:
    """Give the pauses of one call, for all of its containers together."""
    return iter(_PAUSES)


async def wait(api: Api, container: str, left: Iterator[float]) -> Container:
    """Look at a container until Instagram is done with it, or patience is.

    Raises:
        Refused: it failed.
    """
    found = await status_of(api, container)
    while found.state == "in_progress" and (pause := next(left, None)) is not None:
        if pause + SPARE > api.left:
            break
        await sleep(pause)
        found = await status_of(api, container)
    refuse_failed(found)
    return found


def refuse_failed(found: Container) -> None:
    """Raise what became of a container that cannot be published any more."""
    code = found.state.upper()
    if code in _FAILED:
        words = f"nothing was posted: {_FAILED[code]}"
        raise Refused(f"container_{found.state}", f"{words} ({found.detail})"[:300])

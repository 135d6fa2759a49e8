"""Reels: begin, send the film, publish, look.

Only the last request shows anything to anybody. It is sent once. When its answer is lost, the tool
looks what became of the film, and says what it found; it never publishes again.

https://developers.facebook.com/docs/video-api/guides/reels-publishing
"""

from asyncio import get_running_loop, sleep
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field

from connector_vault.connector import (
    Api,
    BadArguments,
    File,
    OutcomeUnknown,
    RateLimited,
    Reconnect,
    Refused,
    Request,
    Unreachable,
    fill,
    read,
)

from ..._meta.asking import SPARE, ask, change, form_of
from .parameters import ID, page_of, seconds_of
from .sending import send_film
from .shapes import Success

__all__ = ["TIMEOUT", "Reel", "get_reel_status", "publish_reel"]

TIMEOUT = 600.0
"""Seconds for all of it."""

_PATIENCE = 60.0
"""Seconds that Facebook is waited for once a Reel is handed in."""

_PAUSE = 5.0
"""Seconds between two questions."""

_MOST = 1024 * 1024 * 1024
"""Bytes of a film that are taken: more than 90 seconds can need."""

_FIELDS = "status,permalink_url"
_DONE = ("complete", "completed", "published", "ready")

State = Literal["published", "scheduled", "draft", "processing", "failed"]

_KEPT: Mapping[str, State] = {"SCHEDULED": "scheduled", "DRAFT": "draft"}
"""What becomes of a film that is not to be seen at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    video_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Me:
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Error:
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Phase:
    status: str = ""
    publish_status: str = ""
    errors: tuple[_Error, ...] = ()
    error: _Error = _Error()

    @property
    def failed(self) -> str:
        """Give why it failed. Empty: it has not."""
        if self.status != "error":
            return ""
        found = [one.message for one in (*self.errors, self.error) if one.message]
        return "; ".join(found) or "no reason was given"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Status:
    video_status: str = ""
    processing_phase: _Phase = _Phase()
    publishing_phase: _Phase = _Phase()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Film:
    status: _Status = _Status()
    permalink_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reel:
    """A Reel. While it is processing, get_reel_status tells how far Facebook is.

    One that failed is not on the Page; `reason` is Facebook's.
    """

    video_id: str
    state: State
    url: str | None = None
    reason: str | None = None


async def publish_reel(
    api: Api,
    video: File,
    description: Annotated[
        str, Field(max_length=5000, description="Its text, with hashtags.")
    ] = "",
    title: Annotated[str | None, Field(max_length=255)] = None,
    state: Annotated[
        Literal["PUBLISHED", "SCHEDULED", "DRAFT"],
        Field(description="SCHEDULED needs publish_time; a DRAFT nobody sees."),
    ] = "PUBLISHED",
    publish_time: Annotated[
        str | None,
        Field(
            pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$",
            description="With its time zone; 10 minutes to 29 days ahead.",
        ),
    ] = None,
) -> Reel:
    """Publish a film as a Reel on the Facebook Page: upright (9:16), 3 to 90 seconds, best MP4.

    Returns its video_id, state and address. At most 30 in 24 hours. While it is processing ask
    get_reel_status. The same again makes a second Reel: if the outcome is unknown, ask
    get_reel_status with the video_id that is named, or look with list_posts.
    """
    if not 0 < video.size <= _MOST:
        raise BadArguments("video: the file is empty, or larger than 1 GiB")
    if (state == "SCHEDULED") != (publish_time is not None):
        raise BadArguments("publish_time and the state SCHEDULED belong together")
    at = seconds_of(publish_time) if publish_time else None
    page, video_id = await _begun(api)
    await send_film(api, video_id, video)
    form = form_of(
        upload_phase="finish",
        video_id=video_id,
        video_state=state,
        description=description or None,
        title=title,
        scheduled_publish_time=at,
    )
    return await _published(api, Request("POST", fill("/{}/video_reels", page), form=form), state)


async def get_reel_status(
    api: Api,
    video_id: Annotated[str, Field(pattern=ID, description="From publish_reel.")],
) -> Reel:
    """Say how far Facebook is with a Reel.

    Returns its state: processing, published, with its address, or failed, with the reason. What is
    not published yet, or kept as a draft, is processing. Changes nothing.
    """
    return _told(video_id, await _film(api, video_id))


async def _begun(api: Api) -> tuple[str, str]:
    """Begin an upload: nothing of it is seen. Gives the ids of the Page and of the film."""
    try:
        page = page_of(api)
        if page == "me":
            page = (await ask(api, _Me, "/me", fields="id")).id
        # By the name `me`, which a Page's token stands for: the request that publishes goes to the
        # Page's id, so that the two can be told apart by their addresses.
        form = form_of(upload_phase="start")
        said = await api.send(Request("POST", "/me/video_reels", form=form))
        return page, read(_Begun, said).video_id
    except (OutcomeUnknown, Unreachable) as error:
        raise Unreachable(f"{error}; nothing was posted: call again") from error


async def _published(api: Api, request: Request, state: str) -> Reel:
    video_id = (request.form or {})["video_id"]
    look = f"ask get_reel_status with the video_id {video_id} before publishing again"
    try:
        done = (await change(api, Success, request, look)).success
    except OutcomeUnknown as error:
        return await _found(api, video_id, state, error)
    if not done:
        words = f"Facebook did not say that it took the Reel: {look}"
        return await _found(api, video_id, state, OutcomeUnknown(words))
    if state in _KEPT:
        return Reel(video_id=video_id, state=_KEPT[state])
    try:
        return await _waited(api, video_id)
    except (RateLimited, Reconnect, Refused, Unreachable):
        # It was taken: that nobody tells of it now, as of what is new, changes nothing of it.
        return Reel(video_id=video_id, state="processing")


async def _waited(api: Api, video_id: str) -> Reel:
    clock = get_running_loop()
    until = clock.time() + min(_PATIENCE, api.left - SPARE)
    reel = Reel(video_id=video_id, state="processing")
    while clock.time() < until:
        reel = _told(video_id, await _film(api, video_id))
        if reel.state != "processing" or clock.time() + _PAUSE >= until:
            break
        await sleep(_PAUSE)
    return reel


async def _found(api: Api, video_id: str, state: str, error: OutcomeUnknown) -> Reel:
    """Look whether a Reel was published whose publishing got no answer. Publishes nothing."""
    try:
        film = await _film(api, video_id)
    except (RateLimited, Reconnect, Refused, Unreachable):
        raise error from None
    reel = _told(video_id, film)
    if reel.state == "processing" and not _is_taken(film):
        # It may be under way yet.
        raise error
    return replace(reel, state=_KEPT[state]) if state in _KEPT and not reel.reason else reel


async def _film(api: Api, video_id: str) -> _Film:
    return await ask(api, _Film, "/{}", video_id, fields=_FIELDS)


def _told(video_id: str, film: _Film) -> Reel:
    reason = film.status.processing_phase.failed or film.status.publishing_phase.failed
    if reason:
        return Reel(video_id=video_id, state="failed", reason=reason[:300])
    state: State = "published" if _is_published(film) else "processing"
    link = film.permalink_url
    url = f"https://www.facebook.com{link}" if link and link.startswith("/") else link
    return Reel(video_id=video_id, state=state, url=url)


def _is_published(film: _Film) -> bool:
    phase = film.status.publishing_phase
    return phase.publish_status == "published" or (
        phase.status in _DONE and phase.publish_status == ""
    )


def _is_taken(film: _Film) -> bool:
    """Tell whether Facebook has begun to publish: then the request came through."""
    phase = film.status.publishing_phase
    return phase.status in ("in_progress", *_DONE)

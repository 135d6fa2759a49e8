"""What became of a publication.

Status  https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status
Cancel  https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
"""

from asyncio import get_running_loop, sleep
from dataclasses import dataclass

from connector_vault.connector import (
    Api,
    NotAllowed,
    OutcomeUnknown,
    RateLimited,
    Reconnect,
    Refused,
    Unreachable,
)

from ..answers import Failed
from .parameters import PublishId, ask, sent

__all__ = [
    "CANCEL",
    "FETCH",
    "SPARE",
    "Cancellation",
    "Publication",
    "cancel_publish",
    "followed",
    "look",
    "publish_status",
]

_FETCH = "/v2/post/publish/status/fetch/"
_CANCEL = "/v2/post/publish/cancel/"

FETCH, CANCEL = f"POST {_FETCH}", f"POST {_CANCEL}"

UPLOADING, DOWNLOADING = "PROCESSING_UPLOAD", "PROCESSING_DOWNLOAD"

_UNDER_WAY = frozenset({UPLOADING, DOWNLOADING})

_PAUSES = (2, 4, 8, 15)
"""Seconds between two looks. TikTok allows 30 a minute, and needs half a minute for 512 MB."""

SPARE = 5
"""Seconds of a call that no tool waits away: what it knows by then, it tells."""

_TELLS_NOTHING = (NotAllowed, OutcomeUnknown, RateLimited, Reconnect, Refused, Unreachable)

_ADVICE = {
    UPLOADING: "TikTok has not finished with it: look again in a minute with publish_status, and "
    "do not post it again",
    DOWNLOADING: "TikTok is fetching it, which takes up to an hour: look again with "
    "publish_status, and do not post it again",
    "SEND_TO_USER_INBOX": "it is a draft in the account's inbox, for its owner to post in the app",
    "PUBLISH_COMPLETE": "it is posted; post_ids come once it is public and moderated",
    "internal": "nothing was posted; TikTok failed, so try it again",
    "video_pull_failed": "nothing was posted; TikTok could not fetch the address: see that it is "
    "in reach, and try again",
    "photo_pull_failed": "nothing was posted; TikTok could not fetch an address: see that all are "
    "in reach, and try again",
    "publish_cancelled": "nothing was posted; it was cancelled",
    "auth_removed": "nothing was posted; the account took its permission back: connect it again",
}
_FAILED = "nothing was posted, and trying the same again will not help"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What TikTok says of something that was sent to be posted.

    `status`: PROCESSING_UPLOAD, PROCESSING_DOWNLOAD, SEND_TO_USER_INBOX, PUBLISH_COMPLETE, FAILED.
    `post_ids` are there once it is public and has been moderated. Sizes are in bytes.
    """

    publish_id: str
    status: str
    post_ids: tuple[str, ...] = ()
    fail_reason: str | None = None
    uploaded_bytes: int | None = None
    downloaded_bytes: int | None = None
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """What was cancelled."""

    publish_id: str
    cancelled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    status: str
    fail_reason: str | None = None
    # The names are TikTok's: it spells the first in its own way, and may mend that some day.
    publicaly_available_post_id: tuple[int | str, ...] | None = None
    publicly_available_post_id: tuple[int | str, ...] | None = None
    uploaded_bytes: int | None = None
    downloaded_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    data: _State


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """It says no more than that all is well."""


async def publish_status(api: Api, publish_id: PublishId) -> Publication:
    """Say what became of something that was sent to be posted.

    Returns its status, why it failed, its post ids once it is public, and what to do next. Changes
    nothing. 30 times a minute; needs video.publish or video.upload, whichever it was sent with.
    """
    state = (await ask(api, _Found, _FETCH, {"publish_id": publish_id})).data
    ids = state.publicaly_available_post_id or state.publicly_available_post_id or ()
    return Publication(
        publish_id=publish_id,
        status=state.status,
        post_ids=tuple(map(str, ids)),
        fail_reason=state.fail_reason or None,
        uploaded_bytes=state.uploaded_bytes,
        downloaded_bytes=state.downloaded_bytes,
        advice=_advice(state.status, state.fail_reason or ""),
    )


async def cancel_publish(api: Api, publish_id: PublishId) -> Cancellation:
    """Cancel a post that TikTok is still fetching from an address.

    Returns that it was cancelled. TikTok tries, and may be too late: publish_status tells. Will not
    delete what is posted, which nobody but the account's owner can, in the app.
    """
    try:
        await sent(api, _Done, _CANCEL, {"publish_id": publish_id})
    except (Failed, OutcomeUnknown) as error:
        raise OutcomeUnknown(f"{error}: look with publish_status whether it was done") from error
    return Cancellation(publish_id=publish_id, cancelled=True)


async def look(api: Api, publish_id: str) -> Publication | None:
    """Look what became of a publication. None: nobody says now."""
    try:
        return await publish_status(api, publish_id)
    except _TELLS_NOTHING:
        return None


async def followed(api: Api, publish_id: str, status: str, *, patience: float) -> Publication:
    """Follow what TikTok has accepted until it is decided. `patience` is in seconds.

    It was `status` before. What cannot be learned is not an error here: it is on its way.
    """
    known = Publication(publish_id=publish_id, status=status, advice=_advice(status, ""))
    clock = get_running_loop()
    until = clock.time() + min(patience, api.left - SPARE)
    for pause in (*_PAUSES, *_PAUSES[-1:] * int(patience)):
        if api.left < SPARE:
            break
        known = await look(api, publish_id) or known
        if known.status not in _UNDER_WAY or clock.time() + pause > until:
            break
        await sleep(pause)
    return known


def _advice(status: str, reason: str) -> str:
    return _ADVICE.get(reason) or _ADVICE.get(status) or (_FAILED if status == "FAILED" else "")

"""What became of a publication, and stopping one.

https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status
https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
"""

from connector_vault.connector import Json, Reply

from .answers import refused, said
from .asked import Asked, Route
from .hub import Hub
from .records import Publication

__all__ = ["ROUTES"]

_SCOPES = ("video.publish", "video.upload")


def _fetch(hub: Hub, asked: Asked) -> Reply:
    one = _own(hub, asked)
    data: dict[str, Json] = {
        "status": hub.status(one, asked.now),
        "publicaly_available_post_id": _public(hub, one, asked.now),
    }
    if one.failed:
        data["fail_reason"] = one.failed
    if one.upload is None:
        data["downloaded_bytes"] = 0
    elif hub.policy.counts:
        data["uploaded_bytes"] = one.upload.received
    return said(data)


def _cancel(hub: Hub, asked: Asked) -> Reply:
    one = _own(hub, asked)
    on_its_way = one.arrived is None or (one.upload is None and asked.now < one.arrived)
    if one.failed or not on_its_way:
        raise refused(400, "publish_not_cancellable", "The task is in a final state")
    one.failed = "publish_cancelled"
    return said({})


def _own(hub: Hub, asked: Asked) -> Publication:
    wanted = asked.json().get("publish_id")
    if not isinstance(wanted, str) or not wanted:
        raise refused(400, "invalid_param", "publish_id is missing")
    one = hub.publications.get(wanted)
    if one is None:
        raise refused(400, "invalid_publish_id", "The publish_id does not exist")
    if (one.username, one.app) != (asked.user.username, asked.token.app):
        code = "token_not_authorized_for_specified_publish_id"
        raise refused(400, code, "It is somebody else's")
    return one


def _public(hub: Hub, one: Publication, now: float) -> list[int]:
    """Give the ids of posts that everybody may see, and that were moderated."""
    return [
        video.id
        for video in hub.videos
        if video.publish_id == one.id
        and video.privacy == "PUBLIC_TO_EVERYONE"
        and now >= video.created + hub.policy.moderation
    ]


ROUTES = (
    Route(handler=_fetch, name="POST /v2/post/publish/status/fetch/", scopes=_SCOPES),
    Route(handler=_cancel, name="POST /v2/post/publish/cancel/", scopes=_SCOPES),
)

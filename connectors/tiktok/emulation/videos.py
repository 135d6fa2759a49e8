"""The posts of an account, as its apps may see them: the public ones.

List   https://developers.tiktok.com/doc/tiktok-api-v2-video-list
Query  https://developers.tiktok.com/doc/tiktok-api-v2-video-query
Fields https://developers.tiktok.com/doc/tiktok-api-v2-video-object
"""

from connector_vault.connector import Json, Reply

from .answers import refused, said
from .asked import Asked, Route, named
from .hub import Hub
from .records import Video

__all__ = ["ROUTES"]

_SCOPES = ("video.list",)
_MOST = 20
_USUAL = 10


def _list(hub: Hub, asked: Asked) -> Reply:
    body = asked.json()
    cursor, most = body.get("cursor"), body.get("max_count", _USUAL)
    if not isinstance(most, int) or not 1 <= most <= _MOST:
        raise refused(400, "invalid_params", "max_count is not between 1 and 20")
    if not isinstance(cursor, int | None):
        raise refused(400, "invalid_params", "cursor is not a number")
    older = [one for one in _own(hub, asked) if not cursor or _stamp(one) < cursor]
    page = older[:most]
    more = {"cursor": _stamp(page[-1]) if page else 0, "has_more": len(older) > most}
    return said({"videos": [_shown(asked, one) for one in page], **more})


def _query(hub: Hub, asked: Asked) -> Reply:
    given: Json = named(asked.json().get("filters")).get("video_ids")
    ids: list[Json] = [*given] if isinstance(given, list) else []
    if not 1 <= len(ids) <= _MOST:
        raise refused(400, "invalid_params", "filters.video_ids has 1 to 20 ids")
    found = [one for one in _own(hub, asked) if str(one.id) in ids]
    return said({"videos": [_shown(asked, one) for one in found]})


def _own(hub: Hub, asked: Asked) -> list[Video]:
    """Give somebody's public posts, the newest first."""
    own = [one for one in hub.videos if one.username == asked.user.username]
    public = [one for one in own if one.privacy == "PUBLIC_TO_EVERYONE"]
    return sorted(public, key=lambda one: (one.created, one.id), reverse=True)


def _stamp(video: Video) -> int:
    return int(video.created * 1000)


def _shown(asked: Asked, video: Video) -> dict[str, Json]:
    fields = [one for one in asked.call.query.get("fields", "").split(",") if one]
    link = f"https://www.tiktok.com/player/v1/{video.id}"
    known: dict[str, Json] = {
        "id": str(video.id),
        "title": video.title,
        "video_description": video.title,
        "create_time": int(video.created),
        "cover_image_url": f"https://p16.tiktokcdn.example/{video.id}.jpeg?x-expires=21600",
        "share_url": f"https://www.tiktok.com/@{video.username}/video/{video.id}",
        "duration": video.seconds,
        "height": 1024,
        "width": 576,
        "embed_html": f'<iframe src="{link}"></iframe>',
        "embed_link": link,
        "is_aigc": False,
        "like_count": 0,
        "comment_count": 0,
        "share_count": 0,
        "view_count": 1,
    }
    if not fields or not set(fields) <= known.keys():
        raise refused(400, "invalid_params", "Fields is required, and of those there are")
    return {field: known[field] for field in fields}


ROUTES = (
    Route(handler=_list, name="POST /v2/video/list/", scopes=_SCOPES),
    Route(handler=_query, name="POST /v2/video/query/", scopes=_SCOPES),
)

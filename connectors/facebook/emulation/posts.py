"""Posts of a Page, seen and yet to be seen.

https://developers.facebook.com/docs/pages-api/posts
"""

import re
from datetime import datetime

from connector_vault.connector import Json, Reply
from connector_vault.emulator import json_reply

from .answers import Refusal, invalid, stamp
from .asked import Asked, Route, chosen, named, paged
from .hub import DAY, Hub
from .records import Photo, Post

__all__ = ["ROUTES", "check_time", "post_fields"]

_UNITS = {"minute": 60, "hour": 3600, "day": DAY}
_SOONEST, _LATEST = 600, 30 * DAY
"""Seconds ahead."""


def post_fields(hub: Hub, post: Post, wanted: str) -> Json:
    """Tell of a post what was asked for."""
    count = sum(one.post == post.id for one in hub.comments.values())
    everything: dict[str, Json] = {
        "id": post.id,
        "message": post.message or None,
        "created_time": stamp(post.created),
        "updated_time": stamp(post.created),
        "permalink_url": f"https://www.facebook.com/{post.id.replace('_', '/posts/')}",
        "is_published": post.published,
        "scheduled_publish_time": int(post.scheduled) or None,
        "full_picture": f"https://media.example/{post.photos[0]}.jpg" if post.photos else None,
        "status_type": "added_photos" if post.photos else "mobile_status_update",
        "story": None,
        "is_hidden": False,
        "is_expired": False,
        "reactions": {
            "data": [],
            "summary": {"total_count": post.likes, "viewer_reaction": "NONE"},
        },
        "shares": {"count": post.shares} if post.shares else None,
        "likes": {"data": [], "summary": {"total_count": post.likes, "can_like": True}},
        "comments": {"data": [], "summary": {"order": "ranked", "total_count": count}},
        "from": {"id": post.page, "name": hub.pages[post.page].name},
        "attachments": {"data": [{"media_fbid": one} for one in post.photos]},
    }
    return chosen("PagePost", wanted, everything, "created_time", "message")


def check_time(asked: Asked) -> float:
    """Read when something is to appear: seconds since 1970, or a time as ISO 8601 has it."""
    text = asked.text("scheduled_publish_time")
    try:
        at = float(text) if text.isdecimal() else datetime.fromisoformat(text).timestamp()
    except ValueError:
        # Of the words that Meta's strtotime knows, the plainest.
        found = re.fullmatch(r"\+(\d{1,4}) (minute|hour|day)s?", text)
        at = asked.now + int(found[1]) * _UNITS[found[2]] if found else 0.0
    if not _SOONEST <= at - asked.now <= _LATEST:
        raise invalid("The specified scheduled publish time is invalid.", 1363118)
    return at


def _create(hub: Hub, asked: Asked) -> Reply:
    page, message, link = asked.page(hub), asked.text("message"), asked.text("link")
    photos = _photos(hub, asked)
    if not (message or link or photos):
        raise invalid("Param message, link or attached_media is required")
    if link and (".invalid" in link or "://" not in link):
        raise Refusal(400, 1609005, "(#1609005) Error parsing that URL")
    published = asked.flag("published", True)
    if published and message and message == _last(hub, page.id):
        raise Refusal(400, 506, "(#506) Duplicate status message")
    at = check_time(asked) if "scheduled_publish_time" in asked.said else 0.0
    if at and published:
        raise invalid("You cannot specify a scheduled publish time on a published post")
    for photo in photos:
        if at and not photo.temporary:
            raise invalid("Photos of a scheduled post must be temporary", 1366046)
        photo.used = True
    ids = tuple(photo.id for photo in photos)
    more = {"link": link, "photos": ids, "published": published, "scheduled": at}
    return json_reply(200, {"id": hub.post(page.id, message, asked.now, **more).id})


def _last(hub: Hub, page: str) -> str:
    seen = hub.seen(page)
    return seen[0].message if seen else ""


def _photos(hub: Hub, asked: Asked) -> list[Photo]:
    said = asked.value("attached_media")
    items: list[Json] = [*said] if isinstance(said, list) else []
    found: list[Photo] = []
    for item in items:
        photo = hub.photos.get(str(named(item).get("media_fbid")))
        if photo is None or photo.page != asked.node or photo.used:
            raise invalid("Invalid parameter: attached_media holds a photo that cannot be used")
        found.append(photo)
    return found


def _published(hub: Hub, asked: Asked) -> Reply:
    return _listed(hub, asked, hub.seen(asked.page(hub).id))


def _scheduled(hub: Hub, asked: Asked) -> Reply:
    page = asked.page(hub)
    mine = [one for one in hub.posts.values() if one.page == page.id and one.scheduled]
    return _listed(hub, asked, sorted(mine, key=lambda one: one.scheduled))


def _listed(hub: Hub, asked: Asked, posts: list[Post]) -> Reply:
    return paged(asked, [post_fields(hub, one, asked.text("fields")) for one in posts])


_READ = "pages_read_engagement"

ROUTES = {
    "POST /{}/feed": Route(handler=_create, permission="pages_manage_posts", task="CREATE_CONTENT"),
    "GET /{}/feed": Route(handler=_published, permission=_READ),
    "GET /{}/posts": Route(handler=_published, permission=_READ),
    "GET /{}/published_posts": Route(handler=_published, permission=_READ),
    "GET /{}/scheduled_posts": Route(
        handler=_scheduled, permission="pages_manage_posts", task="CREATE_CONTENT"
    ),
}

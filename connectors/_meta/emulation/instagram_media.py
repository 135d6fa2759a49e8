"""Looking at accounts and media, and at how they do.

https://developers.facebook.com/docs/instagram-platform/reference/instagram-user
https://developers.facebook.com/docs/instagram-platform/reference/instagram-media
"""

from collections.abc import Mapping
from functools import partial

from connector_vault.connector import Json, Reply
from connector_vault.emulator import json_reply

from .instagram_answers import chosen, invalid, stamp
from .instagram_asked import Asked, Route, fields_of, paged
from .instagram_comments import comment_shape
from .instagram_gram import DAY, Gram
from .instagram_records import Medium

__all__ = ["ROUTES"]

_TOTALS = {
    "accounts_engaged",
    "comments",
    "follows_and_unfollows",
    "likes",
    "profile_links_taps",
    "reach",
    "replies",
    "saves",
    "shares",
    "total_interactions",
    "views",
}
_SERIES = {"follower_count", "reach"}
_OF_MEDIA = {"comments", "likes", "reach", "saved", "shares", "total_interactions", "views"}
"""Metrics that live: others were removed for every version."""


def _profile(gram: Gram, asked: Asked) -> Reply:
    account = gram.accounts[asked.node]
    everything: dict[str, Json] = {
        "id": asked.caller.person or account.id,
        "username": account.username,
        "name": account.name,
        "biography": account.biography or None,
        "website": account.website or None,
        "followers_count": account.followers,
        "follows_count": account.follows,
        "media_count": len(gram.on(account.id)),
        "profile_picture_url": f"https://media.example/{account.username}.jpg",
    }
    if gram.login == "instagram":
        everything |= {"user_id": account.id, "account_type": account.account_type}
    return json_reply(200, chosen(everything, fields_of(asked.text("fields"))))


def _list(gram: Gram, asked: Asked) -> Reply:
    shown = [one for one in gram.on(asked.node) if one.product != "STORY"]
    return paged(asked, shown, partial(_shape, gram, fields_of(asked.text("fields"))))


def _stories(gram: Gram, asked: Asked) -> Reply:
    found = (one for one in gram.on(asked.node) if one.product == "STORY")
    live = [one for one in found if one.created > asked.now - DAY]
    return paged(asked, live, partial(_shape, gram, fields_of(asked.text("fields"))))


def _one(gram: Gram, asked: Asked) -> Reply:
    return json_reply(200, _shape(gram, fields_of(asked.text("fields")), gram.media[asked.node]))


def _children(gram: Gram, asked: Asked) -> Reply:
    return json_reply(200, _child_shapes(gram.media[asked.node], asked.text("fields")))


def _shape(gram: Gram, wanted: Mapping[str, str], medium: Medium) -> Json:
    comments = [one for one in gram.comments.values() if one.media == medium.id]
    code = medium.id[-11:]
    film = medium.kind == "VIDEO"
    everything: dict[str, Json] = {
        "id": medium.id,
        "caption": medium.caption or None,
        "media_type": medium.kind,
        "media_product_type": medium.product,
        "media_url": medium.url or f"https://media.example/{code}",
        "permalink": f"https://www.instagram.com/{'reel' if film else 'p'}/{code}/",
        "thumbnail_url": f"https://media.example/{code}.jpg" if film else None,
        "timestamp": stamp(medium.created),
        "like_count": 3,
        "comments_count": len(comments),
        "username": gram.accounts[medium.account].username,
        "is_comment_enabled": True,
        "is_shared_to_feed": True if medium.product == "REELS" else None,
        "alt_text": None,
        "owner": {"id": medium.account},
        "shortcode": code,
        "children": _child_shapes(medium, wanted.get("children", "")) if medium.children else None,
        "comments": {"data": [comment_shape(gram, {}, one) for one in comments]},
    }
    return chosen(everything, wanted)


def _child_shapes(medium: Medium, wanted: str) -> Json:
    def child(at: int, kind: str, url: str) -> Json:
        code = f"{medium.id[-11:]}{at}"
        everything: dict[str, Json] = {
            "id": f"{medium.id}{at}",
            "media_type": kind,
            "media_url": url,
            "permalink": f"https://www.instagram.com/p/{code}/",
            "shortcode": code,
            "thumbnail_url": f"https://media.example/{code}.jpg" if kind == "VIDEO" else None,
            "timestamp": stamp(medium.created),
        }
        return chosen(everything, fields_of(wanted))

    return {"data": [child(at, *one) for at, one in enumerate(medium.children)]}


def _of_account(gram: Gram, asked: Asked) -> Reply:
    total = asked.text("metric_type") == "total_value"
    known = _TOTALS if total else _SERIES
    if asked.text("period") not in ("day", "week", "days_28", "lifetime"):
        raise invalid("period must be one of the following values: day, week, days_28, lifetime")
    return _insights(gram, asked, known, total=total)


def _of_media(gram: Gram, asked: Asked) -> Reply:
    return _insights(gram, asked, _OF_MEDIA, total=False)


def _insights(gram: Gram, asked: Asked, known: set[str], *, total: bool) -> Reply:
    wanted = asked.listed("metric")
    for strange in [one for one in wanted if one not in known]:
        raise invalid(
            f"metric[{wanted.index(strange)}] must be one of the following values: "
            f"{', '.join(sorted(known))}"
        )
    period = asked.text("period") or "lifetime"
    return json_reply(200, {"data": [_metric(gram, asked, one, period, total) for one in wanted]})


def _metric(
    gram: Gram, asked: Asked, name: str, period: str, total: bool
) -> Json:  # of a metric, not a switch
    said = {"name": name, "period": period, "title": name.title(), "description": name}
    said["id"] = f"{asked.node}/insights/{name}/{period}"
    value = 10 * len(name) + len(gram.media)
    if total:
        return {**said, "total_value": {"value": value}}
    if asked.node in gram.media:
        return {**said, "values": [{"value": value}]}
    ends = (asked.now - DAY, asked.now)
    return {**said, "values": [{"value": value, "end_time": stamp(end)} for end in ends]}


ROUTES = {
    "GET /account": Route(handler=_profile, permission="basic"),
    "GET /account/media": Route(handler=_list, permission="basic"),
    "GET /account/stories": Route(handler=_stories, permission="basic"),
    "GET /account/insights": Route(handler=_of_account, permission="manage_insights"),
    "GET /media": Route(handler=_one, permission="basic"),
    "GET /media/children": Route(handler=_children, permission="basic"),
    "GET /media/insights": Route(handler=_of_media, permission="manage_insights"),
}

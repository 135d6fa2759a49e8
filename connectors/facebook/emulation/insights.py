"""What is counted. Metrics that were removed are refused, as at Meta, in every version.

https://developers.facebook.com/docs/graph-api/reference/page/insights
"""

import re
from datetime import datetime

from connector_vault.connector import Json, Reply
from connector_vault.emulator import json_reply

from .answers import absent, invalid, stamp
from .asked import Asked, Route
from .hub import DAY, Hub

__all__ = ["ROUTES"]

_OF_PAGE = {
    "page_media_view",
    "page_total_media_view_unique",
    "page_post_engagements",
    "page_follows",
    "page_views_total",
    "page_video_views",
}
_OF_POST = {
    "post_media_view",
    "post_total_media_view_unique",
    "post_clicks",
    "post_reactions_by_type_total",
}
_MOST_DAYS = 90
_DAYS = {"day": 1, "week": 7, "days_28": 28, "lifetime": 0}


def _insights(hub: Hub, asked: Asked) -> Reply:
    post = hub.posts.get(asked.node)
    mine = asked.token.page in (asked.node, post.page if post else "")
    if not asked.token.page or not mine:
        raise absent("GET", asked.node)
    known, usual = (_OF_POST, "lifetime") if post else (_OF_PAGE, "day")
    wanted = re.findall(r"\w+", asked.text("metric"))
    if not wanted or not set(wanted) <= known:
        raise invalid("The value must be a valid insights metric")
    period = asked.text("period", usual)
    if period not in _DAYS:
        raise invalid("The value must be a valid period")
    since, until = _time(asked, "since"), _time(asked, "until")
    if since and (until or asked.now) - since > _MOST_DAYS * DAY:
        raise invalid("There cannot be more than 90 days between since and until")
    return json_reply(200, {"data": [_metric(asked, one, period) for one in wanted]})


def _time(asked: Asked, name: str) -> float:
    text = asked.text(name)
    try:
        return float(text) if text.isdecimal() else datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0


def _metric(asked: Asked, name: str, period: str) -> Json:
    kinds = {"like": 3, "love": 1} if name.endswith("by_type_total") else len(name)
    value: dict[str, Json] = {"value": kinds}
    ends = (asked.now - DAY, asked.now)
    values = [{**value, "end_time": stamp(end)} for end in ends] if _DAYS[period] else [value]
    said: dict[str, Json] = {"name": name, "period": period, "values": values}
    return said | {"title": name.title(), "id": f"{asked.node}/insights/{name}/{period}"}


ROUTES = {
    "GET /{}/insights": Route(handler=_insights, permission="read_insights", task="ANALYZE"),
}

"""Lists of posts, a page at a time: somebody's own, those that mention them, and search."""

import base64
import re
from collections.abc import Callable, Sequence
from datetime import datetime

from connector_vault.connector import Json, Reply
from connector_vault.emulator import json_reply

from .answers import absent, invalid
from .asked import Asked, Route, checked
from .hub import Hub
from .posts import mentioned
from .records import Post
from .words import POST_QUERY, Words

__all__ = ["ROUTES"]

_READ = ("tweet.read", "users.read")
_BOUNDS = {"max_results", "pagination_token", "start_time", "end_time", "since_id", "until_id"}
_WEEK = 7 * 86_400
"""Seconds that search looks back."""

_MOST_QUERY = 512
"""Characters."""


def _own(hub: Hub, asked: Asked) -> Reply:
    user = hub.by_id(asked.id())
    if user is None:
        return json_reply(200, {"errors": [absent("user", "id", asked.id())]})
    without = set(asked.query.get("exclude", "").split(",")) - {""}
    if strange := without - {"replies", "retweets"}:
        raise invalid("exclude", ",".join(strange), "is not one of [replies,retweets]")
    kept = [one for one in hub.posts.values() if one.author == user]
    return _page(hub, asked, [p for p in kept if not ("replies" in without and p.replies_to)], 5)


def _mentions(hub: Hub, asked: Asked) -> Reply:
    user = hub.by_id(asked.id())
    if user is None:
        return json_reply(200, {"errors": [absent("user", "id", asked.id())]})
    return _page(hub, asked, [one for one in hub.posts.values() if mentioned(one, user)], 5)


def _search(hub: Hub, asked: Asked) -> Reply:
    query = asked.query.get("query", "")
    if not query or len(query) > _MOST_QUERY:
        raise invalid("query", query[:40], "is not between 1 and 512 characters")
    fits = [_term(hub, word) for word in re.findall(r'-?[\w:]*"[^"]*"|\S+', query)]
    recent = [one for one in hub.posts.values() if one.created >= asked.now - _WEEK]
    return _page(hub, asked, [one for one in recent if all(fit(one) for fit in fits)], 10)


def _term(hub: Hub, word: str) -> Callable[[Post], bool]:
    if word.startswith("-"):
        inner = _term(hub, word[1:])
        return lambda post: not inner(post)
    name, colon, value = word.partition(":")
    match (name, colon):
        case "from", ":":
            return lambda post: post.author.username == value.lower()
        case "conversation_id", ":":
            return lambda post: value in (post.conversation, post.id)
        case "to", ":":
            users = hub.people
            return lambda post: value in users and mentioned(post, users[value])
        case "is", ":":
            return lambda post: value == "reply" and post.replies_to is not None
        case _:
            text = word.strip('"').lower()
            return lambda post: text in post.text.lower()


def _page(hub: Hub, asked: Asked, posts: Sequence[Post], least: int) -> Reply:
    words = Words.of(hub, asked)
    size, start = asked.number("max_results", 10, least, 100), _start(asked)
    wanted = sorted(_between(asked, posts), key=lambda one: int(one.id), reverse=True)
    page = wanted[start : start + size]
    meta: dict[str, Json] = {"result_count": len(page)}
    if page:
        meta |= {"newest_id": page[0].id, "oldest_id": page[-1].id}
    if len(wanted) > start + size:
        meta["next_token"] = _token(start + size)
    if start:
        meta["previous_token"] = _token(max(0, start - size))
    said = {
        "data": [words.post(hub, one) for one in page],
        "includes": words.includes(hub, page),
    }
    return json_reply(200, {**{name: some for name, some in said.items() if some}, "meta": meta})


def _between(asked: Asked, posts: Sequence[Post]) -> list[Post]:
    after, before = _id(asked, "since_id"), _id(asked, "until_id")
    start, end = _time(asked, "start_time"), _time(asked, "end_time")
    return [
        one
        for one in posts
        if int(one.id) > after
        and (not before or int(one.id) < before)
        and one.created >= start
        and (not end or one.created < end)
    ]


def _id(asked: Asked, name: str) -> int:
    return int(checked(asked.query.get(name, "0"), name))


def _time(asked: Asked, name: str) -> float:
    text = asked.query.get(name)
    if text is None:
        return 0.0
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise invalid(name, text, f"The `{name}` query parameter value is no time") from None


def _start(asked: Asked) -> int:
    text = asked.query.get("pagination_token") or asked.query.get("next_token")
    if text is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(text).decode().removeprefix("from-"))
    except ValueError:
        raise invalid("pagination_token", text[:40], "is not valid") from None


def _token(start: int) -> str:
    return base64.urlsafe_b64encode(f"from-{start:09}".encode()).decode()


ROUTES = (
    Route(
        handler=_own,
        name="GET /2/users/{}/tweets",
        scopes=_READ,
        query=POST_QUERY | _BOUNDS | {"exclude"},
    ),
    Route(
        handler=_mentions,
        name="GET /2/users/{}/mentions",
        scopes=_READ,
        query=POST_QUERY | _BOUNDS,
    ),
    Route(
        handler=_search,
        name="GET /2/tweets/search/recent",
        scopes=_READ,
        query=POST_QUERY | _BOUNDS | {"query", "next_token", "sort_order"},
    ),
)

"""Making posts, taking them back, and reading them one by one."""

import re
from dataclasses import replace

from connector_vault.connector import Json, Reply
from connector_vault.emulator import json_reply

from .answers import absent, given, invalid, problem
from .asked import Asked, Route, checked, listed, named
from .hub import Hub
from .records import Poll, Post, User
from .words import POST_QUERY, Words

__all__ = ["ROUTES", "mentioned"]

_READ = ("tweet.read", "users.read")
_WRITE = (*_READ, "tweet.write")

_TAKES = {
    "community_id",
    "made_with_ai",
    "media",
    "paid_partnership",
    "poll",
    "quote_tweet_id",
    "reply",
    "reply_settings",
    "text",
}
_SETTINGS = ("following", "mentionedUsers", "subscribers", "verified")
_LONGEST = 280
_MOST_IDS = 100


def mentioned(post: Post, user: User) -> bool:
    """Tell whether a post speaks to somebody."""
    return re.search(rf"@{user.username}\b", post.text, re.IGNORECASE) is not None


def _create(hub: Hub, asked: Asked) -> Reply:
    body = asked.json()
    for strange in sorted(body.keys() - _TAKES):
        raise invalid(strange, "", f"$.{strange}: is not defined in the schema")
    if "quote_tweet_id" in body:
        raise problem(403, "Forbidden", "You are not permitted to quote posts.")
    text = body.get("text", "")
    if not isinstance(text, str) or (not text.strip() and "media" not in body):
        raise invalid("text", "", "$.text: is missing")
    if len(re.sub(r"https?://\S+", "x" * 23, text)) > _LONGEST:
        raise problem(403, "Forbidden", "Your text is too long.")
    if any(one.text == text and one.author == asked.user for one in hub.posts.values()):
        words = "You are not allowed to create a Tweet with duplicate content."
        raise problem(403, "Forbidden", words)
    if body.get("reply_settings") not in (None, *_SETTINGS):
        raise invalid("reply_settings", "", "$.reply_settings: is not one of the values")
    parent = _parent(hub, asked, body.get("reply"))
    post = Post(
        id=hub.next_id(asked.now),
        author=asked.user,
        text=text,
        created=asked.now,
        reply_settings=body.get("reply_settings") or "everyone",
        replies_to=parent.id if parent else None,
        conversation=(parent.conversation or parent.id) if parent else "",
        media=_media(hub, asked, body.get("media")),
        poll=_poll(hub, asked, body),
    )
    hub.keep(post)
    history = "edit_history_post_ids" if hub.policy.words == "new" else "edit_history_tweet_ids"
    return given({"id": post.id, "text": post.text, history: [post.id]}, 201)


def _parent(hub: Hub, asked: Asked, reply: Json) -> Post | None:
    if reply is None:
        return None
    parent_id = named(reply).get("in_reply_to_tweet_id")
    if not isinstance(parent_id, str) or not parent_id.isdecimal():
        raise invalid("reply", "", "$.reply.in_reply_to_tweet_id: is not valid")
    parent = hub.posts.get(parent_id)
    if parent is None:
        words = "You attempted to reply to a Tweet that is deleted or not visible to you."
        raise problem(403, "Forbidden", words)
    summoned = parent.author == asked.user or mentioned(parent, asked.user)
    if not summoned and hub.policy.replies == "summoned":
        words = "Reply to this conversation is not allowed because you have not been mentioned."
        raise problem(403, "Forbidden", words)
    return parent


def _media(hub: Hub, asked: Asked, media: Json) -> tuple[str, ...]:
    if media is None:
        return ()
    ids = listed(named(media).get("media_ids"))
    if not 1 <= len(ids) <= 4:
        raise invalid("media", "", "$.media.media_ids: must have between 1 and 4 items")
    for one in ids:
        found = hub.media.get(one)
        ready = found is not None and found.owner == asked.user.id and found.finished is not None
        seen = hub.seen(found, asked.now) if found else None
        if not ready or (seen or {}).get("state", "succeeded") != "succeeded":
            raise invalid("media.media_ids", str(one), "Your media IDs are invalid.")
    return tuple(map(str, ids))


def _poll(hub: Hub, asked: Asked, body: Json) -> Poll | None:
    poll = body.get("poll")
    if poll is None:
        return None
    if "media" in body:
        raise invalid("poll", "", "A post may not have media and a poll.")
    options, minutes = listed(named(poll).get("options")), named(poll).get("duration_minutes")
    if not 2 <= len(options) <= 4:
        raise invalid("poll.options", "", "$.poll.options: must have between 2 and 4 items")
    if not isinstance(minutes, int) or not 5 <= minutes <= 10_080:
        raise invalid("poll.duration_minutes", str(minutes), "must be between 5 and 10080")
    return Poll(id=hub.next_id(asked.now), options=tuple(map(str, options)), minutes=minutes)


def _delete(hub: Hub, asked: Asked) -> Reply:
    post = hub.posts.get(asked.id())
    if post is not None and post.author != asked.user:
        raise problem(403, "Forbidden", "You are not authorized to delete this Tweet.")
    if post is not None:
        del hub.posts[post.id]
    return given({"deleted": post is not None})


def _get(hub: Hub, asked: Asked) -> Reply:
    words, post = Words.of(hub, asked), hub.posts.get(asked.id())
    if post is None:
        # With status 200, and nothing but errors.
        return json_reply(200, {"errors": [absent("tweet", "id", asked.id())]})
    return given(words.post(hub, post), includes=words.includes(hub, [post]))


def _get_several(hub: Hub, asked: Asked) -> Reply:
    words = Words.of(hub, asked)
    ids = [checked(one, "ids") for one in asked.query.get("ids", "").split(",")]
    if len(ids) > _MOST_IDS:
        raise invalid("ids", "", f"size must be between 1 and {_MOST_IDS}")
    found = [hub.posts[one] for one in ids if one in hub.posts]
    said = {
        "data": [words.post(hub, one) for one in found],
        "includes": words.includes(hub, found),
        "errors": [absent("tweet", "ids", one) for one in ids if one not in hub.posts],
    }
    return json_reply(200, {name: some for name, some in said.items() if some})


def _hide(hub: Hub, asked: Asked) -> Reply:
    hidden = asked.json().get("hidden")
    if not isinstance(hidden, bool):
        raise invalid("hidden", "", "$.hidden: is missing")
    reply = hub.posts.get(asked.id())
    began = hub.posts.get(reply.conversation) if reply else None
    if reply is None or began is None or began.author != asked.user:
        words = "You can only hide replies in conversations that you started."
        raise problem(403, "Forbidden", words)
    hub.keep(replace(reply, hidden=hidden))
    return given({"hidden": hidden})


ROUTES = (
    Route(handler=_create, name="POST /2/tweets", scopes=_WRITE),
    Route(handler=_delete, name="DELETE /2/tweets/{}", scopes=_WRITE),
    Route(handler=_get, name="GET /2/tweets/{}", scopes=_READ, query=POST_QUERY),
    Route(handler=_get_several, name="GET /2/tweets", scopes=_READ, query=POST_QUERY | {"ids"}),
    Route(
        handler=_hide,
        name="PUT /2/tweets/{}/hidden",
        scopes=(*_READ, "tweet.moderate.write"),
    ),
)

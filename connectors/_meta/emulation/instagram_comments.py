"""Comments below media.

https://developers.facebook.com/docs/instagram-platform/comment-moderation
"""

from collections.abc import Mapping
from functools import partial

from connector_vault.connector import Json, Reply
from connector_vault.emulator import json_reply

from .instagram_answers import chosen, invalid, stamp
from .instagram_asked import Asked, Route, fields_of, paged
from .instagram_gram import Gram
from .instagram_records import Comment

__all__ = ["ROUTES", "comment_shape"]

_MOST = 300
"""Characters of a comment."""

_DEFAULT = ("id", "text", "timestamp")


def comment_shape(gram: Gram, wanted: Mapping[str, str], comment: Comment) -> Json:
    """Tell of a comment."""
    replies = gram.under(comment.media, comment.id)
    inner = fields_of(wanted.get("replies", ""))
    shown = [comment_shape(gram, inner, one) for one in replies] if "replies" in wanted else []
    everything: dict[str, Json] = {
        "id": comment.id,
        "text": comment.text,
        "username": comment.username,
        "timestamp": stamp(comment.created),
        "like_count": 0,
        "hidden": comment.hidden,
        "parent_id": comment.parent or None,
        "from": {"id": comment.id[::-1], "username": comment.username},
        "media": {"id": comment.media},
        "replies": {"data": shown} if shown else None,
    }
    return chosen(everything, wanted, _DEFAULT)


def _below(gram: Gram, asked: Asked) -> Reply:
    shape = partial(comment_shape, gram, fields_of(asked.text("fields")))
    return paged(asked, gram.under(asked.node), shape)


def _replies(gram: Gram, asked: Asked) -> Reply:
    found = gram.under(gram.comments[asked.node].media, asked.node)
    return paged(asked, found, partial(comment_shape, gram, fields_of(asked.text("fields"))))


def _one(gram: Gram, asked: Asked) -> Reply:
    wanted = fields_of(asked.text("fields"))
    return json_reply(200, comment_shape(gram, wanted, gram.comments[asked.node]))


def _comment(gram: Gram, asked: Asked) -> Reply:
    return _said(gram, asked, asked.node, "")


def _reply(gram: Gram, asked: Asked) -> Reply:
    parent = gram.comments[asked.node]
    # An answer to an answer stands below the comment that both answer.
    return _said(gram, asked, parent.media, parent.parent or parent.id)


def _said(gram: Gram, asked: Asked, media: str, parent: str) -> Reply:
    text = asked.text("message")
    if not text.strip() or len(text) > _MOST:
        raise invalid(
            "The parameter message is required" if not text else "The comment is too long"
        )
    username = gram.accounts[gram.owner(media)].username
    return json_reply(200, {"id": gram.say(media, username, text, asked.now, parent).id})


def _hide(gram: Gram, asked: Asked) -> Reply:
    if asked.text("hide").lower() not in ("true", "false"):
        raise invalid("The parameter hide is required")
    gram.comments[asked.node].hidden = asked.flag("hide")
    return json_reply(200, {"success": True})


def _delete(gram: Gram, asked: Asked) -> Reply:
    for one in [one.id for one in gram.comments.values() if one.parent == asked.node]:
        del gram.comments[one]
    del gram.comments[asked.node]
    return json_reply(200, {"success": True})


ROUTES = {
    "GET /media/comments": Route(handler=_below, permission="manage_comments"),
    "POST /media/comments": Route(handler=_comment, permission="manage_comments"),
    "GET /comment": Route(handler=_one, permission="manage_comments"),
    "GET /comment/replies": Route(handler=_replies, permission="manage_comments"),
    "POST /comment/replies": Route(handler=_reply, permission="manage_comments"),
    "POST /comment": Route(handler=_hide, permission="manage_comments"),
    "DELETE /comment": Route(handler=_delete, permission="manage_comments"),
}

"""Things by their id: people, Pages, posts, comments and films.

https://developers.facebook.com/docs/graph-api/reference
"""

from connector_vault.connector import Json, Reply
from connector_vault.emulator import json_reply

from .accounts import page_fields, user_fields
from .answers import absent, invalid
from .asked import Asked, Route
from .comments import comment_fields
from .hub import Hub
from .messages import conversation_fields
from .posts import check_time, post_fields
from .records import Comment, Post
from .reels import film_fields

__all__ = ["ROUTES"]


def _get(hub: Hub, asked: Asked) -> Reply:
    return json_reply(200, _found(hub, asked))


def _found(hub: Hub, asked: Asked) -> Json:
    node, wanted = asked.node, asked.text("fields")
    if node == asked.token.person and not asked.token.page:
        return user_fields(hub, asked)
    if node in hub.pages and asked.token.person:
        return page_fields(hub, hub.pages[node], asked.token, wanted)
    asked.needs("")
    if node in hub.posts and hub.posts[node].page == asked.token.page:
        return post_fields(hub, hub.posts[node], wanted)
    if node in hub.films and hub.films[node].page == asked.token.page:
        return film_fields(hub, hub.films[node], wanted, asked.now)
    if (comment := _comment(hub, asked)) is not None:
        return comment_fields(hub, comment, asked, wanted)
    if node.startswith("t_"):
        return conversation_fields(hub, asked, wanted)
    raise absent("GET", node)


def _change(hub: Hub, asked: Asked) -> Reply:
    if (comment := _comment(hub, asked)) is not None:
        asked.needs("pages_manage_engagement", "MODERATE")
        comment.hidden = asked.flag("is_hidden", comment.hidden)
        comment.message = asked.text("message", comment.message)
        return json_reply(200, {"success": True})
    post = _post(hub, asked)
    if post.published and "scheduled_publish_time" in asked.said:
        raise invalid("The specified post is already published", 1363120)
    if "scheduled_publish_time" in asked.said:
        post.scheduled = check_time(asked)
    post.message = asked.text("message", post.message)
    if asked.flag("is_published", False) and not post.published:
        post.published, post.created, post.scheduled = True, asked.now, 0.0
    return json_reply(200, {"success": True})


def _delete(hub: Hub, asked: Asked) -> Reply:
    if (comment := _comment(hub, asked)) is not None:
        asked.needs("pages_manage_engagement", "MODERATE")
        del hub.comments[comment.id]
        return json_reply(200, {"success": True})
    del hub.posts[_post(hub, asked).id]
    return json_reply(200, {"success": True})


def _post(hub: Hub, asked: Asked) -> Post:
    post = hub.posts.get(asked.node)
    if post is None or post.page != asked.token.page:
        raise absent(asked.call.method, asked.node)
    asked.needs("pages_manage_posts", "CREATE_CONTENT")
    return post


def _comment(hub: Hub, asked: Asked) -> Comment | None:
    comment = hub.comments.get(asked.node)
    if comment is None or comment.post not in hub.posts:
        return None
    return comment if hub.posts[comment.post].page == asked.token.page else None


ROUTES = {
    "GET /{}": Route(handler=_get),
    "POST /{}": Route(handler=_change),
    "DELETE /{}": Route(handler=_delete),
}

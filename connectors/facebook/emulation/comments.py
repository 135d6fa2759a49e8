"""Comments below posts.

https://developers.facebook.com/docs/graph-api/reference/object/comments
"""

from connector_vault.connector import Json, Reply
from connector_vault.emulator import json_reply

from .answers import absent, invalid, stamp
from .asked import Asked, Route, chosen, paged
from .hub import Hub
from .records import Comment, Who

__all__ = ["ROUTES", "comment_fields"]


def comment_fields(hub: Hub, comment: Comment, asked: Asked, wanted: str) -> Json:
    """Tell of a comment what was asked for. Whose it is needs a permission of its own."""
    count = sum(one.parent == comment.id for one in hub.comments.values())
    who = {"id": comment.author.id, "name": comment.author.name}
    known = "pages_read_user_content" in asked.permissions or comment.author.id == asked.token.page
    everything: dict[str, Json] = {
        "id": comment.id,
        "message": comment.message,
        "created_time": stamp(comment.created),
        "from": who if known else None,
        "like_count": 0,
        "comment_count": count,
        "is_hidden": comment.hidden,
        "parent": {"id": comment.parent} if comment.parent else None,
    }
    return chosen("Comment", wanted, everything, "created_time", "from", "message")


def _list(hub: Hub, asked: Asked) -> Reply:
    post, parent = _below(hub, asked)
    found = [one for one in hub.comments.values() if one.post == post]
    if parent or asked.text("filter", "toplevel") == "toplevel":
        found = [one for one in found if one.parent == parent]
    if asked.text("order") == "reverse_chronological":
        found.reverse()
    wanted = asked.text("fields")
    return paged(asked, [comment_fields(hub, one, asked, wanted) for one in found])


def _create(hub: Hub, asked: Asked) -> Reply:
    post, parent = _below(hub, asked)
    text = asked.text("message")
    if not text.strip():
        raise invalid("Param message is required")
    page = hub.pages[asked.token.page]
    author = Who(id=page.id, name=page.name)
    return json_reply(200, {"id": hub.comment(post, parent, author, text, asked.now).id})


def _below(hub: Hub, asked: Asked) -> tuple[str, str]:
    """Give the post, and the comment on it if it is one that is asked for."""
    comment = hub.comments.get(asked.node)
    post = hub.posts.get(comment.post if comment else asked.node)
    if post is None or post.page != asked.token.page:
        raise absent(asked.call.method, asked.node)
    return post.id, comment.id if comment else ""


ROUTES = {
    "GET /{}/comments": Route(handler=_list, permission="pages_read_engagement"),
    "POST /{}/comments": Route(
        handler=_create, permission="pages_manage_engagement", task="MODERATE"
    ),
}

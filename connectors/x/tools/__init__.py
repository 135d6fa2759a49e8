"""What an agent may do on X.

Likes, follows, quotes and reposts are not among them: X took them from all apps but those with a
contract of their own.

https://docs.x.com/x-api/introduction
"""

from .media import TIMEOUT, get_media_status, upload_media
from .people import get_me, get_user
from .reading import get_post, get_posts, list_mentions, list_own_posts, search_recent
from .writing import create_post, delete_post, hide_reply, reply_to_post

__all__ = [
    "TIMEOUT",
    "create_post",
    "delete_post",
    "get_me",
    "get_media_status",
    "get_post",
    "get_posts",
    "get_user",
    "hide_reply",
    "list_mentions",
    "list_own_posts",
    "reply_to_post",
    "search_recent",
    "upload_media",
]

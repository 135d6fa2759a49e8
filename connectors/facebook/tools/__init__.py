"""What an agent may do for a Facebook Page.

https://developers.facebook.com/docs/pages-api
"""

from .commenting import delete_comment, hide_comment, reply_comment
from .insights import page_insights, post_insights
from .messaging import list_conversations, read_messages, send_message
from .page import get_page
from .posting import create_photo_post, create_post, upload_photo
from .reading import list_posts, read_comments
from .reels import TIMEOUT, get_reel_status, publish_reel
from .scheduling import (
    cancel_scheduled_post,
    list_scheduled_posts,
    publish_scheduled_post,
    reschedule_post,
    schedule_post,
)
from .sending import UPLOAD

__all__ = [
    "TIMEOUT",
    "UPLOAD",
    "cancel_scheduled_post",
    "create_photo_post",
    "create_post",
    "delete_comment",
    "get_page",
    "get_reel_status",
    "hide_comment",
    "list_conversations",
    "list_posts",
    "list_scheduled_posts",
    "page_insights",
    "post_insights",
    "publish_reel",
    "publish_scheduled_post",
    "read_comments",
    "read_messages",
    "reply_comment",
    "reschedule_post",
    "schedule_post",
    "send_message",
    "upload_photo",
]

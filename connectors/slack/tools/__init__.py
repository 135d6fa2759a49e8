"""What an agent may do on Slack. Names of parameters are those of its Web API.

https://docs.slack.dev/reference/methods
"""

from .channels import join_channel, list_channels
from .files import upload_file
from .messages import channel_history, get_permalink, thread_replies
from .people import find_user_by_email, get_user, list_users
from .posting import (
    delete_message,
    post_message,
    reply_in_thread,
    schedule_message,
    update_message,
)
from .reactions import add_reaction
from .search import search_messages

__all__ = [
    "add_reaction",
    "channel_history",
    "delete_message",
    "find_user_by_email",
    "get_permalink",
    "get_user",
    "join_channel",
    "list_channels",
    "list_users",
    "post_message",
    "reply_in_thread",
    "schedule_message",
    "search_messages",
    "thread_replies",
    "update_message",
    "upload_file",
]

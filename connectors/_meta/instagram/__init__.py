"""What an agent may do on an Instagram account, by either login.

https://developers.facebook.com/docs/instagram-platform
"""

from connector_vault.connector import Tool, destroys, reads, writes

from .comments import (
    comment_on_media,
    delete_comment,
    hide_comment,
    list_comments,
    reply_comment,
)
from .containers import container_status
from .insights import account_insights, media_insights
from .limits import publishing_limit
from .media import get_media, list_media, profile
from .posting import (
    TIMEOUT,
    publish_carousel,
    publish_container,
    publish_image,
    publish_reel,
    publish_story,
)

__all__ = ["MAKING", "PUBLISHING", "TIMEOUT", "tools"]

_LIMIT, _NODE, _MEDIA = "GET /{}/content_publishing_limit", "GET /{}", "GET /{}/media"

MAKING = "POST /{}/media"
"""A container: nobody sees it before it is published."""

PUBLISHING = (_LIMIT, MAKING, _NODE, "POST /{}/media_publish", _MEDIA, "GET /{}/stories")


def tools(beginning: str) -> tuple[Tool, ...]:
    """Give the tools, for permissions that begin like this: `instagram_business_`."""
    basic, publish = f"{beginning}basic", (f"{beginning}basic", f"{beginning}content_publish")
    talk = (f"{beginning}basic", f"{beginning}manage_comments")
    numbers = (f"{beginning}basic", f"{beginning}manage_insights")
    posts = (publish_image, publish_reel, publish_story, publish_carousel, publish_container)
    return (
        *(
            writes(one, *publish, requests=PUBLISHING, silent=[MAKING], timeout=TIMEOUT)
            for one in posts
        ),
        reads(container_status, *publish, requests=[_NODE]),
        reads(publishing_limit, *publish, requests=[_LIMIT]),
        reads(list_media, basic, requests=[_MEDIA]),
        reads(get_media, basic, requests=[_NODE]),
        reads(list_comments, *talk, requests=["GET /{}/comments"]),
        writes(reply_comment, *talk, requests=["POST /{}/replies"]),
        writes(comment_on_media, *talk, requests=["POST /{}/comments"]),
        writes(hide_comment, *talk, requests=["POST /{}"]),
        destroys(delete_comment, *talk, requests=["DELETE /{}"]),
        reads(account_insights, *numbers, requests=["GET /{}/insights"]),
        reads(media_insights, *numbers, requests=["GET /{}/insights"]),
        reads(profile, basic, requests=[_NODE]),
    )

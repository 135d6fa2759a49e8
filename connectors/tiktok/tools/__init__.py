"""What an agent may do on TikTok.

https://developers.tiktok.com/doc/content-posting-api-get-started
https://developers.tiktok.com/doc/display-api-overview
"""

from .creator import QUERY, creator_info
from .drafts import INBOX, upload_draft, upload_draft_from_url, upload_photo_draft
from .people import ME, user_info
from .posting import CONTENT, VIDEO, post_photos, post_video, post_video_from_url
from .starting import UPLOADED
from .status import CANCEL, FETCH, cancel_publish, publish_status
from .videos import LIST, SOME, list_videos, query_videos

__all__ = [
    "CANCEL",
    "CONTENT",
    "FETCH",
    "INBOX",
    "LIST",
    "ME",
    "QUERY",
    "SOME",
    "UPLOADED",
    "VIDEO",
    "cancel_publish",
    "creator_info",
    "list_videos",
    "post_photos",
    "post_video",
    "post_video_from_url",
    "publish_status",
    "query_videos",
    "upload_draft",
    "upload_draft_from_url",
    "upload_photo_draft",
    "user_info",
]

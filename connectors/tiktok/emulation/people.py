"""What TikTok tells of the person who is asked about.

https://developers.tiktok.com/doc/tiktok-api-v2-get-user-info
"""

import hashlib

from connector_vault.connector import Json, Reply

from .answers import refused, said
from .asked import Asked, Route
from .hub import Hub

__all__ = ["ROUTES"]

_SCOPES = {
    "user.info.profile": {"bio_description", "is_verified", "profile_deep_link", "username"},
    "user.info.stats": {"follower_count", "following_count", "likes_count", "video_count"},
}


def _info(hub: Hub, asked: Asked) -> Reply:
    fields = [one for one in asked.call.query.get("fields", "").split(",") if one]
    known = _known(hub, asked)
    if not fields or not set(fields) <= known.keys():
        raise refused(400, "invalid_params", "Fields is required, and of those there are")
    for field in fields:
        scopes = [scope for scope, some in _SCOPES.items() if field in some]
        asked.need(*(scopes or ["user.info.basic"]))
    return said({"user": {field: known[field] for field in fields}})


def _known(hub: Hub, asked: Asked) -> dict[str, Json]:
    user = asked.user
    union = hashlib.sha256(user.username.encode()).hexdigest()[:32]
    posts = [one for one in hub.videos if one.username == user.username]
    return {
        "open_id": hub.open_id(asked.token.app, user.username),
        "union_id": union,
        "avatar_url": f"https://p16.tiktokcdn.example/{union}.jpeg",
        "avatar_url_100": f"https://p16.tiktokcdn.example/{union}_100x100.jpeg",
        "avatar_large_url": f"https://p16.tiktokcdn.example/{union}_1080x1080.jpeg",
        "display_name": user.display_name,
        "username": user.username,
        "profile_deep_link": f"https://vm.tiktok.example/{user.username}",
        "bio_description": user.bio,
        "is_verified": False,
        "follower_count": user.followers,
        "following_count": 0,
        "likes_count": 0,
        "video_count": len(posts),
    }


ROUTES = (Route(handler=_info, name="GET /v2/user/info/"),)

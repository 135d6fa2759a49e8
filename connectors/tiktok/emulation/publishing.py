"""Beginning to publish: a film that is sent, or what TikTok fetches; at once, or as a draft.

https://developers.tiktok.com/doc/content-posting-api-reference-direct-post
https://developers.tiktok.com/doc/content-posting-api-reference-upload-video
https://developers.tiktok.com/doc/content-posting-api-reference-photo-post
"""

import secrets
from urllib.parse import urlencode

from connector_vault.connector import Json, Reply

from .answers import Refusal, refused, said
from .asked import Asked, Route, named
from .hub import DAY, Hub
from .records import Publication, Upload
from .rules import broken_rule

__all__ = ["ROUTES"]

_MOST_PENDING = 5
_MOST_ACTIVE = 5
_MOST_PHOTOS = 35
_TITLE, _PHOTO_TITLE, _TEXT = 2200, 90, 4000
"""UTF-16 code units."""


def _creator(hub: Hub, asked: Asked) -> Reply:
    found = _capped(hub, asked, status=200)
    if found:
        raise found
    user = asked.user
    return said(
        {
            "creator_avatar_url": "https://p16.tiktokcdn.example/avatar.jpeg",
            "creator_username": user.username,
            "creator_nickname": user.display_name,
            "privacy_level_options": list(user.privacy_options),
            "comment_disabled": user.comment_disabled,
            "duet_disabled": user.duet_disabled,
            "stitch_disabled": user.stitch_disabled,
            "max_video_post_duration_sec": user.max_seconds,
        }
    )


def _video(hub: Hub, asked: Asked) -> Reply:
    body = asked.json()
    info = _direct(hub, asked, named(body.get("post_info")), _TITLE)
    return _film(hub, asked, named(body.get("source_info")), info, "v_pub")


def _inbox(hub: Hub, asked: Asked) -> Reply:
    _check_pending(hub, asked)
    return _film(hub, asked, named(asked.json().get("source_info")), None, "v_inbox")


def _content(hub: Hub, asked: Asked) -> Reply:
    body = asked.json()
    info, source = named(body.get("post_info")), named(body.get("source_info"))
    if body.get("media_type") != "PHOTO" or source.get("source") != "PULL_FROM_URL":
        raise _invalid("media_type is PHOTO, and source is PULL_FROM_URL")
    _check_text(info, "description", _TEXT)
    match body.get("post_mode"):
        case "DIRECT_POST":
            asked.need("video.publish")
            info = _direct(hub, asked, info, _PHOTO_TITLE)
        case "MEDIA_UPLOAD":
            asked.need("video.upload")
            _check_text(info, "title", _PHOTO_TITLE)
            _check_pending(hub, asked)
        case _:
            raise _invalid("post_mode is DIRECT_POST or MEDIA_UPLOAD")
    given: Json = source.get("photo_images")
    photos: list[Json] = [*given] if isinstance(given, list) else []
    cover = source.get("photo_cover_index")
    if not 1 <= len(photos) <= _MOST_PHOTOS or not isinstance(cover, int):
        raise _invalid("there are 1 to 35 photo_images, and a photo_cover_index")
    for photo in photos:
        _check_owned(hub, photo)
    direct = body["post_mode"] == "DIRECT_POST"
    return _begun(hub, asked, "p_pub_url", info, direct=direct, upload=None)


def _film(
    hub: Hub, asked: Asked, source: dict[str, Json], info: dict[str, Json] | None, kind: str
) -> Reply:
    direct, upload = info is not None, None
    match source.get("source"):
        case "FILE_UPLOAD":
            upload = _upload(source)
        case "PULL_FROM_URL":
            _check_owned(hub, source.get("video_url"))
        case _:
            raise _invalid("source is FILE_UPLOAD or PULL_FROM_URL")
    kind = f"{kind}_{'file' if upload else 'url'}"
    return _begun(hub, asked, kind, info or {}, direct=direct, upload=upload)


def _upload(source: dict[str, Json]) -> Upload:
    size, chunk = source.get("video_size"), source.get("chunk_size")
    count = source.get("total_chunk_count")
    words = broken_rule(size, chunk, count)
    if words or not isinstance(size, int) or not isinstance(chunk, int):
        raise _invalid(words)
    return Upload(size=size, chunk_size=chunk, count=size // chunk, token=secrets.token_urlsafe(24))


def _begun(
    hub: Hub,
    asked: Asked,
    kind: str,
    info: dict[str, Json],
    *,
    direct: bool,
    upload: Upload | None,
) -> Reply:
    one = Publication(
        id=f"{kind}~v2-1.{hub.next_number()}",
        app=asked.token.app,
        username=asked.user.username,
        direct=direct,
        info=info,
        begun=asked.now,
        upload=upload,
        arrived=None if upload else asked.now + hub.policy.downloading,
    )
    hub.publications[one.id] = one
    hub.settle(asked.now)
    if upload is None:
        return said({"publish_id": one.id})
    query = urlencode({"upload_id": one.id.rpartition(".")[2], "upload_token": upload.token})
    url = f"https://{hub.policy.upload_host}/video/?{query}"
    return said({"publish_id": one.id, "upload_url": url})


def _direct(hub: Hub, asked: Asked, info: dict[str, Json], title: int) -> dict[str, Json]:
    """Check what is to be posted at once, and give it as TikTok will post it."""
    user = asked.user
    _check_text(info, "title", title)
    found = _capped(hub, asked, status=403)
    if found:
        raise found
    if info.get("privacy_level") not in user.privacy_options:
        raise refused(403, "privacy_level_option_mismatch", "privacy_level is none of the options")
    if hub.policy.audited:
        return info
    if not user.private:
        code = "unaudited_client_can_only_post_to_private_accounts"
        raise refused(403, code, "Please review our integration guidelines")
    return {**info, "privacy_level": "SELF_ONLY"}


def _capped(hub: Hub, asked: Asked, *, status: int) -> Refusal | None:
    name, now = asked.user.username, asked.now
    if hub.recent(name, now, direct=True) >= hub.policy.daily_posts:
        return refused(status, "spam_risk_too_many_posts", "The daily post cap is reached")
    others = {
        one.username
        for one in hub.publications.values()
        if one.direct and one.username != name and now < one.begun + DAY
    }
    if not hub.policy.audited and len(others) + hub.policy.active_users >= _MOST_ACTIVE:
        return refused(status, "reached_active_user_cap", "The daily quota of users is reached")
    return None


def _check_pending(hub: Hub, asked: Asked) -> None:
    if hub.recent(asked.user.username, asked.now, direct=False) >= _MOST_PENDING:
        raise refused(403, "spam_risk_too_many_pending_share", "Too many pending shares")


def _check_owned(hub: Hub, url: Json) -> None:
    if not isinstance(url, str) or not url.startswith("https://"):
        raise _invalid("The url is not one")
    if not url.startswith(hub.policy.verified):
        raise refused(403, "url_ownership_unverified", "Please verify the URL prefix or domain")


def _check_text(info: dict[str, Json], name: str, most: int) -> None:
    text = info.get(name) or ""
    if not isinstance(text, str) or len(text.encode("utf-16-le", "surrogatepass")) > 2 * most:
        raise _invalid(f"{name} is too long")


def _invalid(message: str) -> Refusal:
    return refused(400, "invalid_param", message)


ROUTES = (
    Route(
        handler=_creator,
        name="POST /v2/post/publish/creator_info/query/",
        scopes=("video.publish",),
    ),
    Route(handler=_video, name="POST /v2/post/publish/video/init/", scopes=("video.publish",)),
    Route(handler=_inbox, name="POST /v2/post/publish/inbox/video/init/", scopes=("video.upload",)),
    Route(
        handler=_content,
        name="POST /v2/post/publish/content/init/",
        scopes=("video.publish", "video.upload"),
    ),
)

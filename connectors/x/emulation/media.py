"""Uploads, whole and in pieces."""

import base64
import hashlib
from dataclasses import replace

from connector_vault.connector import Json, Reply

from .answers import given, invalid, problem
from .asked import Asked, Route, named
from .hub import Hub
from .multipart import parts
from .records import Medium

__all__ = ["ROUTES"]

_SCOPES = ("media.write",)
_DAY = 86_400
_MEGABYTE = 1024 * 1024
_MOST = {"tweet_image": 5, "tweet_gif": 15, "tweet_video": 512, "amplify_video": 512}
"""Megabytes."""

_MOST_CHUNK = 5 * _MEGABYTE


def _simple(hub: Hub, asked: Asked) -> Reply:
    fields = _fields(asked)
    content = fields.get("media", b"")
    category = fields.get("media_category", b"").decode(errors="replace")
    if category != "tweet_image" or not content:
        raise invalid(
            "media_category", category, "is not one of [tweet_image], or media is missing"
        )
    if len(content) > _MOST[category] * _MEGABYTE:
        raise problem(413, "Payload Too Large", "The media is larger than 5 MB.")
    medium = Medium(
        id=hub.next_id(asked.now),
        owner=asked.user.id,
        type="image/jpeg",
        category=category,
        size=len(content),
        segments={0: content},
        created=asked.now,
    )
    return given(_told(hub, asked, _whole(hub, asked, medium)))


def _initialize(hub: Hub, asked: Asked) -> Reply:
    body = asked.json()
    category, size = body.get("media_category"), body.get("total_bytes")
    if not isinstance(category, str) or category not in _MOST or not isinstance(size, int):
        raise invalid("media_category", str(category), f"is not one of {sorted(_MOST)}")
    if not 0 < size <= _MOST[category] * _MEGABYTE:
        raise invalid("total_bytes", str(size), f"is not below {_MOST[category]} MB")
    medium = Medium(
        id=hub.next_id(asked.now),
        owner=asked.user.id,
        type=str(body.get("media_type", "")),
        category=category,
        size=size,
        segments={},
        created=asked.now,
    )
    hub.media[medium.id] = medium
    said = {"id": medium.id, "media_key": medium.key, "expires_after_secs": _DAY}
    return given(said)


def _append(hub: Hub, asked: Asked) -> Reply:
    medium, fields = _mine(hub, asked, asked.id()), _fields(asked)
    index, content = fields.get("segment_index", b""), fields.get("media", b"")
    if not index.isdigit() or int(index) > 999:
        raise invalid("segment_index", index.decode(errors="replace"), "is not between 0 and 999")
    if not content or len(content) > _MOST_CHUNK or medium.finished is not None:
        raise invalid("media", "", "is missing, too large, or of an upload that is finished")
    segments = {**medium.segments, int(index): content}
    hub.media[medium.id] = replace(medium, segments=segments)
    return given({"expires_at": int(medium.created) + _DAY})


def _finalize(hub: Hub, asked: Asked) -> Reply:
    medium = _mine(hub, asked, asked.id())
    came = [medium.segments.get(index) for index in range(len(medium.segments))]
    if None in came or sum(len(one or b"") for one in came) != medium.size:
        raise invalid("id", medium.id, "Segments do not add up to provided total file size.")
    return given(_told(hub, asked, _whole(hub, asked, medium)))


def _status(hub: Hub, asked: Asked) -> Reply:
    if asked.query.get("command", "STATUS") != "STATUS":
        raise invalid("command", asked.query["command"], "is not one of [STATUS]")
    return given(_told(hub, asked, _mine(hub, asked, asked.query.get("media_id", ""))))


def _describe(hub: Hub, asked: Asked) -> Reply:
    body = asked.json()
    medium = _mine(hub, asked, str(body.get("id")))
    text = named(named(body.get("metadata")).get("alt_text")).get("text")
    if not isinstance(text, str) or not 0 < len(text) <= 1000:
        raise invalid("alt_text", "", "is not between 1 and 1000 characters")
    hub.media[medium.id] = replace(medium, alt_text=text)
    return given({"id": medium.id, "associated_metadata": {"alt_text": {"text": text}}})


def _whole(hub: Hub, asked: Asked, medium: Medium) -> Medium:
    digest = hashlib.sha256()
    for index in sorted(medium.segments):
        digest.update(medium.segments[index])
    whole = replace(medium, segments={}, finished=asked.now, digest=digest.hexdigest())
    hub.media[medium.id] = whole
    return whole


def _told(hub: Hub, asked: Asked, medium: Medium) -> dict[str, Json]:
    left = max(0, int(medium.created) + _DAY - int(asked.now))
    said: dict[str, Json] = {
        "id": medium.id,
        "media_key": medium.key,
        "size": medium.size,
        "expires_after_secs": left,
    }
    seen = hub.seen(medium, asked.now)
    return said | ({"processing_info": seen} if seen else {})


def _mine(hub: Hub, asked: Asked, media_id: str) -> Medium:
    medium = hub.media.get(media_id)
    if medium is None or medium.owner != asked.user.id or asked.now > medium.created + _DAY:
        raise problem(404, "Not Found", f"Could not find media with id: [{media_id[:40]}].")
    return medium


def _fields(asked: Asked) -> dict[str, bytes]:
    """Read a form, or JSON with the bytes in base64: X takes both."""
    kind = asked.call.headers.get("content-type", "")
    if not kind.startswith("application/json"):
        return parts(kind, asked.call.body)
    body = asked.json()
    try:
        media = base64.b64decode(str(body.get("media", "")), validate=True)
    except ValueError:
        raise invalid("media", "", "is not base64") from None
    return {**{name: str(one).encode() for name, one in body.items()}, "media": media}


ROUTES = (
    Route(handler=_simple, name="POST /2/media/upload", scopes=_SCOPES),
    Route(handler=_initialize, name="POST /2/media/upload/initialize", scopes=_SCOPES),
    Route(handler=_append, name="POST /2/media/upload/{}/append", scopes=_SCOPES),
    Route(handler=_finalize, name="POST /2/media/upload/{}/finalize", scopes=_SCOPES),
    Route(
        handler=_status,
        name="GET /2/media/upload",
        scopes=_SCOPES,
        query=frozenset({"media_id", "command"}),
    ),
    Route(handler=_describe, name="POST /2/media/metadata", scopes=_SCOPES),
)

"""Photos: shown at once, or kept for a post.

https://developers.facebook.com/docs/graph-api/reference/page/photos
"""

import hashlib
import re

from connector_vault.connector import Reply
from connector_vault.emulator import Call, json_reply

from .answers import Refusal, invalid
from .asked import Asked, Route
from .hub import Hub
from .records import Photo

__all__ = ["ROUTES", "texts"]

_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')
_NAME = re.compile(rb'name="([^"]*)"')
_SOURCE = "source"
_MOST = 10 * 1024 * 1024
"""Bytes."""


def texts(call: Call) -> dict[str, str]:
    """Give the fields of a form but for the file in it."""
    return {
        name: content.decode(errors="replace")
        for name, content in _parts(call).items()
        if name != _SOURCE
    }


def _create(hub: Hub, asked: Asked) -> Reply:
    page = asked.page(hub)
    url, source = asked.text("url"), _parts(asked.call).get(_SOURCE)
    if (source is None) == (not url):
        raise Refusal(400, 324, "(#324) Requires upload file")
    if source is not None and not 0 < len(source) <= _MOST:
        raise Refusal(400, 324, "(#324) Missing or invalid image file")
    if url and ".invalid" in url:
        raise Refusal(400, 1609005, "(#1609005) Error parsing that URL")
    published, temporary = asked.flag("published", True), asked.flag("temporary", False)
    if published and temporary:
        raise invalid("A temporary photo must be unpublished")
    photo = Photo(
        id=hub.next_id(),
        page=page.id,
        size=len(source or b""),
        digest=hashlib.sha256(source or b"").hexdigest(),
        caption=asked.text("caption") or asked.text("message"),
        alt_text=asked.text("alt_text_custom"),
        url=url,
        temporary=temporary,
        used=published,
    )
    hub.photos[photo.id] = photo
    if not published:
        return json_reply(200, {"id": photo.id})
    post = hub.post(page.id, photo.caption, asked.now, photos=(photo.id,))
    return json_reply(200, {"id": photo.id, "post_id": post.id})


def _parts(call: Call) -> dict[str, bytes]:
    """Give each part's bytes by its name (RFC 7578). What is no such form has none."""
    kind = call.headers.get("content-type", "")
    found = _BOUNDARY.search(kind)
    if not kind.lower().startswith("multipart/form-data") or found is None:
        return {}
    between = b"\r\n--" + found[1].encode()
    fields: dict[str, bytes] = {}
    for part in (b"\r\n" + call.body).split(between)[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        if name := _NAME.search(head):
            fields[name[1].decode(errors="replace")] = content
    return fields


ROUTES = {
    "POST /{}/photos": Route(
        handler=_create, permission="pages_manage_posts", task="CREATE_CONTENT"
    ),
}

"""The hosts for uploads: a film comes in chunks, one after another, without a token of its own.

https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
"""

import hmac
import re

from connector_vault.connector import Reply
from connector_vault.emulator import Call, json_reply

from .hub import Hub
from .records import Publication, Upload

__all__ = ["receive"]

_LIFE = 3600.0
"""Seconds an address to upload to is good for."""

_KINDS = frozenset({"video/mp4", "video/quicktime", "video/webm"})

_RANGE = re.compile(r"bytes ([0-9]{1,12})-([0-9]{1,12})/([0-9]{1,12})")


def receive(hub: Hub, call: Call, now: float) -> Reply:
    """Take one chunk. What breaks a rule is not taken, in part or whole."""
    hub.settle(now)
    found = _place(hub, call)
    if call.method != "PUT" or found is None:
        return _no(404, "There is no such upload")
    one, upload = found
    if now > one.begun + _LIFE or one.failed:
        return _no(403, "The address has expired")
    span = _span(call)
    if span is None:
        return _no(400, "The headers are malformed, or not those of this body")
    if upload.received == upload.size or span != (*upload.next_span, upload.size):
        return _progress(416, upload)
    upload.take(call.body)
    if upload.received < upload.size:
        return _progress(206, upload)
    one.arrived = now
    hub.settle(now)
    return _progress(201, upload)


def _span(call: Call) -> tuple[int, int, int] | None:
    """Read which bytes these are said to be, and of how many. None: they cannot be."""
    told = _RANGE.fullmatch(call.headers.get("content-range", ""))
    if told is None or call.headers.get("content-type") not in _KINDS:
        return None
    first, last, size = map(int, told.groups())
    return (first, last, size) if last - first + 1 == len(call.body) else None


def _place(hub: Hub, call: Call) -> tuple[Publication, Upload] | None:
    wanted, token = call.query.get("upload_id", ""), call.query.get("upload_token", "")
    for one in hub.publications.values():
        upload = one.upload
        if upload is None or one.id.rpartition(".")[2] != wanted:
            continue
        right = hmac.compare_digest(upload.token.encode(), token.encode())
        return (one, upload) if right else None
    return None


def _progress(status: int, upload: Upload) -> Reply:
    told = {"content-range": f"bytes 0-{upload.received}/{upload.size}"}
    return json_reply(status, {}, told)


def _no(status: int, words: str) -> Reply:
    return Reply(status, words.encode(), {"content-type": "text/plain; charset=utf-8"})

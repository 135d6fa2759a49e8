"""Films that are sent, rather than pulled: by Facebook Login alone.

https://developers.facebook.com/docs/instagram-platform/content-publishing/resumable-uploads
"""

import hashlib

from connector_vault.connector import Reply
from connector_vault.emulator import Call, json_reply

from .instagram_gram import Gram
from .instagram_records import Caller

__all__ = ["receive"]


def receive(gram: Gram, call: Call, caller: Caller, now: float) -> Reply:
    """Take all bytes of a film at once. They are counted and hashed, and not kept."""
    container = gram.containers.get(call.segments[-1])
    if container is None or container.account not in caller.accounts or not container.resumable:
        return _failed("RequestHeaderError", "There is no such upload")
    if call.method != "POST" or container.size >= 0:
        return _failed("ProcessingFailedError", "Request processing failed")
    offset, size = call.headers.get("offset", ""), call.headers.get("file_size", "")
    if offset != "0" or not size.isdecimal() or int(size) != len(call.body) or not call.body:
        return _failed("OffsetInvalidError", "Partial request did not match offset or file size")
    container.size = len(call.body)
    container.digest = hashlib.sha256(call.body).hexdigest()
    container.ready = now
    return json_reply(200, {"success": True, "message": "Upload successful."})


def _failed(kind: str, message: str) -> Reply:
    said = {"retriable": False, "type": kind, "message": message}
    return json_reply(400, {"debug_info": said})

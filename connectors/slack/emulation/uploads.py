"""Files: a place is asked for, the bytes go there, and then it is shared.

https://docs.slack.dev/reference/methods/files.getUploadURLExternal
https://docs.slack.dev/reference/methods/files.completeUploadExternal
"""

import json
import secrets
from collections.abc import Sequence

from connector_vault.connector import Json, Reply
from connector_vault.emulator import Call

from .answers import Problem
from .asked import Asked, Method
from .hub import Hub
from .places import may_write
from .records import Channel, Message, Stored
from .shapes import file_shape

__all__ = ["METHODS", "receive"]

_MOST = 1_073_741_824
"""Bytes of a file."""

_PLAIN = {"content-type": "text/plain; charset=utf-8"}


def _place(hub: Hub, asked: Asked) -> dict[str, Json]:
    name, length = asked.need("filename"), asked.args.get("length", "")
    # Of a length of 0 Slack says, too, that it is missing.
    if not length.isdecimal() or int(length) == 0:
        raise Problem("missing_argument")
    if int(length) > _MOST:
        raise Problem("file_upload_size_restricted")
    file = Stored(
        id=hub.next_id("F"),
        team=asked.user.team,
        user=asked.user.id,
        name=name,
        size=int(length),
        ticket=secrets.token_urlsafe(48),
        created=asked.now,
    )
    hub.files[file.id] = file
    url = f"{hub.policy.upload_origin}/upload/v1/{file.ticket}"
    return {"upload_url": url, "file_id": file.id}


def receive(hub: Hub, call: Call) -> Reply:
    """Take the bytes of a file. Who sends them is not asked: the address is a secret."""
    ticket = call.segments[-1]
    waiting = [one for one in hub.files.values() if one.ticket == ticket and one.content is None]
    if call.method != "POST" or call.segments[:2] != ("upload", "v1") or not waiting:
        return Reply(404, b"Not found", _PLAIN)
    if hub.policy.upload_status != 200:
        return Reply(hub.policy.upload_status, b"The upload failed", _PLAIN)
    (file,) = waiting
    content = _content(call)
    if len(content) != file.size:
        return Reply(400, b"The length is not what was announced", _PLAIN)
    file.content = content
    return Reply(200, f"OK - {file.size}".encode(), _PLAIN)


def _content(call: Call) -> bytes:
    kind = call.headers.get("content-type", "")
    mark, _, boundary = kind.partition("boundary=")
    if not mark.startswith("multipart/form-data"):
        return call.body
    part = call.body.split(b"--" + boundary.strip('"').encode())[1]
    return part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")


def _complete(hub: Hub, asked: Asked) -> dict[str, Json]:
    files = [_arrived(hub, asked, said) for said in _listed(asked)]
    named = asked.args.get("channel_id") or asked.args.get("channels", "")
    channels = [_shareable(hub, asked, one) for one in named.split(",") if one]
    for file, title in files:
        file.completed, file.title = True, title
        file.shared = tuple(channel.id for channel in channels)
    for channel in channels:
        _share(hub, asked, channel, [file for file, _ in files])
    return {"files": [file_shape(file) for file, _ in files]}


def _listed(asked: Asked) -> list[dict[str, Json]]:
    try:
        said: Json = json.loads(asked.need("files"))
    except ValueError:
        raise Problem("invalid_arguments") from None
    listed: list[Json] = [*said] if isinstance(said, list) else []
    if not listed:
        raise Problem("invalid_arguments")
    return [{**one} if isinstance(one, dict) else {} for one in listed]


def _arrived(hub: Hub, asked: Asked, said: dict[str, Json]) -> tuple[Stored, str]:
    file = hub.files.get(str(said.get("id", "")))
    if file is None or file.user != asked.user.id or file.content is None or file.completed:
        raise Problem("file_not_found")
    return file, str(said.get("title") or file.name)


def _shareable(hub: Hub, asked: Asked, name: str) -> Channel:
    channel = hub.channels.get(name)
    if channel is None or channel.team != asked.user.team:
        raise Problem("channel_not_found")
    may_write(asked, channel)
    return channel


def _share(hub: Hub, asked: Asked, channel: Channel, files: Sequence[Stored]) -> None:
    thread = asked.args.get("thread_ts", "")
    message = Message(
        ts=hub.next_ts(asked.now),
        user=asked.user.id,
        text=asked.args.get("initial_comment", ""),
        thread_ts=thread,
        files=tuple(file.id for file in files),
    )
    if thread and thread in channel.messages:
        channel.messages[thread].thread_ts = thread
    hub.post(channel, message)


def _info(hub: Hub, asked: Asked) -> dict[str, Json]:
    file = hub.files.get(asked.need("file", "file_not_found"))
    if file is None or not file.completed or file.team != asked.user.team:
        raise Problem("file_not_found")
    return {"file": file_shape(file)}


METHODS = {
    "files.getUploadURLExternal": Method(handler=_place, scopes=("files:write",), tier=100),
    "files.completeUploadExternal": Method(
        handler=_complete, scopes=("files:write",), tier=100, json=True
    ),
    "files.info": Method(handler=_info, scopes=("files:read",), tier=100),
}

"""What Slack tells of conversations, messages, people and files."""

from connector_vault.connector import Json

from .hub import Hub
from .records import Channel, Message, Person, Stored

__all__ = ["channel_shape", "file_shape", "message_shape", "person_shape"]


def channel_shape(channel: Channel, viewer: str) -> dict[str, Json]:
    """Give a conversation as this member, or outsider, sees it."""
    said: dict[str, Json] = {
        "id": channel.id,
        "created": int(channel.created),
        "is_archived": channel.archived,
        "is_im": channel.kind == "im",
        "is_mpim": channel.kind == "mpim",
        "is_private": channel.kind != "public_channel",
        "is_org_shared": False,
        "context_team_id": channel.team,
        "updated": int(channel.created * 1000),
    }
    if channel.kind == "im":
        others = [member for member in channel.members if member != viewer]
        return {**said, "user": (others or channel.members)[0], "is_user_deleted": False}
    note = {"value": channel.topic, "creator": channel.creator, "last_set": int(channel.created)}
    return {
        **said,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind == "public_channel",
        "is_group": channel.kind == "private_channel",
        "is_general": channel.name == "general",
        "is_member": viewer in channel.members,
        "is_shared": False,
        "is_ext_shared": False,
        "creator": channel.creator,
        "topic": note,
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "previous_names": [],
    }


def message_shape(hub: Hub, channel: Channel, message: Message) -> dict[str, Json]:
    """Give a message."""
    author = hub.people[message.user]
    said: dict[str, Json] = {
        "type": "message",
        "user": author.id,
        "ts": message.ts,
        "text": message.text,
        "team": author.team,
    }
    if author.bot_id:
        said |= {"bot_id": author.bot_id, "app_id": author.app_id}
    if message.blocks:
        said["blocks"] = message.blocks
    if message.thread_ts:
        said |= _thread(channel, message)
    if message.edited:
        said["edited"] = {"user": author.id, "ts": message.edited}
    if message.reactions:
        said["reactions"] = [
            {"name": name, "users": users, "count": len(users)}
            for name, users in message.reactions.items()
        ]
    if message.files:
        said |= {"files": [file_shape(hub.files[one]) for one in message.files], "upload": False}
    return said


def _thread(channel: Channel, message: Message) -> dict[str, Json]:
    said: dict[str, Json] = {"thread_ts": message.thread_ts}
    if message.is_reply:
        parent = channel.messages.get(message.thread_ts)
        subtype = {"subtype": "thread_broadcast"} if message.broadcast else {}
        return {**said, "parent_user_id": parent.user if parent else "", **subtype}
    replies = channel.replies(message.ts)
    return {
        **said,
        "reply_count": len(replies),
        "reply_users": list(dict.fromkeys(one.user for one in replies)),
        "latest_reply": replies[-1].ts if replies else message.ts,
        "is_locked": False,
    }


def person_shape(person: Person, *, mail: bool) -> dict[str, Json]:
    """Give somebody, with their address for who may know it."""
    profile: dict[str, Json] = {
        "real_name": person.real_name,
        "display_name": person.name,
        "real_name_normalized": person.real_name,
        "display_name_normalized": person.name,
        "title": "",
        "status_text": "",
        "status_emoji": "",
        "team": person.team,
    }
    if mail and person.email:
        profile["email"] = person.email
    if person.bot_id:
        profile |= {"bot_id": person.bot_id, "api_app_id": person.app_id}
    return {
        "id": person.id,
        "team_id": person.team,
        "name": person.name,
        "deleted": False,
        "real_name": person.real_name,
        "tz": "Europe/London",
        "tz_offset": 0,
        "profile": profile,
        "is_admin": False,
        "is_owner": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": bool(person.bot_id),
        "is_app_user": False,
        "updated": int(person.created),
    }


def file_shape(file: Stored) -> dict[str, Json]:
    """Give a file."""
    place = f"https://files.slack.com/files-pri/{file.team}-{file.id}"
    return {
        "id": file.id,
        "created": int(file.created),
        "timestamp": int(file.created),
        "name": file.name,
        "title": file.title or file.name,
        "mimetype": "application/octet-stream",
        "filetype": "binary",
        "user": file.user,
        "user_team": file.team,
        "size": file.size,
        "mode": "hosted",
        "is_external": False,
        "is_public": False,
        "url_private": f"{place}/{file.name}",
        "url_private_download": f"{place}/download/{file.name}",
        "permalink": f"https://emulated.slack.com/files/{file.user}/{file.id}/{file.name}",
        "channels": list(file.shared),
        "groups": [],
        "ims": [],
    }

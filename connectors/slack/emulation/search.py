"""Searching what a person can see.

https://docs.slack.dev/reference/methods/search.messages
"""

from connector_vault.connector import Json

from .answers import Problem
from .asked import Asked, Method
from .hub import Hub
from .records import Channel, Message

__all__ = ["METHODS"]


def _search(hub: Hub, asked: Asked) -> dict[str, Json]:
    query = asked.args.get("query", "")
    if not query.strip():
        raise Problem("no_query")
    found = [
        (channel, message)
        for channel in hub.channels.values()
        if channel.team == asked.user.team and _sees(asked, channel)
        for message in channel.messages.values()
        if all(_fits(hub, word, channel, message) for word in query.split())
    ]
    newest_first = asked.args.get("sort_dir", "desc") == "desc"
    found.sort(key=lambda one: one[1].ts, reverse=newest_first)
    count, page = asked.whole("count", 20, 100), asked.whole("page", 1, 100)
    some = found[(page - 1) * count : page * count]
    pages = -(-len(found) // count)
    paging = {"count": count, "total": len(found), "page": page, "pages": pages}
    matches = [_match(hub, asked, channel, message) for channel, message in some]
    return {
        "query": query,
        "messages": {"total": len(found), "paging": paging, "matches": matches},
    }


def _sees(asked: Asked, channel: Channel) -> bool:
    return channel.kind == "public_channel" or asked.user.id in channel.members


def _fits(hub: Hub, word: str, channel: Channel, message: Message) -> bool:
    kind, _, name = word.partition(":")
    if kind == "in" and name:
        return channel.name == name.removeprefix("#")
    if kind == "from" and name:
        return hub.people[message.user].name == name.removeprefix("@")
    return word.lower() in message.text.lower()


def _match(hub: Hub, asked: Asked, channel: Channel, message: Message) -> dict[str, Json]:
    name = f"p{message.ts.replace('.', '')}"
    return {
        "iid": f"{channel.id}-{message.ts}",
        "team": channel.team,
        "score": 0,
        "channel": {
            "id": channel.id,
            "name": channel.name,
            "is_private": channel.kind != "public_channel",
            "is_mpim": channel.kind == "mpim",
        },
        "type": "message",
        "user": message.user,
        "username": hub.people[message.user].name,
        "ts": message.ts,
        "text": message.text,
        "permalink": f"https://{asked.team.domain}.slack.com/archives/{channel.id}/{name}",
    }


METHODS = {
    "search.messages": Method(handler=_search, scopes=("search:read",), tier=20, bots=False),
}

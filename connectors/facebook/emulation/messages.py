"""Conversations of people with a Page.

https://developers.facebook.com/docs/messenger-platform/conversations
"""

from connector_vault.connector import Json, Reply
from connector_vault.emulator import json_reply

from .answers import Refusal, absent, invalid, stamp
from .asked import Asked, Route, chosen, fields_of, named, paged
from .hub import DAY, Hub
from .records import Message

__all__ = ["ROUTES", "conversation_fields"]

_TOLD = 20
"""How many messages of a conversation are told of."""


def _conversations(hub: Hub, asked: Asked) -> Reply:
    page = asked.page(hub)
    if asked.text("platform", "messenger").lower() != "messenger":
        return paged(asked, [])
    mine = [one for one in hub.messages if one.page == page.id]
    latest = {one.person.id: one for one in mine}
    ordered = sorted(latest.values(), key=lambda one: one.created, reverse=True)
    wanted = asked.text("fields")
    threads = ([one for one in mine if one.person.id == last.person.id] for last in ordered)
    return paged(asked, [_thread(hub, one, wanted) for one in threads])


def _thread(hub: Hub, messages: list[Message], wanted: str) -> Json:
    """Tell of a conversation, the oldest message first, what was asked for."""
    last, inner = messages[-1], fields_of(wanted).get("messages", "")
    people: list[Json] = [
        {"id": last.person.id, "name": last.person.name},
        {"id": last.page, "name": hub.pages[last.page].name},
    ]
    everything: dict[str, Json] = {
        "id": f"t_{last.person.id}",
        "updated_time": stamp(last.created),
        "snippet": last.text,
        "message_count": len(messages),
        "unread_count": 0,
        "participants": {"data": people},
        "link": f"/{last.page}/inbox/{last.person.id}/",
        "can_reply": True,
        "messages": {"data": [_message(hub, one, inner) for one in messages[::-1][:_TOLD]]},
    }
    return chosen("UnifiedThread", wanted, everything, "link", "updated_time")


def _messages(hub: Hub, asked: Asked) -> Reply:
    person = asked.node.removeprefix("t_")
    mine = [one for one in hub.messages if one.page == asked.token.page and one.person.id == person]
    if not asked.node.startswith("t_") or not mine:
        raise absent("GET", asked.node)
    newest = [*reversed(mine)][:_TOLD]
    return paged(asked, [_message(hub, one, asked.text("fields")) for one in newest])


def conversation_fields(hub: Hub, asked: Asked, wanted: str) -> Json:
    """Tell of a conversation what was asked for, with its newest messages if they were."""
    asked.needs(_NEEDED, "MESSAGING")
    person, page = asked.node.removeprefix("t_"), asked.token.page
    mine = [one for one in hub.messages if (one.page, one.person.id) == (page, person)]
    if not mine:
        raise absent("GET", asked.node)
    return _thread(hub, mine, wanted)


def _message(hub: Hub, message: Message, wanted: str) -> Json:
    person = {"id": message.person.id, "name": message.person.name}
    page = {"id": message.page, "name": hub.pages[message.page].name}
    everything: dict[str, Json] = {
        "id": message.id,
        "message": message.text,
        "created_time": stamp(message.created),
        "from": page if message.from_page else person,
        "to": {"data": [person if message.from_page else page]},
    }
    return chosen("Message", wanted, everything, "created_time")


def _send(hub: Hub, asked: Asked) -> Reply:
    page, recipient, message = asked.page(hub), asked.value("recipient"), asked.value("message")
    person, text = str(named(recipient).get("id")), named(message).get("text")
    if not isinstance(text, str) or not text:
        raise invalid("The parameter message is required")
    theirs = [one for one in hub.messages if one.page == page.id and one.person.id == person]
    if not theirs:
        raise invalid("No matching user found", 2018001)
    written = [one.created for one in theirs if not one.from_page]
    if asked.now > max(written, default=0.0) + DAY:
        words = "(#10) This message is sent outside of allowed window."
        raise Refusal(400, 10, words, 2018278)
    made = Message(
        id="m_" + hub.next_id(),
        page=page.id,
        person=theirs[0].person,
        from_page=True,
        text=text,
        created=asked.now,
    )
    hub.messages.append(made)
    return json_reply(200, {"recipient_id": person, "message_id": made.id})


_NEEDED = "pages_messaging"

ROUTES = {
    "GET /{}/conversations": Route(handler=_conversations, permission=_NEEDED, task="MESSAGING"),
    "GET /{}/messages": Route(handler=_messages, permission=_NEEDED, task="MESSAGING"),
    "POST /{}/messages": Route(handler=_send, permission=_NEEDED, task="MESSAGING"),
}

"""People, bots, and what they put on messages.

https://docs.slack.dev/reference/methods/users.list
https://docs.slack.dev/reference/methods/reactions.add
"""

import re

from connector_vault.connector import Json

from .answers import Problem
from .asked import Asked, Method
from .hub import Hub
from .places import found_message, seen
from .shapes import person_shape

__all__ = ["METHODS"]

_EMOJI = re.compile(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?")


def _list(hub: Hub, asked: Asked) -> dict[str, Json]:
    if asked.seat.home != asked.seat.team and not asked.args.get("team_id"):
        raise Problem("missing_argument")
    found = [one for one in hub.people.values() if one.team == asked.user.team]
    some, more = asked.page(found, asked.whole("limit", len(found), 1000))
    members = [person_shape(one, mail=_sees_mail(asked)) for one in some]
    return {"members": members, "cache_ts": int(asked.now), **more}


def _info(hub: Hub, asked: Asked) -> dict[str, Json]:
    person = hub.people.get(asked.need("user", "user_not_found"))
    if person is None or person.team != asked.user.team:
        raise Problem("user_not_found")
    return {"user": person_shape(person, mail=_sees_mail(asked))}


def _lookup(hub: Hub, asked: Asked) -> dict[str, Json]:
    email = asked.need("email", "users_not_found").lower()
    for person in hub.people.values():
        if person.team == asked.user.team and person.email == email:
            return {"user": person_shape(person, mail=True)}
    raise Problem("users_not_found")


def _sees_mail(asked: Asked) -> bool:
    return "users:read.email" in asked.seat.scopes


def _react(hub: Hub, asked: Asked) -> dict[str, Json]:
    channel = seen(hub, asked)
    message = found_message(asked, channel, "timestamp")
    name = asked.need("name", "invalid_name")
    if not _EMOJI.fullmatch(name):
        raise Problem("invalid_name")
    if asked.user.id not in channel.members:
        raise Problem("not_in_channel")
    users = message.reactions.setdefault(name, [])
    if asked.user.id in users:
        raise Problem("already_reacted")
    users.append(asked.user.id)
    return {}


METHODS = {
    "users.list": Method(handler=_list, scopes=("users:read",), tier=20),
    "users.info": Method(handler=_info, scopes=("users:read",), tier=100),
    "users.lookupByEmail": Method(handler=_lookup, scopes=("users:read.email",)),
    "reactions.add": Method(handler=_react, scopes=("reactions:write",), json=True),
}

"""Who is there.

https://developers.notion.com/reference/get-users
"""

from connector_vault.connector import Json, Reply

from .access import need
from .answers import missing, say
from .asked import Asked, Handler
from .hub import Hub
from .paging import listing
from .shapes import bot_shape, person_shape

__all__ = ["ROUTES"]


def _me(hub: Hub, asked: Asked) -> Reply:
    return say(bot_shape(hub, asked))


def _known(hub: Hub, asked: Asked) -> list[dict[str, Json]]:
    workspace = hub.person(asked.bot).workspace
    members = [one for one in hub.people.values() if one.workspace == workspace]
    return [*(person_shape(asked, one) for one in members), bot_shape(hub, asked)]


def _list(hub: Hub, asked: Asked) -> Reply:
    need(asked, "read_users")
    users = _known(hub, asked)
    return say(listing(asked.query, "user", users, lambda one: one, lambda one: str(one["id"])))


def _get(hub: Hub, asked: Asked) -> Reply:
    need(asked, "read_users")
    name = asked.id()
    for one in _known(hub, asked):
        if one["id"] == name:
            return say(one)
    raise missing("user", name)


ROUTES: dict[str, Handler] = {
    "GET /v1/users/me": _me,
    "GET /v1/users": _list,
    "GET /v1/users/{}": _get,
}

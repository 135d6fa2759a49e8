"""What X tells of people."""

from connector_vault.connector import Reply
from connector_vault.emulator import json_reply

from .answers import absent, given
from .asked import Asked, Route
from .hub import Hub
from .words import POST_QUERY, Words

__all__ = ["ROUTES"]

_READ = ("tweet.read", "users.read")


def _me(hub: Hub, asked: Asked) -> Reply:
    return given(Words.of(hub, asked, people=True).user(hub, asked.user))


def _named(hub: Hub, asked: Asked) -> Reply:
    (username,) = asked.names
    words, user = Words.of(hub, asked, people=True), hub.people.get(username.lower())
    if user is None:
        return json_reply(200, {"errors": [absent("user", "username", username)]})
    return given(words.user(hub, user))


ROUTES = (
    Route(handler=_me, name="GET /2/users/me", scopes=_READ, query=POST_QUERY),
    Route(handler=_named, name="GET /2/users/by/username/{}", scopes=_READ, query=POST_QUERY),
)

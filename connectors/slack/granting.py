"""How Slack is asked for scopes, and the token sets in its answers.

One consent may give a bot's tokens and a person's. In our lists of scopes a person's are written
with `user:` before them; once granted, they go by Slack's own names.

https://docs.slack.dev/authentication/installing-with-oauth
"""

import json
from collections.abc import Mapping, Sequence

from connector_vault.connector import Json, RateLimited, Reply, retry_after

from .answers import LATER

__all__ = ["answers", "asking", "granted"]

_USER = "user:"

_PERSONS = ("xoxp-", "xoxe.xoxp-")
"""How a person's access token begins."""

_FIELDS = ("access_token", "expires_in", "refresh_token", "scope")


def asking(scopes: tuple[str, ...]) -> Mapping[str, str]:
    """Give the parameters that ask for a bot's scopes and for a person's."""
    said = {
        "scope": ",".join(scope for scope in scopes if not scope.startswith(_USER)),
        "user_scope": ",".join(
            scope.removeprefix(_USER) for scope in scopes if scope.startswith(_USER)
        ),
    }
    return {name: value for name, value in said.items() if value}


def granted(access: str, scopes: frozenset[str]) -> frozenset[str]:
    """Keep of what was asked for what is this token's, where an answer names no scope."""
    persons = frozenset(scope for scope in scopes if scope.startswith(_USER))
    if not persons:
        return scopes
    if access.startswith(_PERSONS):
        return frozenset(scope.removeprefix(_USER) for scope in persons)
    return scopes - persons


def answers(reply: Reply) -> Sequence[Json]:
    """Give the bot's token set, then the person's; or the error, which has status 200.

    The answer to a refresh of a person's token has it at the top, or where a consent has it.

    Raises:
        RateLimited: Slack wants a pause.
    """
    said: Json = json.loads(reply.body)
    person: Json = said.get("authed_user") or {}
    sets: list[Json] = [
        {name: place[name] for name in _FIELDS if name in place}
        for place in (said, person)
        if place.get("access_token")
    ]
    if sets:
        return sets
    if said.get("error") in LATER:
        raise RateLimited(retry_after(reply))
    return ({"error": said.get("error")},)

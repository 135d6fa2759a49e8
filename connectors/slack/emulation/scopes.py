"""Scopes that bots, and those that people, can grant.

https://docs.slack.dev/reference/scopes
"""

from collections.abc import Iterable

__all__ = ["split", "unknown"]

_BOTH = {
    *(
        f"{kind}:{right}"
        for kind in ("channels", "groups", "im", "mpim")
        for right in ("history", "read")
    ),
    *(f"{kind}:write" for kind in ("groups", "im", "mpim", "chat", "files", "pins", "reactions")),
    *("emoji:read", "files:read", "pins:read", "reactions:read", "team:read", "usergroups:read"),
    *("users.profile:read", "users:read", "users:read.email", "users:write", "links:read"),
}

_BOTS = _BOTH | {
    *("app_mentions:read", "channels:join", "channels:manage", "chat:write.customize"),
    *("chat:write.public", "commands", "im:write", "incoming-webhook"),
}

_PEOPLES = _BOTH | {
    *("channels:write", "identify", "search:read", "search:read.public", "search:read.private"),
    *("search:read.im", "search:read.mpim", "search:read.files", "search:read.users", "stars:read"),
}


def split(text: str) -> tuple[str, ...]:
    """Read a list of scopes: by commas, as documented, and by spaces."""
    return tuple(dict.fromkeys(text.replace(",", " ").split()))


def unknown(bots: Iterable[str], peoples: Iterable[str]) -> tuple[str, ...]:
    """Give those that cannot be granted to a bot, or by a person."""
    return tuple(sorted((set(bots) - _BOTS) | (set(peoples) - _PEOPLES)))

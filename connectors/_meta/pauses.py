"""How long Meta wants us to wait: it names no time but in a header of its own.

https://developers.facebook.com/docs/graph-api/overview/rate-limiting
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from connector_vault.connector import Json, Refused, Reply, read, retry_after

__all__ = ["pause"]

_HEADER = "x-business-use-case-usage"
_MINUTE = 60.0
_LEAST, _MOST = 1.0, 86_400.0
"""Seconds."""

_LONG = {368: 3600.0}
"""Seconds, where somebody was blocked for what they did: trying again makes it worse."""

_USUAL = 300.0
"""Seconds. Limits are counted over the hour before, so that some of it passes all the time."""


_OURS = frozenset({"instagram", "messenger", "pages"})
_OF = {32: {"pages"}, 80001: {"pages"}, 80002: {"instagram"}, 80006: {"messenger"}}
"""Use cases, by what Meta calls them: those of our tools, and that which an error is about. Others,
such as advertising by the same app, have waits of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    type: str = ""
    estimated_time_to_regain_access: float = 0
    """Minutes."""


def pause(reply: Reply, code: int) -> float:
    """Give the seconds to wait, after an error with this code."""
    if "retry-after" in reply.headers:
        return max(_LEAST, retry_after(reply))
    waits = [(use.type, use.estimated_time_to_regain_access) for use in _uses(reply)]
    for types in (_OF.get(code, _OURS), _OURS, {kind for kind, _ in waits}):
        minutes = max((wait for kind, wait in waits if kind in types), default=0.0)
        if minutes > 0:
            return min(minutes * _MINUTE, _MOST)
    return _LONG.get(code, _USUAL)


def _uses(reply: Reply) -> Iterator[_Use]:
    try:
        said: Json = json.loads(reply.headers.get(_HEADER, "{}"))
        found = read(dict[str, tuple[Json, ...]], said)
    except (RecursionError, Refused, ValueError):
        return
    for one in (use for some in found.values() for use in some):
        try:
            yield read(_Use, one)
        except Refused:
            # It says nothing, and the others do.
            continue

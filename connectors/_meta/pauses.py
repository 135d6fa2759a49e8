"""How long Meta wants us to wait: it names no time but in a header of its own.

https://developers.facebook.com/docs/graph-api/overview/rate-limiting
"""

import json
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    estimated_time_to_regain_access: float = 0
    """Minutes."""


def pause(reply: Reply, code: int) -> float:
    """Give the seconds to wait, after an error with this code."""
    if "retry-after" in reply.headers:
        return max(_LEAST, retry_after(reply))
    minutes = max((one.estimated_time_to_regain_access for one in _uses(reply)), default=0.0)
    if minutes > 0:
        return min(minutes * _MINUTE, _MOST)
    return _LONG.get(code, _USUAL)


def _uses(reply: Reply) -> list[_Use]:
    try:
        said: Json = json.loads(reply.headers.get(_HEADER, "{}"))
        found = read(dict[str, tuple[_Use, ...]], said)
    except (RecursionError, Refused, ValueError):
        return []
    return [use for some in found.values() for use in some]

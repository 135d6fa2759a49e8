"""What a tool says it asks, and what of that changes something. Pure."""

import re
from functools import lru_cache

from connector_vault.connector import Request, Tool
from connector_vault.errors import NotAllowed

__all__ = ["changes", "check_declared"]

_PLAIN = r"(?:[A-Za-z0-9_.~!$&'()*+,=:@-]|%(?!2[5EFef]|3[Bb]|5[Cc]|[01]|7[Ff])[0-9A-Fa-f]{2})+"

_HOLES = {
    "{}": r"(?:(?!%2[Ff]|%5[Cc])[^/])+",
    "{/}": "[^/]+",
    "{plain}": _PLAIN,
    "{plain*}": f"{_PLAIN}(?:/{_PLAIN})*/?",
}
"""A segment without a slash in it, and one that stands for several: servers that decode before they
route see the slashes. And a segment, or some, in which nothing can be read in two ways."""

_SHOWN = 8
"""Requests that an error lists."""

_RANGE = re.compile(r"bytes \d+-(\d{1,18})/(\d{1,18})")


def check_declared(tool: Tool, request: Request) -> None:
    """Let only a request pass that a tool says it makes.

    Raises:
        NotAllowed: it is another.
    """
    if tool.requests:
        allowed = _pattern(tool.requests).fullmatch(f"{request.method} {request.url}") is not None
    else:
        allowed = request.method == "GET" or tool.effect != "reads"
    if not allowed:
        words = f"{tool.name} asked for what it does not declare, with {request.method[:7]}"
        raise NotAllowed(f"{words}: {_told(tool)}")


def _told(tool: Tool) -> str:
    if not tool.requests:
        return "its author names each of its requests in `requests`"
    some = ", ".join(tool.requests[:_SHOWN]) + (", …" if tool.requests[_SHOWN:] else "")
    return f"it may ask {some.replace('{plain}', '{}').replace('{plain*}', '*')}"


def changes(tool: Tool, request: Request) -> bool:
    """Tell whether a request may change something that somebody sees."""
    if request.method == "GET" or tool.effect == "reads":
        # Some providers are asked by POST, too.
        return False
    if not request.url.startswith("/") and _is_unfinished(request):
        return False
    if _pattern(tool.silent).fullmatch(f"{request.method} {request.url}"):
        return False
    return not request.url.startswith(tuple(f"{one}/" for one in tool.silent))


def _is_unfinished(request: Request) -> bool:
    # A piece of an upload after which more has to come (RFC 9110 §14.4): nobody sees it yet.
    said = {name.lower(): one for name, one in request.headers.items()}
    found = _RANGE.fullmatch(said.get("content-range", ""))
    return found is not None and int(found[1]) + 1 < int(found[2])


@lru_cache(maxsize=1024)
def _pattern(requests: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(_shape, requests)))


def _shape(request: str) -> str:
    parts = re.split(r"(\{(?:/|plain\*?)?\})", request)
    return "".join(_HOLES.get(part) or re.escape(part) for part in parts)

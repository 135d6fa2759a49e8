"""A request that was not sent, a reply that came, and what a reply says."""

import base64
import json
import re
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Protocol, runtime_checkable
from urllib.parse import quote, quote_plus, unquote, urlencode

from connector_vault.errors import BadArguments, NotAllowed, RateLimited, Reconnect, Refused
from connector_vault.model import Client

__all__ = [
    "Delivery",
    "File",
    "Flow",
    "Json",
    "Part",
    "Parts",
    "Reply",
    "Request",
    "basic",
    "check_request",
    "fill",
    "is_among",
    "plain_answer",
    "retry_after",
]

Json = Any
"""A decoded JSON body. Only `Api` and a connector's functions see one; tools get types."""

_HOLE = re.compile(r"\{/?\}")
_TRICK = re.compile(r"[\x00-\x1f\x7f\\]|%(2f|5c|2e|00)", re.IGNORECASE)
"""What no name at a provider needs, and what a server that decodes twice would act on."""

_METHODS = frozenset({"DELETE", "GET", "PATCH", "POST", "PUT"})

_ADDRESS = re.compile(r"(?:https?://[^/?#\\]+)?/(?:(?![?#\\])[\x21-\x7e])*")
"""A path, or a whole address, without a query: that has a place of its own in a `Request`."""

_NOT_A_TOOLS = frozenset(
    {
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "cookie",
        "expect",
        "forwarded",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "x-http-method",
        "x-http-method-override",
        "x-method-override",
    }
)
"""Headers that say who asks, whom, how long a message is, and that a GET is no GET."""

_FROM_PROXIES = "x-forwarded-"

_MEANS_A_METHOD = ("_method", "method")
"""Query parameters by which some servers take one method for another."""

_MAX_PATH_VALUE = 4096
"""Characters."""

_MAX_PAUSE = 366 * 86400.0
"""Seconds. More is a mistake."""

_PIECE = 256 * 1024
"""Bytes of a file read at a time."""

_DEFAULT_PAUSE = 60.0
"""Seconds, where a provider says "later" but not when."""


@runtime_checkable
class File(Protocol):
    """Bytes the caller handed to the gateway. Never a path of the agent's choosing."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int:
        """Bytes."""
        ...

    def read(self, piece: range) -> bytes:
        """Give the bytes at these positions."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a file, read while it is sent."""

    file: File
    span: range

    def __len__(self) -> int:
        return len(self.span)


@dataclass(frozen=True, slots=True)
class Parts:
    """A body that need not be held whole: bytes, and stretches of files."""

    parts: tuple[bytes | Part, ...] = field(repr=False)

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __iter__(self) -> Iterator[bytes]:
        for part in self.parts:
            if isinstance(part, bytes):
                yield part
                continue
            for at in part.span[::_PIECE]:
                yield part.file.read(range(at, min(at + _PIECE, part.span.stop)))


@dataclass(frozen=True, slots=True)
class Flow:
    """A body that comes in pieces, once. It cannot be sent again."""

    size: int
    pieces: AsyncIterator[bytes] = field(repr=False)

    def __len__(self) -> int:
        return self.size


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request that has not been sent."""

    method: str
    url: str
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    json: Json = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    content: "bytes | Parts | Flow | None" = field(default=None, repr=False)

    def body(self) -> "bytes | Parts | Flow | None":
        """Give what is sent after the headers."""
        if self.json is not None:
            return json.dumps(self.json, separators=(",", ":"), allow_nan=False).encode()
        if self.form is not None:
            return urlencode(self.form).encode()
        return self.content

    def all_headers(self) -> dict[str, str]:
        """Give the headers, with the one that says what the body is."""
        if self.json is not None:
            return {"Content-Type": "application/json", **self.headers}
        if self.form is not None:
            return {"Content-Type": "application/x-www-form-urlencoded", **self.headers}
        return dict(self.headers)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. Header names are lower case."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    def json(self) -> Json:
        """Decode the body; an empty one is None.

        Raises:
            Refused: it is not JSON.
        """
        try:
            return json.loads(self.body or b"null")
        except ValueError:
            code = f"{self.status}"
            raise Refused(code, "the answer is not JSON") from None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a provider sent to us, as it came."""

    headers: Mapping[str, str] = field(repr=False)
    """Names are lower case."""
    body: bytes = field(default=b"", repr=False)
    query: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    at: int = 0
    """When it came, in seconds since 1970 UTC."""


def check_request(request: Request) -> None:
    """Let only a request of a tool pass that says no more than a tool may say.

    Raises:
        NotAllowed: it sets a header that is not its own to set, or its url is neither a plain path
            nor a whole address.
    """
    if not all(map(is_a_tools, request.headers)):
        raise NotAllowed("a tool set a header that is not its own to set")
    for name, value in request.query.items():
        another = name.lower() in _MEANS_A_METHOD and str(value).upper() in _METHODS
        if another or name.lower() == "access_token":
            raise NotAllowed("a tool named a token or another method in a query")
    pieces = unquote(request.url).replace("\\", "/").split("/")
    climbs = any(piece in (".", "..") for piece in pieces)
    plain = _ADDRESS.fullmatch(request.url) and not climbs
    if request.method not in _METHODS or not plain:
        raise NotAllowed("a tool asked for an address that is not a plain path of its API")


def is_a_tools(header: str) -> bool:
    """Tell whether a header is a tool's to set."""
    name = header.lower()
    return name not in _NOT_A_TOOLS and not name.startswith(_FROM_PROXIES)


def is_among(url: str, origins: Collection[str]) -> bool:
    """Tell whether an address is at one of `origins`; `https://*.example.com` is at each below."""
    scheme, _, rest = url.partition("://")
    host = rest.partition("/")[0].lower()
    first, _, below = host.partition(".")
    plain = first != "" and "@" not in host
    return f"{scheme}://{host}" in origins or (plain and f"{scheme}://*.{below}" in origins)


def plain_answer(reply: Reply) -> Json:
    """Give what a reply says, or raise the error its status names."""
    if reply.status == 401:
        raise Reconnect("401")
    if reply.status == 429:
        raise RateLimited(retry_after(reply))
    if reply.status >= 300:
        raise Refused(str(reply.status))
    return reply.json()


def retry_after(reply: Reply) -> float:
    """Give the seconds a reply asks us to wait (RFC 9110 §10.2.3), measured by its own clock."""
    said = reply.headers.get("retry-after", "")
    if said.isdecimal():
        return min(float(said), _MAX_PAUSE)
    try:
        until = parsedate_to_datetime(said)
        now = parsedate_to_datetime(reply.headers.get("date", ""))
        return min(max(0.0, (until - now).total_seconds()), _MAX_PAUSE)
    except (TypeError, ValueError):
        return _DEFAULT_PAUSE


def basic(client: Client) -> dict[str, str]:
    """Give the client's id and secret as an HTTP Basic header (RFC 6749 §2.3.1, RFC 7617)."""
    pair = f"{quote_plus(client.id)}:{quote_plus(client.secret.reveal())}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def fill(path: str, *values: str | int) -> str:
    """Put `values` into the holes of `path`, so that none can add a segment or climb one.

    `{}` takes one segment. `{/}` takes a path of several, sent as one encoded segment.

    Raises:
        BadArguments: a value is empty, only dots, or holds a slash or an encoded one.
    """
    holes = _HOLE.findall(path)
    texts = _HOLE.split(path)
    if len(holes) != len(values):
        msg = f"{path} takes {len(holes)} values, not {len(values)}"
        raise BadArguments(msg)
    filled = [_segment(str(value), hole) for hole, value in zip(holes, values, strict=True)]
    return texts[0] + "".join(a + b for a, b in zip(filled, texts[1:], strict=True))


def _segment(value: str, hole: str) -> str:
    pieces = value.split("/") if hole == "{/}" else [value]
    if len(value) > _MAX_PATH_VALUE or _TRICK.search(value):
        raise BadArguments("a name in the address holds an encoded or odd character: give it plain")
    if any(piece in ("", ".", "..") for piece in pieces):
        raise BadArguments(
            "a name in the address is empty or only dots: give the name itself, not a path"
        )
    if hole == "{}" and "/" in value:
        raise BadArguments("a name in the address holds a slash: give the name itself, not a path")
    return quote(value, safe="")

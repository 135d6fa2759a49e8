"""The one place that sends. Every request has a deadline, a list of origins and a size limit."""

import asyncio
import logging
import socket
from collections.abc import AsyncGenerator, Collection, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Literal, Protocol, runtime_checkable
from urllib.parse import urlsplit

import httpx2

from connector_vault.answer import Answer
from connector_vault.connector import Connector, Reply, Request
from connector_vault.connector.wire import Flow, Parts
from connector_vault.errors import (
    Misconfigured,
    NotAllowed,
    OutcomeUnknown,
    TimedOut,
    Unreachable,
)

__all__ = ["LOOPBACK", "Http", "open_http", "origin_of", "origins_of", "read_body"]

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

_MAX_TOKEN_REPLY = 256 * 1024
"""Bytes of a token endpoint's answer. The largest known is below 8 KiB."""

_MAX_CONNECTIONS = 200
_MAX_IDLE = 40
"""Of those, kept for the next request. httpcore2 looks through all of them for each one."""

_UNACKNOWLEDGED = 20_000
"""Milliseconds. As long as the one request of a refresh may take: see `lifecycle.SEND`."""

_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
"""What httpx2 raises before a byte of the request has left."""


class Http:
    """Sends requests to the origins it is told, and nowhere else. Made by `open_http`."""

    def __init__(self, client: httpx2.AsyncClient, emulator: str | None) -> None:
        self._client = client
        self._emulator = emulator

    def address(self, url: str) -> str:
        """Give the address that stands for `url`: itself, or its place in the emulator.

        What is on this machine stands for itself: no provider is.
        """
        if self._emulator is None or url.startswith("http:"):
            return url
        return f"{self._emulator}/{url.split('://', 1)[1]}"

    async def send(
        self,
        request: Request,
        *,
        origins: Collection[str],
        deadline: float,
        limit: int = _MAX_TOKEN_REPLY,
    ) -> Reply:
        """Send one request, once, and read the whole answer. See `stream`."""
        async with self.stream(request, origins=origins, deadline=deadline, limit=limit) as answer:
            body = b"".join([piece async for piece in answer.pieces])
        return Reply(answer.status, body, answer.headers)

    @asynccontextmanager
    async def stream(
        self, request: Request, *, origins: Collection[str], deadline: float, limit: int
    ) -> AsyncGenerator[Answer]:
        """Send one request, once, without following a redirect, and give the answer as it comes.

        `deadline` is a time of the running loop's clock; `limit` is in bytes.

        Raises:
            NotAllowed: the url is not below one of `origins`, or it cannot be sent at all.
            Unreachable: no connection: nothing was sent.
            TimedOut: the deadline passed before anything was sent.
            OutcomeUnknown: it was sent, and no answer came that could be read whole.
        """
        origin = origin_of(request.url)
        if origin not in origins:
            msg = f"{origin} is not a host of this connector"
            raise NotAllowed(msg)
        if asyncio.get_running_loop().time() >= deadline:
            msg = f"the deadline had passed before {origin} was asked"
            raise TimedOut(msg)
        sent = _Sent()
        with _explained(origin, sent):
            async with asyncio.timeout_at(deadline):
                reply = await self._begin(request, sent)
                try:
                    pieces = _capped(reply, limit)
                    yield Answer(reply.status_code, dict(reply.headers), pieces)
                finally:
                    await reply.aclose()

    async def _begin(self, request: Request, sent: "_Sent") -> httpx2.Response:
        body = request.body()
        headers = _headers(request)
        if isinstance(body, Parts | Flow):
            headers["Content-Length"] = str(len(body))
        outgoing = self._client.build_request(
            request.method,
            self.address(request.url),
            params=dict(request.query) or None,
            headers=headers,
            content=read_body(body) if isinstance(body, Parts | Flow) else body,
            extensions={"trace": sent.trace},
        )
        return await self._client.send(outgoing, stream=True)


@asynccontextmanager
async def open_http(emulator: str | None = None) -> AsyncGenerator[Http]:
    """Open the client. `emulator`: the base URL, on loopback, that stands for the internet.

    Raises:
        Misconfigured: the emulator is not on loopback.
    """
    _silence()
    if emulator is not None:
        _check_emulator(emulator)
    # No cookie of one person's session may travel with another's request.
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))
    async with httpx2.AsyncClient(
        cookies=no_cookies,
        timeout=None,  # `send` bounds the whole exchange, which httpx2 cannot
        follow_redirects=False,
        trust_env=emulator is None,
        verify=emulator
        is None,  # an emulator speaks plain http, and certificates take long to load
        limits=httpx2.Limits(max_connections=_MAX_CONNECTIONS, max_keepalive_connections=_MAX_IDLE),
    ) as client:
        yield Http(client, emulator.rstrip("/") if emulator else None)


def _check_emulator(url: str) -> None:
    try:
        plain = origin_of(url).startswith("http://")
    except NotAllowed:
        plain = False
    if not plain:
        raise Misconfigured("an emulator is on this machine: http://127.0.0.1:PORT")


@lru_cache
def origin_of(url: str) -> str:
    """Give scheme, host and port of a url: `https://api.github.com`.

    Raises:
        NotAllowed: it is not https, nor http to this machine, or holds a user name.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise NotAllowed("an address begins with https:// and a host") from None
    plain = parts.scheme == "http" and parts.hostname in LOOPBACK
    if not (parts.scheme == "https" or plain) or not parts.hostname or "@" in parts.netloc:
        raise NotAllowed("an address begins with https:// and a host")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def origins_of(connector: Connector) -> frozenset[str]:
    """Give the origins that a connector's OAuth and API live on: the only ones to see a secret."""
    oauth = connector.oauth
    addresses = (connector.api, *((oauth.authorize, oauth.token) if oauth else ()))
    return frozenset(origin_of(address) for address in addresses)


@runtime_checkable
class _Stream(Protocol):
    """What httpx2 calls a connection, below HTTP."""

    def get_extra_info(self, info: Literal["socket"]) -> socket.socket: ...


class _Sent:
    """Whether the request has begun to leave: after that, nobody knows what it did."""

    def __init__(self) -> None:
        self.yes = False

    async def trace(self, event: str, info: Mapping[str, object]) -> None:
        if event.endswith("send_request_headers.started"):
            self.yes = True
        elif event == "connection.connect_tcp.complete":
            _bound(info["return_value"])


def _bound(stream: object) -> None:
    # What was sent and not acknowledged is given up by the kernel, too: without this it may be sent
    # again for minutes after the process that sent it has died.
    option = getattr(socket, "TCP_USER_TIMEOUT", None)  # Linux has it
    if option is not None and isinstance(stream, _Stream):
        stream.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, option, _UNACKNOWLEDGED)


@contextmanager
def _explained(origin: str, sent: _Sent) -> Generator[None]:
    try:
        yield
    except TimeoutError as error:
        if sent.yes:
            msg = f"{origin} did not answer before the deadline"
            raise OutcomeUnknown(msg) from error
        msg = f"{origin} could not be reached before the deadline"
        raise TimedOut(msg) from error
    except (httpx2.InvalidURL, httpx2.LocalProtocolError):
        raise NotAllowed("a request whose address or headers cannot be sent") from None
    except httpx2.HTTPError as error:
        # Only the class is told: httpx2 puts whole addresses into its messages.
        what = type(error).__name__
        if sent.yes and not isinstance(error, _NOT_SENT):
            msg = f"{origin} was sent the request and the connection broke ({what})"
            raise OutcomeUnknown(msg) from None
        msg = f"{origin} cannot be reached ({what})"
        raise Unreachable(msg) from None


def _headers(request: Request) -> dict[str, str]:
    # Uncompressed, so that a small answer cannot unfold into a large one.
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    headers["User-Agent"] = "connector-vault"
    return headers | request.all_headers()


async def read_body(body: Parts | Flow) -> AsyncGenerator[bytes]:
    """Give a body that is not held whole, as it is sent."""
    if isinstance(body, Flow):
        async for piece in body.pieces:
            yield piece
        return
    pieces = iter(body)

    def following() -> bytes | None:
        return next(pieces, None)

    # A caller's file may lie on a slow disk.
    while (part := await asyncio.to_thread(following)) is not None:
        yield part


async def _capped(reply: httpx2.Response, limit: int) -> AsyncGenerator[bytes]:
    size = 0
    async for piece in reply.aiter_bytes():
        size += len(piece)
        if size > limit:
            msg = f"the answer is longer than {limit:,} bytes, and was not read"
            raise OutcomeUnknown(msg)
        yield piece


def _silence() -> None:
    # They log whole addresses and headers; nobody needs that from a vault.
    for name in ("httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)

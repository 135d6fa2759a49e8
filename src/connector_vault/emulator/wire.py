"""HTTP/1.1 on one connection, with the wire in our hands (RFC 9112, by h11)."""

import asyncio
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus

import h11

from connector_vault.connector import Reply

__all__ = ["Junk", "Request", "Wire"]

_MAX_HEAD = 64 * 1024
"""Bytes of a request line and its headers."""

_MAX_BODY = 32 * 1024 * 1024
"""Bytes of a request's body."""

_REASONS = {status.value: status.phrase for status in HTTPStatus}

_BODILESS = (204, 304)
"""Statuses of replies that have no body (RFC 9110 §6.4.1)."""

_IDLE = 75.0
"""Seconds a client may leave us waiting, to send more or to take what we send."""

_PIECE = 65_536
"""Bytes read at once."""


class Junk(Exception):
    """Say that what came in is not HTTP, or too much of it."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One whole request. Header names are lower case."""

    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Wire:
    """One client's connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._machine = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD)
        self._head_only = False

    async def hear(self) -> Request | None:
        """Read one whole request. None: the client left, or fell silent.

        Raises:
            Junk: it is none.
        """
        try:
            head = await self._event()
            if not isinstance(head, h11.Request):
                return None
            self._head_only = head.method == b"HEAD"
            _check_length(head)
            return _request(head, await self._body())
        except h11.RemoteProtocolError as error:
            raise Junk(error.error_status_hint, str(error)) from None

    async def send(self, reply: Reply, now: float, *, whole: bool = True) -> None:
        """Send a reply; if not `whole`, only half of its body. `now` is seconds since 1970 UTC."""
        said = _REASONS.get(reply.status, "")
        head = h11.Response(status_code=reply.status, headers=_headers(reply, now), reason=said)
        # h11 knows which replies have no body, but refuses one that is offered all the same.
        body = b"" if self._head_only or reply.status in _BODILESS else reply.body
        pieces = [self._machine.send(head), self._machine.send(h11.Data(data=body))]
        if whole:
            pieces.append(self._machine.send(h11.EndOfMessage()))
        else:
            pieces[1] = body[: len(body) // 2]
        self._writer.write(b"".join(piece or b"" for piece in pieces))
        async with asyncio.timeout(_IDLE):
            await self._writer.drain()

    async def gone(self) -> None:
        """Wait until the client leaves."""
        while await self._reader.read(_PIECE):
            pass

    def again(self) -> bool:
        """Make ready for the next request. False: this connection is over."""
        if self._machine.our_state is not h11.DONE or self._machine.their_state is not h11.DONE:
            return False
        self._machine.start_next_cycle()
        return True

    def close(self) -> None:
        """End the connection, after what was written has left."""
        self._writer.close()

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        # A socket that lingers for zero seconds does not say goodbye.
        linger = struct.pack("ii", 1, 0)
        self._writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, linger
        )
        self._writer.transport.abort()

    async def _body(self) -> bytes:
        body = bytearray()
        while not isinstance(event := await self._event(), h11.EndOfMessage):
            if not isinstance(event, h11.Data):
                raise Junk(400, "the request broke off")
            body += event.data
            if len(body) > _MAX_BODY:
                raise Junk(413, "the body is too large")
        return bytes(body)

    async def _event(self) -> h11.Event | type[h11.PAUSED]:
        while True:
            event = self._machine.next_event()
            if event is h11.PAUSED or isinstance(event, h11.Event):
                return event
            if self._machine.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                self._writer.write(self._machine.send(go_on) or b"")
            async with asyncio.timeout(_IDLE):
                self._machine.receive_data(await self._reader.read(_PIECE))


def _check_length(head: h11.Request) -> None:
    # What is announced is refused before it is sent.
    for name, value in head.headers:
        if name == b"content-length" and int(value) > _MAX_BODY:
            raise Junk(413, "the body is too large")


def _request(head: h11.Request, body: bytes) -> Request:
    headers: dict[str, str] = {}
    for name, value in head.headers:
        key, text = name.decode("ascii"), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return Request(
        method=head.method.decode("ascii"),
        target=head.target.decode("ascii"),
        headers=headers,
        body=body,
    )


def _headers(reply: Reply, now: float) -> list[tuple[str, str]]:
    headers = {"date": formatdate(now, usegmt=True), **reply.headers}
    if reply.status not in _BODILESS:
        headers["content-length"] = str(len(reply.body))
    return list(headers.items())

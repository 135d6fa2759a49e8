"""What stands at the vault's end of a worker's way out: HTTP/1.1 in, an egress behind."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import replace
from urllib.parse import parse_qsl

import h11

from connector_vault.answer import Answer
from connector_vault.connector import Request
from connector_vault.connector.wire import Flow, is_among
from connector_vault.egress import Egress
from connector_vault.errors import BadArguments, ConnectorVaultError, NotAllowed
from connector_vault.sandbox.frames import ERROR, told

__all__ = ["Broker"]

_log = logging.getLogger(__name__)

MAX_SENT = 16 * 1024 * 1024
"""Bytes of a request's body that the vault holds whole, so that it can be sent again."""

_SMALL = 64 * 1024
"""Bytes of a body that are not worth passing through."""

_MAX_FLOW = 8 * 1024**3
"""Bytes of a body to an upload host, which passes through and is sent once."""

_MAX_HEAD = 32 * 1024
"""Bytes of a request's line and headers."""

_MAX_REQUESTS = 1000
"""Requests of one call."""

_PIECE = 16 * 1024
"""Bytes read at a time."""

_HOPS = frozenset({"content-length", "host", "transfer-encoding"})
"""Headers that are about this hop. What else a tool may not set, the egress refuses."""

_REPLACED = frozenset({"content-length", ERROR})
"""Headers of an answer that only we write."""

_MAX_QUERY = 1000
"""Parameters."""


class Broker:
    """Serves one call of one worker: whose call it is, the socket says."""

    def __init__(self, out: socket.socket, egress: Egress) -> None:
        self._out = out
        self._egress = egress
        self._wire = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD)
        self._flow: AsyncGenerator[bytes] | None = None
        """What is still to come of a body that passes through."""

    @property
    def quiet(self) -> bool:
        """Whether no request is half read or half answered."""
        return self._wire.states == {
            h11.CLIENT: h11.IDLE,
            h11.SERVER: h11.IDLE,
        } and self._wire.trailing_data == (b"", False)

    async def serve(self) -> None:
        """Answer one request after the other, until the worker ends or this is cancelled."""
        try:
            for _ in range(_MAX_REQUESTS):
                request = await self._hear()
                if request is None:
                    return
                await self._answer(request)
                self._wire.start_next_cycle()
        except (OSError, h11.ProtocolError):
            # What is no HTTP, and what breaks off, gets no answer.
            pass
        except Exception as error:  # noqa: BLE001  # else the worker would wait for its deadline
            # Without its text, which may hold anything.
            _log.error("a worker's request failed with %s: a bug of ours", type(error).__name__)
        # The worker sees the end.
        with suppress(OSError):
            self._out.shutdown(socket.SHUT_RDWR)

    async def _hear(self) -> Request | ConnectorVaultError | None:
        head = await self._next()
        if not isinstance(head, h11.Request):
            return None
        if self._is_large(head):
            return self._flowing(head)
        body = bytearray()
        while isinstance(part := await self._next(), h11.Data):
            body += part.data
            if len(body) > MAX_SENT:
                raise ConnectionAbortedError
        if not isinstance(part, h11.EndOfMessage):
            raise ConnectionAbortedError
        try:
            return self._read(head, bytes(body))
        except ConnectorVaultError as error:
            return error

    def _is_large(self, head: h11.Request) -> bool:
        # What goes to the provider's API carries the token, and may have to be sent twice.
        connector = self._egress.connector
        if head.target.startswith(f"{connector.api}/".encode()):
            return False
        target = head.target.decode("latin-1")
        hosts = {*connector.uploads, *connector.guarded}
        return _size_of(head) > _SMALL and is_among(target, hosts)

    def _flowing(self, head: h11.Request) -> Request | ConnectorVaultError:
        size = _size_of(head)
        if size > _MAX_FLOW:
            raise ConnectionAbortedError
        self._flow = self._pieces()
        try:
            return replace(self._read(head, b""), content=Flow(size, self._flow))
        except ConnectorVaultError as error:
            return error

    async def _pieces(self) -> AsyncGenerator[bytes]:
        while isinstance(part := await self._next(), h11.Data):
            yield bytes(part.data)
        if not isinstance(part, h11.EndOfMessage):
            raise ConnectionAbortedError

    async def _drain(self) -> None:
        # The worker listens once it has said everything, wanted or not.
        if self._flow is not None:
            async for _ in self._flow:
                pass
            self._flow = None

    def _read(self, head: h11.Request, body: bytes) -> Request:
        target = head.target.decode("latin-1")
        url, _, query = target.partition("?")
        api = self._egress.connector.api
        if url.startswith(f"{api}/"):
            url = url.removeprefix(api)
        elif url.startswith("/"):
            raise NotAllowed("a worker names a whole address, not a path")
        try:
            pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_MAX_QUERY)
        except ValueError:
            raise BadArguments("a request has too many parameters") from None
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}
        return Request(
            head.method.decode("latin-1"),
            url,
            query=dict(pairs),
            headers={name: value for name, value in headers.items() if name not in _HOPS},
            content=body or None,
        )

    async def _answer(self, request: Request | ConnectorVaultError) -> None:
        try:
            if isinstance(request, ConnectorVaultError):
                raise request
            async with self._egress.exchange(request) as answer:
                await self._drain()
                await self._pass_on(answer)
        except ConnectorVaultError as error:
            if self._wire.our_state is not h11.SEND_RESPONSE:
                # It has begun to answer: only breaking off says that this is not all.
                self._egress.broken = error
                raise ConnectionAbortedError from error
            await self._drain()
            await self._tell(error)

    async def _pass_on(self, answer: Answer) -> None:
        # The length was the provider's: what was masked may have another.
        headers = {name: said for name, said in answer.headers.items() if name not in _REPLACED}
        if answer.is_short:
            # At once, because each time the worker has to be woken up.
            body = b"".join([piece async for piece in answer.pieces])
            head = _head(answer.status, {**headers, "content-length": str(len(body))})
            await self._send(head, h11.Data(body), h11.EndOfMessage())
            return
        await self._send(_head(answer.status, {**headers, "transfer-encoding": "chunked"}))
        async for piece in answer.pieces:
            await self._send(h11.Data(piece))
        await self._send(h11.EndOfMessage())

    async def _tell(self, error: ConnectorVaultError) -> None:
        said = json.dumps(told(error))
        await self._send(_head(502, {"content-length": "0", ERROR: said}), h11.EndOfMessage())

    async def _next(self) -> h11.Event | None:
        while (event := self._wire.next_event()) is h11.NEED_DATA:
            piece = await asyncio.get_running_loop().sock_recv(self._out, _PIECE)
            self._wire.receive_data(piece)
        if not isinstance(event, h11.EndOfMessage):
            # Nothing above waits while there is more to read, and others need a turn.
            await asyncio.sleep(0)
        return event if isinstance(event, h11.Event) else None

    async def _send(self, *parts: h11.Event) -> None:
        message = b"".join(sent for part in parts if (sent := self._wire.send(part)))
        await asyncio.get_running_loop().sock_sendall(self._out, message)


def _size_of(head: h11.Request) -> int:
    said = dict(head.headers).get(b"content-length", b"0")
    return int(said) if said.isdigit() else 0


def _head(status: int, headers: Mapping[str, str]) -> h11.Response:
    return h11.Response(status_code=status, headers=list(headers.items()))

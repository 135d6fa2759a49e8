"""The one way out of a worker: HTTP over a socket it was born with."""

import asyncio
import json
import math
import socket
import time
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urlencode

import h11

from connector_vault.connector import Api, Connector, Json, Reply, Request
from connector_vault.connector.wire import Flow, check_request, is_among
from connector_vault.errors import NotAllowed, Unreachable
from connector_vault.sandbox.frames import ERROR, heard

__all__ = ["Door", "Line"]

_PIECE = 65536
"""Bytes read at a time."""


class Line:
    """HTTP/1.1, with the vault at the other end.

    One exchange follows the other: a tool that asks for several at once has them done in turn.
    """

    def __init__(self, out: socket.socket) -> None:
        out.setblocking(False)
        self._out = out
        self._wire = h11.Connection(h11.CLIENT)
        self._turn = asyncio.Lock()
        self._under_way: set[asyncio.Task[Reply]] = set()

    @property
    def quiet(self) -> bool:
        """Whether nothing is under way."""
        return not self._under_way

    async def exchange(self, request: Request) -> Reply:
        """Send a request whose url is whole, and give what comes back.

        Raises:
            Unreachable: the vault has hung up.
        """
        # Seen through: an answer that nobody fetches would be taken for the next one's.
        return await asyncio.shield(self._begin(self._in_turn(request)))

    def _begin(self, work: Coroutine[None, None, Reply]) -> asyncio.Task[Reply]:
        task = asyncio.get_running_loop().create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def _in_turn(self, request: Request) -> Reply:
        async with self._turn:
            try:
                await self._send(request)
                reply = await self._receive()
                self._wire.start_next_cycle()
            except h11.LocalProtocolError:
                self._wire = h11.Connection(h11.CLIENT)
                raise NotAllowed("a request whose address or headers cannot be sent") from None
            except (OSError, h11.RemoteProtocolError):
                raise Unreachable("the vault ended this exchange") from None
        return reply

    async def _send(self, request: Request) -> None:
        body = request.body() or b""
        if isinstance(body, Flow):
            raise NotAllowed("a tool sends bytes, or stretches of a file")
        query = f"?{urlencode(request.query)}" if request.query else ""
        headers = [("Host", "vault"), ("Content-Length", str(len(body)))]
        head = h11.Request(
            method=request.method,
            target=request.url + query,
            headers=[*headers, *request.all_headers().items()],
        )
        if isinstance(body, bytes):
            await self._put(head, h11.Data(body), h11.EndOfMessage())
            return
        await self._put(head)
        try:
            for piece in body:
                await self._put(h11.Data(piece))
            await self._put(h11.EndOfMessage())
        except Exception:  # noqa: BLE001  # whatever a caller's file does
            # Half a message cannot be taken back: what comes after it would be taken for its rest.
            with suppress(OSError):
                self._out.shutdown(socket.SHUT_RDWR)
            raise Unreachable("a file could not be read to its end while it was sent") from None

    async def _put(self, *parts: h11.Event) -> None:
        message = b"".join(sent for part in parts if (sent := self._wire.send(part)))
        await asyncio.get_running_loop().sock_sendall(self._out, message)

    async def _receive(self) -> Reply:
        head, body = await self._next(), bytearray()
        while isinstance(part := await self._next(), h11.Data):
            body += part.data
        if not isinstance(head, h11.Response) or not isinstance(part, h11.EndOfMessage):
            raise ConnectionAbortedError
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}
        return Reply(head.status_code, bytes(body), headers)

    async def _next(self) -> h11.Event | None:
        while (event := self._wire.next_event()) is h11.NEED_DATA:
            piece = await asyncio.get_running_loop().sock_recv(self._out, _PIECE)
            self._wire.receive_data(piece)
        return event if isinstance(event, h11.Event) else None


class Door(Api):
    """An account's door, as a tool sees it from its own process. The token is not here."""

    def __init__(self, connector: Connector, line: Line, *, api: str = "") -> None:
        self._api = api or connector.api
        self.until = math.inf
        """When the call is ended, by `time.monotonic`."""
        self._connector = connector
        self._line = line

    @property
    def left(self) -> float:
        return self.until - time.monotonic()

    async def send(self, request: Request) -> Json:
        check_request(request)
        reply = await self._line.exchange(self._addressed(request))
        if ERROR in reply.headers:
            raise heard(json.loads(reply.headers[ERROR]))
        return self._connector.answer(reply)

    def _addressed(self, request: Request) -> Request:
        if request.url.startswith("/"):
            return replace(request, url=self._api + request.url)
        connector = self._connector
        if not is_among(request.url, {*connector.uploads, *connector.guarded}):
            raise NotAllowed("a tool asked for a host that is not one of its connector's")
        return request

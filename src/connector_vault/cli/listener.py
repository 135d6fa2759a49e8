"""Hear on loopback where a provider sends a person back to (RFC 8252 §7.3)."""

import asyncio
import hmac
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qs, urlsplit

import h11

from connector_vault.cli.pages import page
from connector_vault.errors import Misconfigured

__all__ = ["Listener", "listening", "socket_on"]

_HERE = "127.0.0.1"

_MAX_HEAD = 32 * 1024
"""Bytes of a request. Codes are short; cookies of other programs on this host may be long."""

_PATIENCE = 10.0
"""Seconds a client has to send its request, and to take the answer."""

_MAX_CLIENTS = 32
"""Connections at once. A browser makes a few; more are somebody else's."""

_HEADERS = (
    ("Content-Type", "text/html; charset=utf-8"),
    # The address of the page holds the code: it stays in no cache and goes to no other page.
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:"),
    ("X-Content-Type-Options", "nosniff"),
    ("Connection", "close"),
)


class Listener:
    """Waits for one callback, and answers it once it is known how it went."""

    def __init__(self, redirect_uri: str, state: str) -> None:
        self._place = urlsplit(redirect_uri)
        self._state = state
        self._hosts = {"127.0.0.1", "localhost", "::1", self._place.hostname or ""}
        self._clients: set[asyncio.Task[None]] = set()
        self._promised: set[asyncio.Task[None] | None] = set()
        loop = asyncio.get_running_loop()
        self._heard: asyncio.Future[str] = loop.create_future()
        self._page: asyncio.Future[bytes] = loop.create_future()

    async def heard(self) -> str:
        """Give the address that the person came back on."""
        return await asyncio.shield(self._heard)

    def answer(self, title: str, words: str) -> None:
        """Let the browser show how it went."""
        if not self._page.done():
            self._page.set_result(page(title, words))

    def welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Attend to one more client."""
        if len(self._clients) >= _MAX_CLIENTS:
            writer.transport.abort()
            return
        task = asyncio.create_task(self._attend(reader, writer))
        self._clients.add(task)
        task.add_done_callback(self._clients.discard)

    async def leave(self) -> None:
        """Let those who wait have their answer, and end."""
        self.answer("Not connected", "The command was stopped. You may close this page.")
        # Browsers hold connections open that they may never use.
        for client in self._clients - self._promised:
            client.cancel()
        if self._clients:
            await asyncio.wait(self._clients, timeout=_PATIENCE)

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        machine = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD)
        try:
            async with asyncio.timeout(_PATIENCE):
                request = await _request(machine, reader)
            status, body = await self._reply(request)
            async with asyncio.timeout(_PATIENCE):
                await _send(machine, writer, status, body)
        except (OSError, TimeoutError, h11.ProtocolError):
            # It was no browser, or it has left: the next one is waited for.
            pass
        finally:
            writer.close()

    async def _reply(self, request: h11.Request | None) -> tuple[int, bytes]:
        if request is None or request.method != b"GET":
            return 405, page("Not here", "This address takes a visit and nothing else.")
        if not self._is_ours(request):
            return 421, page("Not here", "This address answers to this machine only.")
        target = request.target.decode("ascii")
        if urlsplit(target).path != self._place.path:
            return 404, page("Not here", "There is nothing at this address.")
        if not self._is_awaited(target):
            words = "This link belongs to another attempt. Use the one the command shows."
            return 400, page("Not this one", words)
        self._promised.add(asyncio.current_task())
        if not self._heard.done():
            self._heard.set_result(f"{self._place.scheme}://{self._place.netloc}{target}")
        return 200, await asyncio.shield(self._page)

    def _is_ours(self, request: h11.Request) -> bool:
        # A name that a stranger's page made point at this machine is refused (DNS rebinding).
        hosts = [value for name, value in request.headers if name == b"host"]
        with suppress(ValueError):
            return (
                len(hosts) == 1
                and urlsplit(f"//{hosts[0].decode('latin-1')}").hostname in self._hosts
            )
        return False

    def _is_awaited(self, target: str) -> bool:
        # Any page can make a browser ask for this path; only the provider knows the state.
        states = parse_qs(urlsplit(target).query).get("state", [])
        return len(states) == 1 and hmac.compare_digest(states[0].encode(), self._state.encode())


@asynccontextmanager
async def listening(door: socket.socket, redirect_uri: str, state: str) -> AsyncGenerator[Listener]:
    """Listen for the callback to `redirect_uri` that brings this state."""
    listener = Listener(redirect_uri, state)
    server = await asyncio.start_server(listener.welcome, sock=door)
    try:
        yield listener
    finally:
        server.close()
        await listener.leave()


def socket_on(port: int) -> socket.socket:
    """Take a port on loopback; 0 takes any that is free.

    Raises:
        Misconfigured: somebody else has it.
    """
    try:
        return socket.create_server((_HERE, port))
    except OSError as error:
        msg = f"cannot listen on {_HERE} port {port} ({error.strerror}): name another --port"
        raise Misconfigured(msg) from error


async def _request(machine: h11.Connection, reader: asyncio.StreamReader) -> h11.Request | None:
    while True:
        event = machine.next_event()
        if isinstance(event, h11.Request):
            return event
        if event is not h11.NEED_DATA:
            return None
        machine.receive_data(await reader.read(_MAX_HEAD))


async def _send(
    machine: h11.Connection, writer: asyncio.StreamWriter, status: int, body: bytes
) -> None:
    headers = [*_HEADERS, ("Content-Length", str(len(body)))]
    events = (
        h11.Response(status_code=status, headers=headers),
        h11.Data(data=body),
        h11.EndOfMessage(),
    )
    writer.write(b"".join(machine.send(event) or b"" for event in events))
    await writer.drain()

"""A relay in front of an OpenBao server, which fails as it is told; and what its failures show."""

import asyncio
import time
import traceback
from contextlib import asynccontextmanager, suppress

BLOCK = 0.05
"""Seconds that nothing may keep the event loop from its work."""

SLACK = 1.5
"""Seconds that this machine may take beyond a deadline."""

PACE = 0.02
"""Seconds between two bytes of a slow answer."""


class Relay:
    """Hands requests on, unless it has a fault."""

    def __init__(self, port):
        self.port = 0
        self.asked = []
        """What was asked for, in order: paths behind /v1/."""
        self.statuses = []
        """How it was answered."""
        self.fault = None
        self.delay = 0.0
        """Seconds that each answer takes."""
        self._behind = port
        self._lines = set()

    def times(self, path):
        """Count the requests whose path begins so."""
        return sum(one.startswith(path) for one in self.asked)

    async def serve(self, reader, writer):
        self._lines.add(asyncio.current_task())
        up, down = await asyncio.open_connection("127.0.0.1", self._behind)
        back = asyncio.create_task(self._hand_back(up, writer))
        try:
            while request := await read_request(reader):
                self.asked.append(request.split(b" ")[1].decode().removeprefix("/v1/"))
                await asyncio.sleep(self.delay)
                if self.fault is None:
                    down.write(request)
                else:
                    await self.fault(writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            back.cancel()
            writer.close()
            down.close()

    async def _hand_back(self, reader, writer):
        with suppress(OSError):
            while data := await reader.read(65536):
                if data.startswith(b"HTTP/1.1 "):
                    self.statuses.append(int(data[9:12]))
                writer.write(data)
            writer.close()

    def end(self):
        for line in self._lines:
            line.cancel()


@asynccontextmanager
async def relaying(port):
    """Stand in front of what listens at a port."""
    relay = Relay(port)
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
        relay.end()


def answering(status, body=b"{}", *headers):
    """Answer so, whatever is asked."""
    lines = (f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", *headers, "", "")
    return saying("\r\n".join(lines).encode() + body)


def saying(text):
    """Send just that."""

    async def say(writer):
        writer.write(text)
        await writer.drain()

    return say


def dripping(text, rest):
    """Send something at once, and the rest so slowly that it takes minutes."""

    async def drip(writer):
        writer.write(text)
        for byte in rest * 10_000:
            await asyncio.sleep(PACE)
            writer.write(bytes([byte]))
            await writer.drain()

    return drip


async def hang_up(writer):
    """Say nothing, and end the connection."""
    writer.close()


async def be_silent(writer):
    """Say nothing, and keep the connection."""
    await asyncio.Event().wait()


async def read_request(reader):
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    (length,) = (
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    return head + await reader.readexactly(length)


async def failure_of(call):
    """Give the error that a call ends with, how long it took, and how long the loop was blocked."""
    begun, blocked = time.monotonic(), Blocked()
    async with blocked:
        error = await caught(call)
    return error, time.monotonic() - begun, blocked.longest


async def caught(call):
    try:
        answer = await call()
    except Exception as error:  # noqa: BLE001  # whatever it is, it is looked at
        return error
    raise AssertionError(f"it gave {answer}")


class Blocked:
    """How long the event loop was kept from its work while this was entered."""

    def __init__(self):
        self.longest = 0.0

    async def __aenter__(self):
        self._task = asyncio.create_task(self._tick())
        # Else the first and the last step of what is watched would not be seen.
        await asyncio.sleep(0.02)

    async def __aexit__(self, *_):
        await asyncio.sleep(0.02)
        self._task.cancel()

    async def _tick(self):
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.005)
            self.longest = max(self.longest, time.monotonic() - before - 0.005)


def shown(error):
    """Give all that an error could show to somebody, also to who prints local variables."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join([str(error), repr(error), repr(error.args), *told.format()])

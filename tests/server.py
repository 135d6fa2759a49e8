"""A server that says what it is told, whatever it hears."""

import asyncio
import contextlib
from contextlib import asynccontextmanager


class Server:
    """A server that says the same to everybody, and remembers what it heard."""

    def __init__(self, said, stay, drip):
        self.said = said
        self.stay = stay
        self.drip = drip
        self.heard = []
        self.left = asyncio.Event()

    async def attend(self, reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.heard.append(head.decode())
                writer.write(self.said)
                await writer.drain()
                while self.drip:
                    writer.write(b"x")
                    await writer.drain()
                    await asyncio.sleep(self.drip)
                if not self.stay:
                    break
        writer.close()
        self.left.set()


@asynccontextmanager
async def serving(said, *, stay=True, drip=0.0):
    spoken = Server(said, stay, drip)
    server = await asyncio.start_server(spoken.attend, "127.0.0.1", 0)
    spoken.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield spoken
    finally:
        server.close()
        if drip:
            await spoken.left.wait()

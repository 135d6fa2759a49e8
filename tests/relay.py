"""Proxies in front of a PostgreSQL server: one that loses messages, one that pools transactions."""

import asyncio
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

SOCKET = ".s.PGSQL.5432"
CHUNK = 65536
GOODBYE = b"X"


class Relay:
    """Hands everything on, until it is told to lose something."""

    def __init__(self, server, folder):
        self.folder = folder
        self.heard = b""
        self.lost = asyncio.Event()
        self._server = server
        self._wanted = None
        self._asked = False

    def lose(self, wanted, *, asked):
        """Cut the line at a message with these bytes: before it is `asked`, or once answered."""
        self._wanted, self._asked = wanted, asked

    def address(self, url):
        """Give the URL of a server's database, by this way."""
        return url.replace(str(self._server.folder), str(self.folder))

    async def serve(self, reader, writer):
        up, down = await asyncio.open_unix_connection(f"{self._server.folder}/{SOCKET}")
        ends = {writer, down}
        forth, back = self._forth(reader, down, ends), self._back(up, writer, ends)
        await asyncio.gather(forth, back)

    async def _forth(self, reader, writer, ends):
        while data := await _read(reader):
            self.heard += data
            if self._wanted and self._wanted in data.lower():
                self._wanted = None
                if self._asked:
                    ends.add("answer")
                else:
                    self._cut(ends)
                    return
            writer.write(data)
        self._cut(ends, lost=False)

    async def _back(self, reader, writer, ends):
        while data := await _read(reader):
            if "answer" in ends:
                self._cut(ends)
                return
            writer.write(data)
        self._cut(ends, lost=False)

    def _cut(self, ends, *, lost=True):
        for end in ends - {"answer"}:
            end.close()
        if lost:
            self.lost.set()


class Pooler(Relay):
    """Gives each transaction the next of several sessions, as a pooling proxy may."""

    async def serve(self, reader, writer):
        size = await reader.readexactly(4)
        hello = size + await reader.readexactly(int.from_bytes(size) - 4)
        place = f"{self._server.folder}/{SOCKET}"
        pool = [await asyncio.open_unix_connection(place) for _ in range(3)]
        greetings = []
        for up, down in pool:
            down.write(hello)
            greetings.append(b"".join([one async for one in _until_ready(up)]))
        writer.write(greetings[0])
        turn = 0
        while (data := await _read(reader)) and data[:1] != GOODBYE:
            self.heard += data
            turn = await self._transaction(data, reader, writer, pool, turn)
        for _, down in pool:
            down.close()
        writer.close()

    async def _transaction(self, data, reader, writer, pool, turn):
        """Let one session carry out a whole transaction, then it is the next one's turn."""
        up, down = pool[turn]
        down.write(data)
        answers = asyncio.create_task(_answer(up, writer))
        while not answers.done():
            more = asyncio.create_task(_read(reader))
            await asyncio.wait({more, answers}, return_when=asyncio.FIRST_COMPLETED)
            if not more.done():
                await _quit(more)
            elif more.result():
                down.write(more.result())
            else:
                answers.cancel()
                return turn
        return (turn + 1) % len(pool)


@asynccontextmanager
async def relaying(server, kind=Relay):
    """Stand in front of a server."""
    with tempfile.TemporaryDirectory(prefix="relay-") as folder:
        relay = kind(server, Path(folder))
        async with await asyncio.start_unix_server(relay.serve, f"{folder}/{SOCKET}"):
            yield relay


async def _read(reader):
    try:
        return await reader.read(CHUNK)
    except OSError:
        return b""


async def _quit(task):
    task.cancel()
    await asyncio.wait([task])


async def _messages(reader):
    while True:
        head = await reader.readexactly(5)
        yield head + await reader.readexactly(int.from_bytes(head[1:]) - 4)


async def _until_ready(reader):
    async for message in _messages(reader):
        yield message
        if message[:1] == b"Z":
            return


async def _answer(reader, writer):
    async for message in _messages(reader):
        writer.write(message)
        if message == b"Z\0\0\0\5I":
            return

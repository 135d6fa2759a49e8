"""Another system, which hears of events and answers what it is told."""

import asyncio
import json
from collections import deque
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import NamedTuple

import standardwebhooks

from connector_vault import Secret, Webhook

KEY = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
OTHER_KEY = "whsec_IAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


class Letter(NamedTuple):
    """One request that was heard."""

    head: str
    headers: dict
    body: bytes

    @property
    def id(self):
        return self.headers["webhook-id"]

    @property
    def data(self):
        return json.loads(self.body)["data"]

    @property
    def cursor(self):
        return self.data["cursor"]


class Receiver:
    """Says 204 to everybody, unless it was told to say something else."""

    def __init__(self, key):
        self.key = key
        self.heard = []
        self.answers = deque()
        """A status, maybe with headers; None to hang up; or a coroutine function that gives one."""

    def hook(self, **said):
        return Webhook(**{"url": f"{self.url}/hook", "secret": Secret(self.key), **said})

    @property
    def ids(self):
        return [letter.id for letter in self.heard]

    @property
    def cursors(self):
        return [letter.cursor for letter in self.heard]

    async def attend(self, reader, writer):
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while letter := await _letter(reader):
                self._check(letter)
                self.heard.append(letter)
                answer = self.answers.popleft() if self.answers else 204
                if callable(answer):
                    answer = await answer()
                if answer is None:
                    break
                writer.write(_written(answer))
                await writer.drain()

    def _check(self, letter):
        # By the library's own hand, whatever time it is here: clocks are moved in tests.
        at = datetime.fromtimestamp(int(letter.headers["webhook-timestamp"]), UTC)
        seal = standardwebhooks.Webhook(self.key).sign(letter.id, at, letter.body.decode())
        assert letter.headers["webhook-signature"] == seal


@asynccontextmanager
async def receiving(key=KEY):
    receiver, talks, failures = Receiver(key), set(), []

    async def attend(reader, writer):
        talks.add(asyncio.current_task())
        try:
            with suppress(asyncio.CancelledError):
                await receiver.attend(reader, writer)
        except AssertionError as error:
            failures.append(error)
        finally:
            writer.close()

    server = await asyncio.start_server(attend, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield receiver
    finally:
        server.close()
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks)
    assert not failures


async def _letter(reader):
    head, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines if line)
    headers = {name.lower(): value for name, value in headers.items()}
    return Letter(head, headers, await reader.readexactly(int(headers["content-length"])))


def _written(answer):
    status, headers = answer if isinstance(answer, tuple) else (answer, {})
    lines = [f"{name}: {value}" for name, value in {"content-length": "0", **headers}.items()]
    return "\r\n".join([f"HTTP/1.1 {status} Said", *lines, "", ""]).encode()

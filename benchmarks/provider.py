"""A token endpoint in a process of its own. It rotates, and ends a grant whose token comes twice.

A refresh token says when it is due, whose it is and its number: `ghr_DUE_GRANT_NUMBER`. So it
is seen here how long after that it came, and nothing has to be told beforehand.

`python -m benchmarks.provider SECONDS` answers after so long, and says its address.
"""

import asyncio
import json
import re
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import httpx2
from pydantic import TypeAdapter

from benchmarks.program import program

__all__ = ["Provider", "Told", "access_token", "providing", "refresh_token"]

_TOKEN = re.compile(rb"refresh_token=ghr_(\d+)_([a-z0-9]+)_(\d+)")
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Told(NamedTuple):
    """What the provider saw since it was asked last."""

    posts: dict[str, int]
    """By grant."""
    again: int
    """How many of them came with a token that had been spent."""
    ended: list[str]
    """Grants."""
    arrivals: list[tuple[float, float]]
    """Seconds since 1970, and how many of them behind its time. Only of those with a time."""


def refresh_token(grant: str, number: int = 0, due: int = 0) -> str:
    """Give a refresh token. `due`: milliseconds since 1970, or 0."""
    return f"ghr_{due}_{grant}_{number}"


def access_token(grant: str, number: int = 0) -> str:
    """Give the access token that comes with it, as long as GitHub's."""
    return f"gho_{grant}_{number:0>{35 - len(grant)}}"


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider that runs."""

    url: str

    async def told(self) -> Told:
        """Ask what it saw, and let it forget that."""
        async with httpx2.AsyncClient(trust_env=False) as client:
            said = (await client.get(self.url, timeout=30)).content
        return TypeAdapter(Told).validate_python(json.loads(said))


@asynccontextmanager
async def providing(delay: float) -> AsyncGenerator[Provider]:
    """Run one that answers after so many seconds."""
    async with program(sys.executable, "-m", "benchmarks.provider", str(delay)) as process:
        yield Provider(str(await process.hear()))


@dataclass(slots=True)
class _Grants:
    delay: float
    numbers: dict[str, int] = field(default_factory=dict[str, int])
    """The number of the refresh token that is good."""
    ended: set[str] = field(default_factory=set[str])
    posts: Counter[str] = field(default_factory=Counter[str])
    arrivals: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    again: int = 0

    def spend(self, due: int, grant: str, number: int) -> bytes | None:
        """Give the next token set. None: this one was spent, or its grant has ended."""
        now = time.time()
        self.posts[grant] += 1
        if due:
            self.arrivals.append((now, now - due / 1000))
        if number != self.numbers.get(grant, number):
            self.again += 1
            self.ended.add(grant)
        if grant in self.ended:
            return None
        self.numbers[grant] = number + 1
        access, refresh = access_token(grant, number + 1), refresh_token(grant, number + 1)
        return (
            f'{{"access_token":"{access}","refresh_token":"{refresh}","expires_in":28800,'
            f'"refresh_token_expires_in":15897600,"scope":"repo","token_type":"bearer"}}'
        ).encode()

    def tell(self) -> bytes:
        told = Told(dict(self.posts), self.again, sorted(self.ended), self.arrivals)
        self.posts, self.arrivals, self.again = Counter(), [], 0
        return json.dumps(told).encode()


class _Wire(asyncio.Protocol):
    """HTTP, as little of it as our clients speak: what is measured is not this."""

    def __init__(self, grants: _Grants) -> None:
        self._grants = grants
        self._heard = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while True:
            head, end, rest = self._heard.partition(b"\r\n\r\n")
            length = _LENGTH.search(head)
            size = int(length[1]) if length else 0
            if not end or len(rest) < size:
                return
            self._heard = rest[size:]
            self._answer(head, rest[:size])

    def _answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"GET"):
            self._write(200, self._grants.tell())
            return
        found = _TOKEN.search(body)
        said = found and self._grants.spend(int(found[1]), found[2].decode(), int(found[3]))
        github = b"/login/oauth/" in head.partition(b"\r\n")[0]
        status = 200 if said or github else 400
        error = b'{"error":"bad_refresh_token"}' if github else b'{"error":"invalid_grant"}'
        if self._grants.delay:
            loop = asyncio.get_running_loop()
            loop.call_later(self._grants.delay, self._write, status, said or error)
        else:
            self._write(status, said or error)

    def _write(self, status: int, body: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            head = f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\n"
            self._transport.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


async def _serve(delay: float) -> None:
    loop, grants = asyncio.get_running_loop(), _Grants(delay)
    server = await loop.create_server(lambda: _Wire(grants), "127.0.0.1", 0, backlog=1024)
    async with server:
        print(json.dumps(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1])))

"""A provider, a vault of many connections there, and processes that are killed in between."""

import asyncio
import json
import subprocess
import sys
from contextlib import asynccontextmanager
from itertools import count
from typing import NamedTuple

import httpx2

from connector_vault import Owner, State, events
from connector_vault.errors import RateLimited, Reconnect, Unreachable
from tests.deeds import CALLBACK, ROOT
from tests.kills import CLIENTS, SHORT
from tests.ledger import keeping_books, mark_of
from tests.places import STORES


class Mark(NamedTuple):
    """What a victim noted: that a refresh came to a step."""

    at: int
    """Nanoseconds, by the clock that all processes of a machine share."""
    process: int
    step: str
    token: str
    """What the spent refresh token is called. For `written` several, with commas."""


class Known(NamedTuple):
    """What was stored of a connection."""

    generation: int
    refresh: str


class Outcome(NamedTuple):
    """What became of a connection after a kill."""

    end: str
    """It is "good", or "lost", and its owner is told so."""
    generation: int
    posts: int
    """How often its last known refresh token was brought to the provider."""


class Ground:
    """The provider, the vault, and what befell its connections."""

    def __init__(self, ledger, url, place, folder, victims, longest):
        self.ledger = ledger
        self.connections = []
        self._longest = longest
        self.known = {}
        """What was stored of each connection when it was last looked at."""
        self._url = url
        self._place = place
        self._folder = folder
        self._victims = victims
        self._numbers = count()

    def open(self, **options):
        """Open the vault."""
        return self._place.open(self._url, clients=CLIENTS, **options)

    async def connect(self, number):
        """Make so many connections of different owners."""
        async with self.open() as vault:
            for _ in range(number):
                one = next(self._numbers)
                owner = Owner(tenant="acme", user=f"user{one}")
                client = CLIENTS[one // 10 % len(CLIENTS)].name
                self.connections.append(await self._consent(vault, owner, client))
            await self.look(vault)

    async def mend(self, vault, connection):
        """Let the owner of a lost connection consent again."""
        # What was given in an answer that nobody got must not take another's place.
        _, refresh = await stored(vault, connection)
        self.ledger.end(self.ledger.rotations.get(refresh, "none"))
        again = await self._consent(
            vault, connection.owner, connection.client, reconnect=connection.id
        )
        assert (again.id, again.state) == (connection.id, State.ACTIVE)

    async def look(self, vault):
        """Note what is stored of each connection."""
        for connection in self.connections:
            row, refresh = await stored(vault, connection)
            self.known[connection.id] = Known(row.generation, refresh)

    async def _consent(self, vault, owner, client, **again):
        pending = await vault.connect(
            "github", owner, redirect_uri=CALLBACK, client=client, **again
        )
        async with httpx2.AsyncClient(verify=False) as browser:
            back = (await browser.get(pending.url)).headers["location"]
        (connection,) = await vault.finish(back, owner=owner)
        return connection

    async def kill(self, *victims, **said):
        """Let processes refresh and be killed, each after its time; give what they wrote down."""
        ends, marks = await self.run(*victims, **said)
        assert ends == [-9] * len(victims)
        return marks

    async def run(self, *victims, seconds=SHORT):
        """Let processes refresh until they end; give how they ended, and what they wrote down."""
        marks = self._folder / f"marks{next(self._numbers)}"
        told = {"place": self._place, "url": self._url, "marks": str(marks), "seconds": seconds}
        wanted = [(after, {**told, **victim}) for after, victim in victims]
        self._victims.stdin.write(json.dumps(wanted).encode() + b"\n")
        await self._victims.stdin.drain()
        ends = json.loads(await self._victims.stdout.readline())
        lines = marks.read_text().splitlines() if marks.exists() else []
        return ends, [Mark(int(at), int(who), *what) for at, who, *what in map(str.split, lines)]

    async def arrived(self, tokens):
        """Wait until the provider has answered what was on its way to it without its sender."""
        async with asyncio.timeout(10):
            while tokens - self.ledger.posts.keys():  # noqa: ASYNC110  # another's progress
                await asyncio.sleep(self._longest)
        await asyncio.sleep(self._longest)

    def line(self, connection):
        """List the refresh tokens that a connection has had since it was known, and spent."""
        rotations, spent = self.ledger.rotations, [self.known[connection.id].refresh]
        while spent[-1] in rotations:
            spent.append(rotations[spent[-1]])
        return spent[:-1]

    async def outcome(self, vault, connection):
        """Ask for a token newer than the stored one, and say what came of it.

        What is stored has to be what the provider gave last; or its loss has to be told.
        """
        try:
            await self._ask(vault, connection)
        except Reconnect as error:
            end = "lost"
            await self._check_loss(vault, connection, error.reason)
        else:
            end = "good"
            await self._check_tokens(vault, connection)
        now, _ = await stored(vault, connection)
        first = mark_of(self.known[connection.id].refresh)
        return Outcome(end, now.generation, self.ledger.posts[first])

    async def _ask(self, vault, connection):
        row, _ = await stored(vault, connection)
        told = {"owner": connection.owner, "purpose": "test", "newer_than": row.generation}
        async with asyncio.timeout(60):
            while True:
                try:
                    return await vault.token(connection.id, **told)
                except (Unreachable, RateLimited):
                    # What the provider did not answer in time, as on a machine that is busy.
                    await asyncio.sleep(0.1)

    async def _check_loss(self, vault, connection, reason):
        row, _ = await stored(vault, connection)
        event = await newest(vault, connection)
        assert (row.state, row.reason) == (State.RECONNECT.value, reason)
        assert (event.name, event.detail["reason"]) == ("reconnect_needed", reason)

    async def _check_tokens(self, vault, connection):
        row, refresh = await stored(vault, connection)
        spent = self.line(connection)
        assert self.ledger.lives(refresh)
        assert self.ledger.rotations[spent[-1]] == refresh, "it is another's"
        assert row.generation == self.known[connection.id].generation + len(spent)


@asynccontextmanager
async def grounds(store, folder, **weather):
    """Give a ground, on one of the stores."""
    async with STORES[store](folder) as place, ground_at(place, folder, **weather) as ground:
        yield ground


@asynccontextmanager
async def ground_at(place, folder, *, seed=0, longest=0.0):
    """Give a ground whose vault is kept somewhere."""
    async with keeping_books(seed=seed, longest=longest) as (ledger, url):
        for client in CLIENTS:
            known = {"id": client.id, "secret": client.secret.reveal(), "name": client.name}
            ledger.act("register_client", **known, redirect_uris=[CALLBACK])
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        command = (sys.executable, "-m", "tests.kills")
        victims = await asyncio.create_subprocess_exec(*command, cwd=ROOT, **pipes)
        assert await victims.stdout.readline() == b"ready\n"
        try:
            yield Ground(ledger, url, place, folder, victims, longest)
        finally:
            victims.stdin.close()
            await victims.wait()


async def stored(vault, connection):
    """Give the row of a connection, and its refresh token."""
    row = await vault.room.row(connection.id, connection.owner)
    tokens, _ = await vault.room.keyring.open(row)
    return row, tokens.refresh.reveal()


async def newest(vault, connection):
    """Give the newest event of a connection."""
    told = events.read(vault.room, after=0, owner=connection.owner, follow=False)
    return [event async for event in told if event.connection == connection.id][-1]

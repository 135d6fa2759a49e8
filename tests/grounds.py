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
from connector_vault.errors import Reconnect
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


class Outcome(NamedTuple):
    """What became of a connection after a kill."""

    end: str
    """It is "good", or "lost", and its owner is told so."""
    generation: int
    posts: int
    """How often the refresh token that it had before was brought to the provider."""


class Ground:
    """The provider, the vault, and what befell its connections."""

    def __init__(self, ledger, url, place, folder, victims):
        self.ledger = ledger
        self.connections = []
        self.tokens = {}
        """The refresh token each connection had when it was last looked at."""
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
        self.ledger.end(self.ledger.rotations().get(self.tokens[connection.id], "none"))
        again = await self._consent(
            vault, connection.owner, connection.client, reconnect=connection.id
        )
        assert (again.id, again.state) == (connection.id, State.ACTIVE)

    async def look(self, vault):
        """Open what is stored of each connection, and note its refresh token."""
        for connection in self.connections:
            self.tokens[connection.id] = (await stored(vault, connection))[1]

    async def _consent(self, vault, owner, client, **again):
        pending = await vault.connect(
            "github", owner, redirect_uri=CALLBACK, client=client, **again
        )
        async with httpx2.AsyncClient(verify=False) as browser:
            back = (await browser.get(pending.url)).headers["location"]
        (connection,) = await vault.finish(back, owner=owner)
        return connection

    async def kill(self, *victims, seconds=SHORT):
        """Let processes refresh and be killed, each after its time; give what they wrote down."""
        marks = self._folder / f"marks{next(self._numbers)}"
        told = {"place": self._place, "url": self._url, "marks": str(marks), "seconds": seconds}
        wanted = [(after, {**told, **victim}) for after, victim in victims]
        self._victims.stdin.write(json.dumps(wanted).encode() + b"\n")
        await self._victims.stdin.drain()
        ends = json.loads(await self._victims.stdout.readline())
        assert ends == [-9] * len(victims)
        lines = marks.read_text().splitlines() if marks.exists() else []
        return [Mark(int(at), int(who), *what) for at, who, *what in map(str.split, lines)]

    async def outcome(self, vault, connection, generation):
        """Ask for a newer token than the generation that the victims found."""
        before = self.tokens[connection.id]
        told = {"owner": connection.owner, "purpose": "test", "newer_than": generation}
        try:
            token = await vault.token(connection.id, **told)
        except Reconnect as error:
            row, _ = await stored(vault, connection)
            event = await newest(vault, connection)
            assert row.state == State.RECONNECT.value
            assert row.reason == error.reason == event.detail["reason"]
            assert event.name == "reconnect_needed"
            end, generation = "lost", row.generation
        else:
            row, refresh = await stored(vault, connection)
            assert self.ledger.lives(refresh), f"{connection.id} seems good, and is not"
            end, generation = "good", token.generation
        return Outcome(end, generation, self.ledger.posts()[mark_of(before)])


@asynccontextmanager
async def grounds(store, folder, **weather):
    """Give a ground, on one of the stores."""
    async with STORES[store](folder) as place, keeping_books(**weather) as (ledger, url):
        for client in CLIENTS:
            known = {"id": client.id, "secret": client.secret.reveal(), "name": client.name}
            ledger.act("register_client", **known, redirect_uris=[CALLBACK])
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        command = (sys.executable, "-m", "tests.kills")
        victims = await asyncio.create_subprocess_exec(*command, cwd=ROOT, **pipes)
        assert await victims.stdout.readline() == b"ready\n"
        try:
            yield Ground(ledger, url, place, folder, victims)
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

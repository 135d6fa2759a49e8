"""Eight processes of two hundred callers, one token that is no good any more: one refresh."""

import asyncio
import time
from collections import Counter
from contextlib import AsyncExitStack
from itertools import count

import httpx2
import pytest

from connector_vault import Owner, emulator
from connector_vault.keyring import seal
from connector_vault.stores import Update
from tests.deeds import CALLBACK, TOKEN, refreshes
from tests.places import STORES, TORTURE
from tests.player import playing

PROCESSES = 8
CALLERS = 200
REPEATS = 50 if TORTURE else 3

NORMAL = 0.25
SLOW = 5.0
"""Seconds a provider takes to answer."""


class Crowd:
    """All callers of all processes, the vault they share, and its provider."""

    def __init__(self, place, world, players):
        self._place = place
        self._world = world
        self._players = players
        self._numbers = count()
        self.posts = 0

    async def connection(self, *, expired):
        """Make a connection: one whose token has ended, or one whose token looks good."""
        owner = Owner(tenant="acme", user=f"user{next(self._numbers)}")
        await self._world.mend()
        async with self._place.open(self._world.url) as vault:
            pending = await vault.connect("github", owner, redirect_uri=CALLBACK)
            async with httpx2.AsyncClient(verify=False) as browser:
                back = (await browser.get(pending.url)).headers["location"]
            (connection,) = await vault.finish(back, owner=owner)
            if expired:
                await expire(vault, connection)
        return connection

    async def call(self, connection, newer_than):
        """Let everybody ask for its token, and give how many were given what."""
        before, at = await refreshes(self._world), time.monotonic() + 0.2
        who = {"user": connection.owner.user, "connection": connection.id}
        asked = {**who, "callers": CALLERS, "newer_than": newer_than, "at": at}
        answers = await asyncio.gather(*(player.ask(**asked) for player in self._players))
        self.posts = await refreshes(self._world) - before
        return Counter(tuple(answer) for given in answers for answer in given)

    async def slow(self, seconds):
        """Let the provider take so long for what is asked of it next."""
        await self._world.fault(path=TOKEN, kind="delay", seconds=seconds)


async def expire(vault, connection):
    """Let the time at which a token ends have passed, in a row that is still whole."""
    room = vault.room
    row = await room.row(connection.id, connection.owner)
    ended = row._replace(expires_at=room.clock() - 1000)
    key = await room.keyring.get(row.dek_id, row.tenant, row.id)
    changed = {
        "expires_at": ended.expires_at,
        "sealed": seal(key, ended, *await room.keyring.open(row)),
    }
    await room.store.commit(Update(row.id, {"generation": 1}, changed))


@pytest.fixture(scope="module")
def anyio_backend():
    """Let all tests share one loop, and so the processes that it started."""
    return "asyncio"


@pytest.fixture(scope="module", params=STORES)
async def crowd(request, tmp_path_factory):
    """Start the processes once: that takes longer than all they do."""
    folder = tmp_path_factory.mktemp(request.param)
    async with (
        emulator.running("github") as world,
        STORES[request.param](folder) as place,
        AsyncExitStack() as stack,
    ):
        async with place.open(world.url):
            pass
        told = (*place, world.url)
        players = [
            await stack.enter_async_context(playing("crowd", *told)) for _ in range(PROCESSES)
        ]
        yield Crowd(place, world, players)


@pytest.mark.parametrize("newer_than", [None, 1], ids=["expired", "refused"])
@pytest.mark.parametrize("repeat", range(REPEATS))
async def test_1600_callers_cause_one_refresh(crowd, newer_than, repeat):
    """At a provider that ends the grant if its refresh token comes twice."""
    connection = await crowd.connection(expired=newer_than is None)
    await crowd.slow(0.0 if repeat % 3 == 0 else NORMAL)

    answers = await crowd.call(connection, newer_than)

    assert crowd.posts == 1
    assert list(answers.values()) == [PROCESSES * CALLERS]
    assert [generation for generation, _ in answers] == [2]


async def test_1600_callers_wait_for_a_slow_provider(crowd):
    connection = await crowd.connection(expired=True)
    await crowd.slow(SLOW)

    answers = await crowd.call(connection, None)

    assert crowd.posts == 1
    assert list(answers.values()) == [PROCESSES * CALLERS]
    assert [generation for generation, _ in answers] == [2]

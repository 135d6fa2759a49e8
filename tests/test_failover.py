"""A database that dies in the middle of a storm of refreshes, and comes back; or another does."""

import asyncio
import subprocess
from contextlib import asynccontextmanager, contextmanager

import psutil
import pytest

from connector_vault import lifecycle
from connector_vault.stores.postgres.address import address_of
from connector_vault.stores.postgres.schema import upgrade
from tests.grounds import ground_at
from tests.kills import SHORT, victim
from tests.places import TORTURE, made, place_in
from tests.postgres import Server, as_user, serving

CONNECTIONS = 50 if TORTURE else 20
SETS = 21 if TORTURE else 11
"""Token sets that each connection has in the end. The first is its owner's consent."""

REFRESHES = CONNECTIONS * (SETS - 1)
PROCESSES = 4
"""Each connection is refreshed by two of them."""


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    for name, seconds in SHORT.items():
        monkeypatch.setattr(lifecycle, name, seconds)


@pytest.fixture
def primary():
    """A server that a test may ruin."""
    with serving() as server:
        yield server


@contextmanager
def standby_of(primary, *, synchronous):
    """Run a copy of a server that follows it; the server waits for it at each commit, or not."""
    folder = primary.folder.parent / "standby"
    copy = (
        "-D",
        folder,
        "-h",
        primary.folder,
        "-U",
        "postgres",
        "-R",
        "-X",
        "stream",
        "-c",
        "fast",
    )
    command = (primary.programs / "pg_basebackup", *copy)
    subprocess.run(command, check=True, cwd=primary.folder, capture_output=True, **as_user())
    standby = Server(primary.programs, folder)
    standby.start()
    if synchronous:
        primary.sql("alter system set synchronous_standby_names = '*'")
        primary.sql("select pg_reload_conf()")
        state = "select sync_state = 'sync' from pg_stat_replication"
        while primary.sql(state) != "t":
            pass
    try:
        yield standby
    finally:
        standby.stop()


def crash(server):
    """Kill a server and all that works for it."""
    parent = psutil.Process(server.pid)
    for process in (parent, *parent.children(recursive=True)):
        process.kill()
    server.stop()


class Storm:
    """Processes that refresh all connections of a ground, until each has had so many token sets."""

    def __init__(self, ground):
        self.ground = ground
        half = CONNECTIONS // 2
        halves = [ground.connections[:half], ground.connections[half:]] * (PROCESSES // 2)
        victims = [(None, victim(*some, goal=SETS)) for some in halves]
        self._running = asyncio.create_task(ground.run(*victims))

    async def over(self, share):
        """Wait until this share of it is over."""
        async with asyncio.timeout(60):
            while self.ground.ledger.posts.total() < REFRESHES * share:  # noqa: ASYNC110  # others'
                await asyncio.sleep(0.01)

    async def settle(self):
        """Wait for its end. Give what became of each connection, which is refreshed once more."""
        ends, _ = await self._running
        assert ends == [0] * PROCESSES
        async with self.ground.open() as vault:
            await vault.maintain()
            asked = (self.ground.outcome(vault, one) for one in self.ground.connections)
            return await asyncio.gather(*asked)


@asynccontextmanager
async def storm_at(place, folder):
    """Begin a storm."""
    async with ground_at(place, folder, longest=0.01) as ground:
        await ground.connect(CONNECTIONS)
        yield Storm(ground)


def check_all_good(found, ground):
    """Nothing is lost, and nothing came twice: so many refreshes as there are token sets."""
    assert {(one.end, one.generation) for one in found} == {("good", SETS + 1)}
    assert set(ground.ledger.posts.values()) == {1}
    assert ground.ledger.posts.total() == REFRESHES + CONNECTIONS


@pytest.mark.timeout(200)
async def test_a_database_that_is_killed_and_started_again_loses_nothing(primary, tmp_path):
    place = place_in(tmp_path, await made(primary))
    async with storm_at(place, tmp_path) as storm:
        await storm.over(0.3)
        await asyncio.to_thread(crash, primary)
        await asyncio.sleep(0.5)
        await asyncio.to_thread(primary.start)
        await storm.over(0.7)
        await asyncio.to_thread(crash, primary)
        await asyncio.to_thread(primary.start)

        found = await storm.settle()

    check_all_good(found, storm.ground)


@pytest.mark.timeout(200)
async def test_a_synchronous_standby_that_is_promoted_has_everything(primary, tmp_path):
    await upgrade(address_of(primary.address("storm")))
    with standby_of(primary, synchronous=True) as standby:
        place = place_in(tmp_path, both(primary, standby))
        async with storm_at(place, tmp_path) as storm:
            await storm.over(0.5)
            await asyncio.to_thread(crash, primary)
            await asyncio.to_thread(standby.sql, "select pg_promote()")

            found = await storm.settle()

    check_all_good(found, storm.ground)


def both(primary, standby):
    """Name two servers: whoever connects finds out which of them is the primary."""
    place = f"host={primary.folder}"
    return primary.address("storm").replace(place, f"{place},{standby.folder}")

"""A database that dies in the middle of a storm of refreshes, and comes back; or another does."""

import asyncio
from contextlib import asynccontextmanager, contextmanager

import psutil
import pytest

from connector_vault.stores.postgres.address import address_of
from connector_vault.stores.postgres.schema import upgrade
from tests.grounds import Outcome, ground_at
from tests.kills import LONG, victim
from tests.places import TORTURE, made, place_in
from tests.postgres import serving

CONNECTIONS = 50 if TORTURE else 20
SETS = 21 if TORTURE else 11
"""Token sets that each connection has in the end. The first is its owner's consent."""

REFRESHES = CONNECTIONS * (SETS - 1)
PROCESSES = 4
"""Each connection is refreshed by two of them."""


@pytest.fixture
def primary():
    """A server that a test may ruin."""
    with serving() as server:
        yield server


@contextmanager
def standby_of(primary, *, synchronous):
    """Run a server that follows another, which waits for it at each commit, or does not."""
    with primary.standby() as standby:
        if synchronous:
            primary.sql("alter system set synchronous_standby_names = '*'")
            primary.sql("select pg_reload_conf()")
            wait(primary, "select sync_state = 'sync' from pg_stat_replication")
        yield standby


def wait(server, question):
    """Wait until a server says yes."""
    for _ in range(1000):
        if server.sql(question) == "t":
            return
    pytest.fail(f"never: {question}")


def cut_off(standby):
    """Let a standby hear no more of its primary."""
    standby.sql("alter system set primary_conninfo = ''")
    standby.sql("select pg_reload_conf()")
    wait(standby, "select not exists (select from pg_stat_wal_receiver)")


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
        victims = [(None, victim(*some, goal=SETS)) for some in halves(ground) * (PROCESSES // 2)]
        self._running = asyncio.create_task(ground.run(*victims, seconds=LONG))

    async def over(self, share):
        """Wait until this share of it is over."""
        async with asyncio.timeout(60):
            while self.ground.ledger.posts.total() < REFRESHES * share:  # noqa: ASYNC110  # others'
                await asyncio.sleep(0.01)

    async def settle(self):
        """Wait for its end. Give what became of each connection, which is refreshed once more."""
        ends, _ = await self._running
        assert ends == [0] * PROCESSES
        return await settle(self.ground, self.ground.connections)


@asynccontextmanager
async def storm_at(place, folder):
    """Begin a storm."""
    async with ground_at(place, folder, longest=0.01) as ground:
        await ground.connect(CONNECTIONS)
        yield Storm(ground)


def halves(ground):
    """Give the first half of the connections, and the second."""
    half = CONNECTIONS // 2
    return [ground.connections[:half], ground.connections[half:]]


async def settle(ground, connections):
    """Give what became of connections. Each is refreshed once more, if it can be."""
    async with ground.open() as vault:
        await vault.maintain()
        return await asyncio.gather(*(ground.outcome(vault, one) for one in connections))


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


@pytest.mark.timeout(200)
@pytest.mark.parametrize(("reuse", "end"), [("kill", "lost"), ("plain", "lost"), ("grace", "good")])
async def test_a_standby_that_has_not_heard_of_a_commit_loses_it(primary, tmp_path, reuse, end):
    """Replication that is not synchronous is a risk that the vault cannot take away, only tell."""
    await upgrade(address_of(primary.address("storm")))
    with standby_of(primary, synchronous=False) as standby:
        place = place_in(tmp_path, both(primary, standby))
        async with ground_at(place, tmp_path) as ground:
            await ground.connect(CONNECTIONS)
            ground.ledger.allow(reuse)
            refreshed, idle = halves(ground)
            wait(primary, "select replay_lsn = pg_current_wal_lsn() from pg_stat_replication")
            await asyncio.to_thread(cut_off, standby)
            assert (await ground.run((None, victim(*refreshed, goal=2))))[0] == [0]
            await asyncio.to_thread(crash, primary)
            await asyncio.to_thread(standby.sql, "select pg_promote()")

            found = await settle(ground, refreshed), await settle(ground, idle)

    generation = 1 if end == "lost" else 2
    assert set(found[0]) == {Outcome(end, generation, 2)}
    assert set(found[1]) == {Outcome("good", 2, 1)}

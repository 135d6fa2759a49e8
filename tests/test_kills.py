"""Processes that are killed while they refresh: what was kept is not lost, and a loss is told.

A refresh token is spent when the provider has taken it. From then until the journal has its answer
a kill is in doubt; from then on it costs nothing.
"""

import asyncio
import random
import time

import pytest

from connector_vault import lifecycle
from tests.grounds import Outcome, grounds
from tests.kills import LONG, STEPS, victim
from tests.places import SEED, STORES, TORTURE, torture
from tests.tally import Tally

POLICIES = ("kill", "grace", "plain")

BEFORE = ("leased", "prepared", "sending")
DOUBT = ("sent", "received")
AFTER = ("written", "synced", "journalled", "committing", "committed", "wiped")
"""What was written outlives its process even before it is synced: only a power cut takes it."""

BATCHES = 36 if TORTURE else 2
PROCESSES = 14
"""They die together, at moments of their own."""

EACH = 5
"""Connections that a process refreshes at once. Another process refreshes them, too."""

SPAN = 0.4
"""Seconds in which they die: a refresh takes a tenth of that."""


@pytest.mark.parametrize("reuse", POLICIES)
@pytest.mark.parametrize("store", STORES)
async def test_a_kill_at_each_step(store, reuse, tmp_path):
    async with grounds(store, tmp_path) as ground:
        await ground.connect(len(STEPS))
        ground.ledger.allow(reuse)
        steps = dict(zip(STEPS, ground.connections, strict=True))
        await ground.kill(*((None, victim(one, last=step)) for step, one in steps.items()))

        async with ground.open() as vault:
            # Not all of `maintain`: it refreshes as well, once the dead leases have run out.
            await vault._refresher.landings.replay()
            asked = (ground.outcome(vault, one) for one in steps.values())
            found = dict(zip(steps, await asyncio.gather(*asked), strict=True))

    # One that was kept is refreshed once more, which proves that it is whole.
    assert found == {
        **dict.fromkeys(BEFORE, Outcome("good", 2, 1)),
        **dict.fromkeys(
            DOUBT, Outcome("good", 2, 2) if reuse == "grace" else Outcome("lost", 1, 2)
        ),
        **dict.fromkeys(AFTER, Outcome("good", 3, 1)),
    }


@pytest.mark.timeout(60 + BATCHES * 15)
@pytest.mark.parametrize("store", STORES)
async def test_kills_at_any_moment(store, tmp_path, record_property):
    chance, tally = random.Random(SEED), Tally()
    async with grounds(store, tmp_path, seed=SEED, longest=0.02) as ground:
        await ground.connect(PROCESSES * EACH // 2)
        for batch in range(BATCHES):
            ground.ledger.allow(POLICIES[batch % len(POLICIES)])
            marks = await ground.kill(*doomed(ground, chance))
            async with ground.open() as vault:
                await tally.settle(ground, vault, marks)
    record_property("measured", f"{store}, seed {SEED}: {tally.told()}")

    assert tally.unexplained == []
    assert tally.kills == BATCHES * PROCESSES


def doomed(ground, chance):
    """Let each process refresh some connections, and die."""
    halves = [ground.connections[at : at + EACH] for at in range(0, len(ground.connections), EACH)]
    return [(chance.random() * SPAN, victim(*some)) for some in halves * 2]


@torture
@pytest.mark.timeout(120)
@pytest.mark.parametrize("store", STORES)
async def test_a_caller_waits_for_the_end_of_a_dead_lease(store, tmp_path, capsys):
    """With the times that everybody has: a victim of the other tests has a short lease."""
    async with grounds(store, tmp_path) as ground:
        await ground.connect(1)
        (connection,) = ground.connections
        await ground.kill((None, victim(connection, last="sending")), seconds=LONG)
        began = time.monotonic()

        async with ground.open() as vault:
            outcome = await ground.outcome(vault, connection)
        waited = time.monotonic() - began
    with capsys.disabled():
        print(f"\n{store}: waited {waited:.1f} s for a dead process")  # noqa: T201

    assert outcome == Outcome("good", 2, 1)
    assert waited < lifecycle.LIFE + 2

"""Eleven hostile tools, and three neighbours who must not notice."""

import asyncio
import errno
import os
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from connector_vault.errors import ConnectorVaultError, Crashed, TimedOut
from tests.deeds import until
from tests.hostile.lab import HOW, ISSUES, NEIGHBOURS, connected, laboratory, processes

pytest_plugins = ("tests.hostile.fixtures",)
pytestmark = pytest.mark.alone

ATTACKS = {
    "spin": TimedOut,
    "spin_in_c": TimedOut,
    "deadlock": TimedOut,
    "ignore_the_end": TimedOut,
    "eat_memory": (TimedOut, Crashed),
    "leave": Crashed,
    "touch_nothing": Crashed,
    "fork_without_end": [0, errno.EPERM],
    "leak_descriptors": errno.EMFILE,
    "flood": "printed",
    "answer_64_mb": (TimedOut, Crashed),
}


@dataclass
class Seen:
    """What the neighbours saw."""

    failures: list = field(default_factory=list)
    delays: list = field(default_factory=list)


@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
async def lab(hostile_site, tmp_path_factory):
    async with laboratory(tmp_path_factory.mktemp("lab")) as lab:
        for owner in NEIGHBOURS:
            await connected(lab.vault, lab.world, owner)
            await lab.gateway.call(owner, "github.list_issues", ISSUES)
        for name in HOW:
            await lab.attack(f"{name}.greet")
        yield lab


@asynccontextmanager
async def neighbours(lab):
    """Three people who call a tool again and again."""
    seen, over = Seen(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for owner in NEIGHBOURS:
            group.create_task(call_on(lab, owner, seen, over))
        yield seen
        over.set()


async def call_on(lab, owner, seen, over):
    while not over.is_set():
        begun = asyncio.get_running_loop().time()
        try:
            await lab.gateway.call(owner, "github.list_issues", ISSUES, timeout=10)
        except ConnectorVaultError as error:
            seen.failures.append(error)
        seen.delays.append(asyncio.get_running_loop().time() - begun)


def time_for(attack):
    """Give the seconds of an attack: few for what only a deadline ends, else more than it needs."""
    expected = ATTACKS[attack]
    return 0.5 if expected is TimedOut or isinstance(expected, tuple) else 10


def is_as(outcome, expected):
    match expected:
        case int():
            return outcome.value[0] < 64 and outcome.value[1] == expected
        case str() | list():
            return outcome.value == expected
        case _:
            return isinstance(outcome, expected)


@pytest.mark.parametrize("attack", ATTACKS)
async def test_no_neighbour_notices_a_hostile_tool(lab, figures, attack):
    loop = asyncio.get_running_loop()
    begun = loop.time()
    async with neighbours(lab) as seen:
        calls = (lab.attack(f"{name}.{attack}", timeout=time_for(attack)) for name in HOW)
        outcomes = await asyncio.gather(*calls)
        took = loop.time() - begun

    assert seen.failures == []
    assert all(is_as(one, ATTACKS[attack]) for one in outcomes), outcomes
    figures(f"{attack:17} ended after {took:.2f} s, {len(seen.delays)} neighbours' calls, "
            f"worst {max(seen.delays) * 1000:.0f} ms")  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
async def test_nothing_is_left_of_a_hostile_tool(lab, attack):
    before = {pid for pid, _ in processes(os.getpid())}

    await lab.attack(f"hostile.{attack}", timeout=0.2)

    await lab.settle()
    kept = {one.process.pid for one in lab.workers if not one.process.spent}
    # The kernel tells of an end a moment before it clears the process away.
    await until(lambda: {pid for pid, _ in processes(lab.zygote)} <= kept)
    assert {pid for pid, _ in processes(os.getpid())} == before
    assert "Z" not in {state for _, state in [*processes(lab.zygote), *processes(os.getpid())]}
    assert not kept & {pid for pid, _ in processes(1)}


async def test_a_tool_that_is_only_named_is_not_imported_here(lab):
    outcome = await lab.attack("hostile_named.wake")

    assert all(not said.startswith("did") for said in outcome.value.values())
    assert "hostile_connector.ambush" not in sys.modules

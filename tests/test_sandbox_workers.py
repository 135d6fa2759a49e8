"""Workers that die, grow old or cannot be made: the next call has one all the same."""

import asyncio
import os
import signal

import pytest

from connector_vault.errors import Crashed
from connector_vault.sandbox import box, pool
from tests.deeds import ADA, until
from tests.hostile.lab import ISSUES, MALLORY, connected, laboratory

pytest_plugins = ("tests.hostile.fixtures",)


@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
async def lab(hostile_site, tmp_path_factory):
    async with laboratory(tmp_path_factory.mktemp("lab")) as lab:
        await connected(lab.vault, lab.world)
        yield lab


async def issues(lab):
    return await lab.gateway.call(ADA, "github.list_issues", ISSUES)


def of_ada(lab):
    """The worker that waits for her next call."""
    (process,) = lab.sandbox._pool._idle
    return process


async def test_a_zygote_that_was_killed_is_started_again(lab):
    await issues(lab)
    old = lab.zygote
    os.kill(old, signal.SIGKILL)
    # Its workers go with it: the kernel tells them.
    await until(lambda: all(one.died for one in lab.workers))

    assert (await issues(lab)).value is not None
    assert (await lab.attack("hostile.greet", {"text": "again"})).value == "again"
    assert lab.zygote != old


async def test_a_call_whose_zygote_is_killed_has_crashed(lab):
    running = asyncio.create_task(lab.attack("hostile.spin_in_c", timeout=30))
    await until(lab.spins)
    os.kill(lab.zygote, signal.SIGKILL)

    assert isinstance(await running, Crashed)
    assert (await lab.attack("hostile.greet", {"text": "again"})).value == "again"


async def test_a_worker_that_was_killed_idle_is_not_used(lab):
    await issues(lab)
    idle = of_ada(lab)
    os.kill(idle.pid, signal.SIGKILL)
    await until(lambda: not idle.silent)

    await issues(lab)

    assert of_ada(lab) is not idle


async def test_a_worker_is_used_again_and_not_for_ever(lab, monkeypatch):
    monkeypatch.setattr(pool, "_CALLS", 3)
    await issues(lab)
    lab.sandbox._pool._give_up(of_ada(lab))

    used = []
    for _ in range(6):
        await issues(lab)
        used += [one.pid for one in lab.sandbox._pool._idle]

    assert used[0] == used[1]
    assert len({*used}) == 2
    assert used.count(used[0]) == 2


async def test_an_old_worker_is_not_used_again(lab, monkeypatch):
    await issues(lab)
    old = of_ada(lab)
    monkeypatch.setattr(pool, "_LIFE", 0.0)

    await issues(lab)

    assert old not in lab.sandbox._pool._idle


async def test_many_calls_cost_no_descriptor(lab):
    """Beyond what connections to the provider take that are kept."""
    await asyncio.gather(*(issues(lab) for _ in range(4)))
    await lab.settle()
    before = lab.descriptors()

    for _ in range(50):
        await asyncio.gather(*(issues(lab) for _ in range(4)))
    await lab.settle()

    assert lab.descriptors() <= before + 8


async def test_fresh_workers_cost_no_descriptor(lab):
    await lab.attack("hostile.greet")
    await lab.settle()
    before = lab.descriptors()

    for _ in range(50):
        await lab.attack("hostile.greet")
    await lab.settle()

    assert lab.descriptors() <= before


async def test_tools_that_cannot_be_imported_hide_no_others(lab, monkeypatch):
    monkeypatch.setattr(box, "_DESCRIBE", 0.3)
    monkeypatch.setattr(pool, "_LOAD", 0.3)

    offers = await lab.gateway.tools(MALLORY)

    assert {one.name.partition(".")[0] for one in offers} == {"hostile", "hostile_named"}

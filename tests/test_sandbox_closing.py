"""A gateway that is closed leaves no process and no descriptor."""

import asyncio
import os

import pytest

from connector_vault.errors import Crashed, TimedOut
from tests.deeds import ADA, until
from tests.hostile.lab import ISSUES, connected, held, laboratory, processes

pytest_plugins = ("tests.hostile.fixtures",)


async def test_a_gateway_that_is_closed_leaves_nothing(hostile_site, tmp_path):
    before = held()
    async with laboratory(tmp_path) as lab:
        await connected(lab.vault, lab.world)
        await lab.gateway.call(ADA, "github.list_issues", ISSUES)
        await lab.attack("hostile.greet")
        workers, zygote = list(lab.workers), lab.zygote
        assert len(held() - before) > len(workers)

    assert all(one.died for one in workers)
    assert zygote not in {pid for pid, _ in processes(os.getpid())}
    assert held() - before == set()


async def test_a_gateway_that_is_closed_ends_what_runs(hostile_site, tmp_path):
    before = held()
    async with laboratory(tmp_path) as lab:
        await lab.attack("hostile.greet")
        running = asyncio.create_task(lab.attack("hostile.spin_in_c", timeout=30))
        await until(lab.spins)

    assert isinstance(await running, Crashed)
    assert held() - before == set()


@pytest.mark.parametrize("turns", [0, 1, 5, 50])
async def test_a_call_that_begins_as_a_gateway_is_closed_leaves_nothing(
    hostile_site, tmp_path, turns
):
    before = held()
    async with laboratory(tmp_path) as lab:
        beginning = asyncio.create_task(lab.attack("hostile.greet"))
        for _ in range(turns):
            await asyncio.sleep(0)

    assert await beginning is not None
    await until(lambda: not held() - before)


async def test_closing_does_not_wait_for_an_import_that_never_ends(hostile_site, tmp_path):
    async with asyncio.timeout(30), laboratory(tmp_path) as lab:
        outcome = await lab.attack("hostile_stalled.end", timeout=0.3)

    assert isinstance(outcome, TimedOut)

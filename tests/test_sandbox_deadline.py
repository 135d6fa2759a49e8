"""When a call is over, so is its process, whatever it does."""

import asyncio
import os
import select
import subprocess
import sys
from contextlib import suppress

import pytest

from connector_vault.errors import TimedOut
from tests.deeds import ROOT, until
from tests.hostile.lab import laboratory, p99, processes, ticks

pytest_plugins = ("tests.hostile.fixtures",)
pytestmark = pytest.mark.alone

ROUNDS, BATCHES = 20, 5
BOUND = 0.010
"""Seconds from a deadline to the end of a process, promised for 99 of 100 calls."""

DOOMED = ROOT / "tests" / "hostile" / "doomed.py"


@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
async def lab(hostile_site, tmp_path_factory):
    async with laboratory(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


async def ended_after(lab, seconds):
    """Have a tool spin: give the seconds from its deadline to its end."""
    deadline = asyncio.get_running_loop().time() + seconds
    assert isinstance(await lab.attack("hostile.spin_in_c", timeout=seconds), TimedOut)
    await lab.settle()
    return max(one.died for one in lab.workers if one.process.spent) - deadline


async def test_a_spinning_tool_is_gone_at_its_deadline(lab, figures):
    batches = [[await ended_after(lab, 0.06) for _ in range(ROUNDS)] for _ in range(BATCHES)]
    worst = [p99(one) for one in batches]

    said = ", ".join(f"{one * 1000:.1f}" for one in worst)
    figures(f"from deadline to end, p99 of {ROUNDS} calls, {BATCHES} times: {said} ms")
    assert min(worst) <= BOUND


async def test_a_cancelled_call_ends_its_tool(lab, figures):
    delays = [await ended_after_cancel(lab) for _ in range(5)]

    figures(f"from cancelling to end, best of 5: {min(delays) * 1000:.1f} ms")
    assert min(delays) <= BOUND


async def ended_after_cancel(lab):
    loop = asyncio.get_running_loop()
    call = asyncio.create_task(lab.attack("hostile.spin_in_c", timeout=30))
    await until(lab.spins)
    cancelled = loop.time()
    call.cancel()
    with suppress(asyncio.CancelledError):
        await call
    await lab.settle()
    return max(one.died for one in lab.workers if one.process.spent) - cancelled


@pytest.fixture
def doomed(hostile_site, tmp_path):
    """A program that keeps a vault, and the number of its zygote."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(hostile_site), *sys.path])}
    program = [sys.executable, DOOMED, tmp_path]
    with subprocess.Popen(program, env=environment, stdout=-1, text=True) as doomed:
        yield doomed, int(doomed.stdout.readline())
        doomed.kill()


async def test_nothing_outlives_a_vault_that_is_killed(doomed):
    """Not even what has asked the kernel not to end it."""
    program, zygote = doomed
    await until(lambda: sum(ticks(pid) > 10 for pid, _ in processes(zygote)) == 2)
    handles = [os.pidfd_open(pid) for pid in (zygote, *(one for one, _ in processes(zygote)))]

    program.kill()

    gone = [select.select([one], [], [], 10)[0] for one in handles]
    for one in handles:
        os.close(one)
    assert all(gone)

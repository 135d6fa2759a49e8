"""Harm by what all calls share: the vault's loop, the kernel's counts, a connector's workers."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from connector_vault import registry
from connector_vault.egress import Egress
from connector_vault.errors import Crashed, TimedOut
from connector_vault.model import AccessToken
from connector_vault.sandbox.box import Job
from connector_vault.sandbox.frames import MAX_RESULT
from connector_vault.sandbox.pool import Breed
from connector_vault.sandbox.readable import readable_for
from tests.deeds import ADA
from tests.hostile.lab import MALLORY, TOKEN, laboratory

pytest_plugins = ("tests.hostile.fixtures",)
pytestmark = pytest.mark.alone

STANDSTILL = {
    "answer_escapes": MAX_RESULT - 1000,
    "answer_lists": MAX_RESULT - 1000,
    "ask_in_crumbs": 20_000,
    "ask_much": 2_000,
}
LONGEST = 0.25
"""Seconds for which one hostile call may stop the vault's loop: best of 3."""

PLACE = ("hostile_connector.functions", "connector")


@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
async def lab(hostile_site, tmp_path_factory):
    async with laboratory(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@asynccontextmanager
async def loop_watched():
    """Measure for how long the loop stood still at worst."""
    worst, over = [0.0], asyncio.Event()

    async def watch():
        loop = asyncio.get_running_loop()
        before = loop.time()
        while not over.is_set():
            await asyncio.sleep(0)
            worst[0] = max(worst[0], loop.time() - before)
            before = loop.time()

    async with asyncio.TaskGroup() as group:
        group.create_task(watch())
        yield worst
        await asyncio.sleep(0)
        over.set()


@pytest.mark.parametrize("tool", STANDSTILL)
async def test_no_tool_stops_the_vaults_loop(lab, figures, tool):
    worst = [await stood_still(lab, tool)]
    while worst[-1] > LONGEST and len(worst) < 3:
        worst.append(await stood_still(lab, tool))

    figures(f"{tool:17} stopped the loop for {min(worst) * 1000:.0f} ms at worst")
    assert min(worst) < LONGEST


async def stood_still(lab, tool):
    async with loop_watched() as worst:
        outcome = await lab.attack(f"hostile.{tool}", {"size": STANDSTILL[tool]}, timeout=20)
    assert not isinstance(outcome, TimedOut)
    return worst[0]


async def test_descriptors_under_way_keep_no_worker_from_starting(lab):
    """The kernel counts them for each user, and refuses whoever has a lower limit than that."""
    await lab.world.fault(host="api.hostile.example", path="/v1/slow", kind="hang")
    attack = asyncio.create_task(lab.attack("hostile.hold_descriptors", timeout=1))
    await asyncio.wait([attack], timeout=0.2)

    greetings = [await lab.attack("hostile.greet", {"text": "hello"}) for _ in range(5)]

    assert [getattr(one, "value", one) for one in greetings] == ["hello"] * 5
    await attack


async def test_no_threads_are_made(lab):
    """The kernel counts them like processes: at its bound nobody else could start one."""
    assert (await lab.attack("hostile.make_threads", {"most": 300})).value == 0


def job(lab, tool, **arguments):
    """A call in a worker that is kept, as our own connectors' tools have it."""
    return Job(
        connector=PLACE,
        called=f"hostile.{tool}",
        tool=tool,
        arguments=arguments,
        owner=MALLORY,
        mode="pooled",
        breed=Breed(PLACE, readable_for(PLACE[0])),
    )


def egress(lab, tool="greet"):
    async def token(_):
        return AccessToken(secret=TOKEN, generation=1)

    connector = registry.load("hostile")
    (found,) = (one for one in connector.tools if one.name == tool)
    deadline = asyncio.get_running_loop().time() + 5
    return Egress(connector, found, lab.vault.room.http, token, deadline=deadline)


async def pooled(lab, tool, **arguments):
    value, _ = await lab.sandbox.run(job(lab, tool, **arguments), egress(lab))
    return value


async def test_a_kept_worker_serves_call_after_call(lab):
    """Else the tests below would prove nothing of one that is used again."""
    await pooled(lab, "remember", text="first")

    assert await pooled(lab, "remember", text="second") == ["first"]


@pytest.mark.parametrize("times", [1, 2, 100])
async def test_a_second_answer_is_not_the_next_calls(lab, times):
    """Where it is noticed late, while the next call is under way, that one fails."""
    assert await pooled(lab, "answer_twice", times=times) == "forged"

    outcomes = [await mine_or_crashed(lab) for _ in range(3)]

    assert set(outcomes) <= {"mine", Crashed}
    assert outcomes[1:] == ["mine", "mine"]


async def test_a_late_answer_is_not_the_next_calls(lab):
    assert await pooled(lab, "answer_late") == "in time"
    (late,) = lab.sandbox._pool._idle

    outcomes = [await mine_or_crashed(lab)]
    while not late.spent:
        outcomes.append(await mine_or_crashed(lab))

    assert set(outcomes) <= {"mine", Crashed}
    assert outcomes.count(Crashed) <= 1


async def mine_or_crashed(lab):
    try:
        return await pooled(lab, "greet", text="mine")
    except Crashed:
        return Crashed


@pytest.mark.parametrize(
    "said", ["GET https://api.hostile", "x", "GET https://api.hostile.example/v1/echo HTTP/1.1\r\n"]
)
async def test_half_a_request_is_not_the_next_calls(lab, said):
    await pooled(lab, "half_ask", text=said)

    value = await pooled(lab, "ask", text="GET https://x HTTP/1.1\r\nhost: x\r\n\r\n")

    assert value.startswith("HTTP/1.1 502")
    assert "api.hostile" not in value


async def test_a_kept_worker_serves_one_owner(lab):
    mine = job(lab, "remember", text="mine")
    await lab.sandbox.run(mine, egress(lab))
    other = Job(**{name: getattr(mine, name) for name in Job.__slots__} | {"owner": ADA})

    value, _ = await lab.sandbox.run(other, egress(lab))

    assert "mine" not in value

"""The one thread that speaks with a module."""

import asyncio
import threading
from functools import partial

import pytest

from connector_vault.errors import KeysUnavailable
from connector_vault.keys.pkcs11.thread import ModuleThread
from tests.deeds import until

LONG = 30.0
"""Seconds: a deadline that does not pass."""

SHORT = 0.05


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


class Stuck:
    """A call that does not return before it is let go."""

    def __init__(self, answer=None):
        self.begun, self.free = threading.Event(), threading.Event()
        self.answer = answer

    def __call__(self):
        self.begun.set()
        assert self.free.wait(LONG)
        return self.answer


@pytest.fixture
def last():
    return threading.Event()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def thread(last, clock):
    thread = ModuleThread(last.set, clock)
    thread.take()
    yield thread
    if not last.is_set():
        thread.leave().result(LONG)


async def test_jobs_run_one_after_another_on_one_thread(thread):
    seen = []

    async def ask(number):
        await thread.ask(lambda: seen.append((number, threading.get_ident())), LONG)

    await asyncio.gather(*map(ask, range(200)))

    assert [number for number, _ in seen] == list(range(200))
    assert len({ident for _, ident in seen}) == 1
    assert seen[0][1] != threading.get_ident()


async def test_what_a_job_raises_is_raised_where_it_was_asked(thread):
    with pytest.raises(ZeroDivisionError):
        await thread.ask(lambda: 1 // 0, LONG)
    with pytest.raises(ZeroDivisionError):
        thread.ask_now(lambda: 1 // 0, LONG)

    assert thread.ask_now(lambda: 1, LONG) == 1


async def test_whoever_waits_for_a_call_that_hangs_is_told_at_the_deadline(thread):
    stuck = Stuck()

    with pytest.raises(KeysUnavailable, match="did not answer in time"):
        await thread.ask(stuck, SHORT)
    with pytest.raises(KeysUnavailable, match="did not answer in time"):
        thread.ask_now(lambda: 1, SHORT)

    stuck.free.set()
    assert await thread.ask(lambda: 1, LONG) == 1


async def test_whoever_comes_later_than_that_is_told_at_once(thread, clock):
    stuck = Stuck()
    asking = asyncio.create_task(thread.ask(stuck, LONG))
    await asyncio.to_thread(stuck.begun.wait, LONG)

    clock.now += LONG + 1
    with pytest.raises(KeysUnavailable, match="did not answer in time"):
        await asyncio.wait_for(thread.ask(lambda: 1, LONG), 5)

    stuck.free.set()
    await asking
    assert await thread.ask(lambda: 1, LONG) == 1


async def test_what_nobody_waits_for_is_not_begun(thread):
    stuck, done = Stuck(), []
    asking = asyncio.create_task(thread.ask(stuck, LONG))
    await asyncio.to_thread(stuck.begun.wait, LONG)

    with pytest.raises(KeysUnavailable):
        await thread.ask(partial(done.append, 1), SHORT)
    stuck.free.set()
    await asking

    assert await thread.ask(lambda: 2, LONG) == 2
    assert done == []


@pytest.mark.parametrize("leaving", ["late", "cancelled"])
async def test_a_result_that_nobody_takes_is_handed_back(thread, leaving):
    stuck, unwanted = Stuck("secret"), []
    deadline = SHORT if leaving == "late" else LONG
    asking = asyncio.create_task(thread.ask(stuck, deadline, unwanted.append))
    await asyncio.to_thread(stuck.begun.wait, LONG)

    if leaving == "cancelled":
        asking.cancel()
    (outcome,) = await asyncio.gather(asking, return_exceptions=True)
    stuck.free.set()

    assert isinstance(outcome, KeysUnavailable | asyncio.CancelledError)
    await until(lambda: unwanted == ["secret"])


async def test_the_thread_is_there_while_somebody_uses_it(thread, last):
    thread.take()
    assert thread.leave() is None
    assert await thread.ask(lambda: 1, LONG) == 1

    await asyncio.wrap_future(thread.leave())

    assert last.is_set()


async def test_a_module_is_not_entered_before_whoever_was_in_it_has_left(thread):
    stuck = Stuck()
    hung = asyncio.create_task(thread.ask(stuck, LONG))
    await asyncio.to_thread(stuck.begun.wait, LONG)
    thread.leave()

    thread.take()
    with pytest.raises(KeysUnavailable):
        await thread.ask(lambda: 1, SHORT)

    stuck.free.set()
    await hung
    assert await thread.ask(lambda: 1, LONG) == 1

"""The threads that wait for Transit's server."""

import asyncio
import subprocess
import sys
import threading
import traceback
from functools import partial

import pytest

from connector_vault.errors import Corrupt, KeysDenied, KeysUnavailable
from connector_vault.keys.hcvault import crew
from connector_vault.keys.hcvault.crew import Crew, Deadline
from tests.deeds import until

CANARY = "a" + "-secret"
LONG = 30.0
SOON = 0.05

CHILD = """
import asyncio, os, sys
from connector_vault.errors import KeysUnavailable
from connector_vault.keys.hcvault.crew import Crew


async def use(crew):
    try:
        await asyncio.wait_for(crew.run(lambda _: 1, 5.0), timeout=5)
    except KeysUnavailable as error:
        assert "forked" in str(error)
        os._exit(7)


async def main():
    crew = Crew()
    assert await crew.run(lambda _: 1, 5.0) == 1
    if os.fork() == 0:
        try:
            asyncio.run(use(crew))
        finally:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.wait()[1])


sys.exit(asyncio.run(main()))
"""


@pytest.fixture
def threads():
    """Have a crew, and something that its threads wait for."""
    threads, free = Crew(), threading.Event()
    yield threads, free
    free.set()
    threads.close()


def waiting(free, answer, deadline):
    free.wait(LONG)
    return answer


async def test_work_is_done_elsewhere(threads):
    ours, _ = threads

    assert await ours.run(lambda _: threading.get_ident(), LONG) != threading.get_ident()


async def test_nobody_waits_longer_than_said(threads):
    ours, free = threads

    with pytest.raises(KeysUnavailable, match="in time"):
        await ours.run(partial(waiting, free, None), SOON)


async def test_what_comes_too_late_is_wiped(threads):
    ours, free = threads
    late = [bytearray(b"k" * 32), Corrupt("no"), bytearray(b"k" * 32)]
    with pytest.raises(KeysUnavailable):
        await ours.run(partial(waiting, free, late), SOON)
    assert late[0] == b"k" * 32

    free.set()

    await until(lambda: late[0] == late[2] == bytes(32))


async def test_what_nobody_waits_for_any_more_is_wiped(threads):
    ours, free = threads
    late = [bytearray(b"k" * 32)]
    begun = threading.Event()

    def work(deadline):
        begun.set()
        return waiting(free, late, deadline)

    call = asyncio.create_task(ours.run(work, LONG))
    await until(begun.is_set)
    call.cancel()
    await asyncio.wait([call])
    free.set()

    await until(lambda: late[0] == bytes(32))


async def test_there_are_never_more_threads_and_what_could_not_begin_is_never_done(threads):
    ours, free = threads
    begun = []

    def work(deadline):
        begun.append(threading.get_ident())
        return waiting(free, None, deadline)

    calls = [ours.run(work, 4 * SOON) for _ in range(30)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(answer, KeysUnavailable) for answer in answers)
    assert not ours._jobs
    free.set()

    assert await ours.run(lambda _: "next", LONG) == "next"
    assert len(begun) == len(set(begun)) == crew._THREADS


async def test_one_who_waits_is_served_when_a_thread_is_free(threads):
    ours, free = threads
    held = [asyncio.create_task(ours.run(partial(waiting, free, 1), LONG)) for _ in range(8)]
    await until(lambda: ours._threads == 8 and not ours._jobs)
    last = asyncio.create_task(ours.run(lambda _: 2, LONG))
    await until(lambda: len(ours._jobs) == 1)

    free.set()

    assert await last == 2
    assert await asyncio.gather(*held) == [1] * 8


async def test_idle_threads_end(monkeypatch, threads):
    monkeypatch.setattr(crew, "_IDLE", 0.01)
    ours, _ = threads
    await ours.run(lambda _: None, LONG)

    await until(lambda: ours._threads == 0)

    assert await ours.run(lambda _: 1, LONG) == 1


async def test_an_error_of_ours_comes_without_what_was_handled(threads):
    ours, _ = threads

    def work(_):
        secret = CANARY
        try:
            int(secret)
        except ValueError:
            raise KeysDenied("ask somebody") from None

    with pytest.raises(KeysDenied, match="ask somebody") as caught:
        await ours.run(work, LONG)

    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert caught.value.__context__ is caught.value.__cause__ is None
    assert CANARY not in "".join(told.format())


async def test_of_any_other_error_only_the_class_is_told(threads):
    ours, _ = threads

    with pytest.raises(KeysUnavailable, match=r"asked \(ValueError\)$") as caught:
        await ours.run(lambda _: int(CANARY), LONG)

    assert caught.value.__context__ is caught.value.__cause__ is None
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert CANARY not in "".join(told.format())


async def test_a_crew_that_was_closed_takes_nothing(threads):
    ours, _ = threads
    ours.close()

    with pytest.raises(KeysUnavailable, match="closed"):
        await ours.run(lambda _: 1, LONG)


def test_one_crew_serves_one_event_loop_after_another(threads):
    ours, _ = threads

    assert [asyncio.run(ours.run(lambda _: 1, LONG)) for _ in range(3)] == [1, 1, 1]


def test_a_forked_child_is_told_to_open_the_holder_itself():
    command = [sys.executable, "-W", "ignore", "-c", CHILD]

    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)

    assert done.returncode == 7, done.stderr


def test_a_deadline_that_is_over_leaves_no_time():
    assert 0 < Deadline(LONG).left() <= LONG
    with pytest.raises(KeysUnavailable):
        Deadline(0).left()

"""Journals of processes that are killed, forked, cancelled, or in a hurry."""

import asyncio
import subprocess
import sys
from contextlib import asynccontextmanager

import pytest

from connector_vault.journal import Life, open_journal
from tests.journals import Held, left, other_thread
from tests.player import playing


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "journal"


@pytest.fixture
async def journal(folder):
    async with open_journal(folder, shared=False) as journal:
        yield journal


@asynccontextmanager
async def living(folder, *records):
    """Let another process keep records, and live: give its id, and what kills it."""
    async with playing("keep", folder, *records) as other:
        await other.go()
        process = await other.end()

        async def kill():
            other._process.kill()
            await other._process.wait()

        yield process, kill


async def started(code, folder, **options):
    """Start a process that runs this code."""
    command = (sys.executable, "-W", "ignore", "-c", code, str(folder))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return await asyncio.create_subprocess_exec(*command, **pipes, **options)


async def test_a_record_of_a_process_that_was_killed_is_found(folder, journal):
    async with living(folder, "one", "two") as (process, kill):
        await kill()

    with next(journal.orphans()) as orphan:
        assert (orphan.process, orphan.records) == (process, [b"one", b"two"])


@pytest.mark.parametrize("kept", [1, 7, 40])
async def test_whenever_a_process_is_killed_its_records_are_kept_and_whole(folder, journal, kept):
    async with playing("scribble", folder) as other:
        await other.go()
        said = [await other._process.stdout.readline() for _ in range(kept)]
        other._process.kill()
        said += (await other._process.stdout.read()).splitlines()

    (records,) = left(journal)
    promised = [b"%d " % int(number) * 5000 for number in said if number.strip()]
    # The last one may have been kept just before it could say so.
    assert records[: len(promised)] == promised
    assert records[len(promised) :] in ([], [b"%d " % len(promised) * 5000])


async def test_a_process_is_alive_until_it_is_killed(folder, journal):
    async with living(folder, "one") as (process, kill):
        assert journal.find(process) is Life.ALIVE
        assert left(journal) == []
        await kill()

    assert journal.find(process) is Life.LEFT
    next(journal.orphans()).remove()
    assert journal.find(process) is Life.DEAD


async def test_a_process_that_was_killed_before_its_first_record_leaves_nothing(folder, journal):
    async with living(folder) as (process, kill):
        await kill()

    assert left(journal) == []
    assert journal.find(process) is Life.DEAD


async def test_many_records_are_one_sync(folder, journal):
    disk = Held()
    async with other_thread(folder, disk) as other, disk.held(other) as first:
        many = [asyncio.create_task(other.append(b"%d" % n)) for n in range(49)]
        await disk.queued(49)
        before = disk.syncs
        disk.let_go()
        await asyncio.gather(first, *many)

    assert disk.syncs == before + 1
    assert [len(records) for records in left(journal)] == [50]


async def test_a_record_whose_caller_was_cancelled_is_kept(folder, journal):
    disk = Held()
    async with other_thread(folder, disk) as other, disk.held(other) as first:
        begun, later = (asyncio.create_task(other.append(word)) for word in (b"one", b"two"))
        await disk.queued(2)
        for task in (first, begun, later):
            task.cancel()
        await asyncio.gather(first, begun, later, return_exceptions=True)
        disk.let_go()

    assert left(journal) == [[b"first", b"one", b"two"]]


async def test_the_loop_runs_while_the_disk_is_slow(folder):
    disk = Held()
    async with other_thread(folder, disk) as other, disk.held(other) as first:
        for _ in range(50):
            await asyncio.sleep(0)
        assert not first.done()
        disk.let_go()


CHILD = """
import asyncio, os, sys
from pathlib import Path
from connector_vault.journal import JournalUnavailable, open_journal


async def use(journal, number):
    for ask in (journal.process, lambda: journal.append(b"child")):
        try:
            await asyncio.wait_for(ask(), timeout=5)
            os._exit(1)
        except JournalUnavailable as error:
            assert "forked" in str(error)
    for ask in (lambda: journal.done(number), journal.orphans, lambda: journal.find("")):
        try:
            ask()
            os._exit(1)
        except JournalUnavailable:
            pass
    await journal.close()
    os._exit(7)


async def main(folder):
    async with open_journal(Path(folder), shared=False) as journal:
        number = await journal.append(b"parent")
        if os.fork() == 0:
            try:
                asyncio.run(use(journal, number))
            finally:
                os._exit(2)
        return os.waitstatus_to_exitcode(os.wait()[1])


sys.exit(asyncio.run(main(sys.argv[1])))
"""


async def test_a_forked_child_is_refused_and_takes_nothing_with_it(folder, journal):
    child = await started(CHILD, folder)

    assert await child.wait() == 7
    assert left(journal) == [[b"parent"]]


HEIR = """
import asyncio, os, sys
from pathlib import Path
from connector_vault.journal import open_journal


async def main(folder):
    async with open_journal(Path(folder), shared=False) as journal:
        await journal.append(b"parent")
        process = await journal.process()
        if os.fork() == 0:
            sys.stdin.read()
            os._exit(0)
    print(process, flush=True)


asyncio.run(main(sys.argv[1]))
"""


async def test_a_process_that_ended_is_not_alive_in_its_forked_child(folder, journal):
    parent = await started(HEIR, folder)
    process = (await parent.stdout.readline()).decode().strip()

    assert journal.find(process) is Life.LEFT
    assert left(journal) == [[b"parent"]]
    parent.stdin.close()
    assert await parent.wait() == 0


async def test_a_program_that_a_process_started_does_not_keep_it_alive(journal):
    """Closing-on-exec is all that stands between a sandbox and a dead process that looks alive."""
    await journal.process()
    child = await started("import os; os.system('ls -l /proc/$PPID/fd')", "", close_fds=False)

    assert b".journal" not in (await child.communicate())[0]

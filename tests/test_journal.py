"""The journal: what it keeps is found by others, and by nobody once it is used."""

import asyncio

import pytest

from connector_vault.errors import BadArguments
from connector_vault.journal import MAX_RECORD, JournalUnavailable, Life, open_journal
from tests.journals import left

REPLY = b"sealed: a refresh token that is sent once"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "journal"


@pytest.fixture
def opening(folder):
    return lambda: open_journal(folder, shared=False)


@pytest.fixture
async def journal(opening):
    async with opening() as journal:
        yield journal


async def test_a_process_that_used_its_records_leaves_nothing(folder, journal, opening):
    async with opening() as other:
        process = await other.process()
        other.done(await other.append(REPLY))

    assert journal.find(process) is Life.DEAD
    assert [path.name for path in folder.iterdir()] == ["place"]


async def test_a_process_that_ends_leaves_what_it_has_not_used(journal, opening):
    async with opening() as other:
        process = await other.process()
        used = await other.append(b"used")
        await other.append(REPLY)
        other.done(used)

    assert journal.find(process) is Life.LEFT
    assert left(journal) == [[REPLY]]


async def test_only_the_orphan_of_one_process_is_given(journal, opening):
    async with opening() as one, opening() as other:
        await one.append(b"one")
        await other.append(b"other")
        process = await other.process()

    (orphan,) = journal.orphans(process)
    with orphan:
        assert (orphan.process, orphan.records) == (process, [b"other"])


async def test_of_two_who_replay_one_has_the_orphan(journal, opening):
    async with opening() as ended:
        await ended.append(REPLY)
        process = await ended.process()

    async with opening() as other:
        with next(journal.orphans()):
            assert left(other) == []
            assert other.find(process) is Life.ALIVE
        assert left(other) == [[REPLY]]


async def test_an_orphan_that_is_removed_is_removed_for_all(folder, journal, opening):
    async with opening() as ended:
        await ended.append(REPLY)

    with next(journal.orphans()) as orphan:
        content = next(folder.glob("*.journal")).open("rb")
        orphan.remove()

    with content:
        assert not content.read().strip(b"\0")
    assert left(journal) == []


async def test_nothing_is_made_before_it_is_needed(tmp_path, folder, journal):
    assert journal.find("0123456789abcdef.1-0123456789abcdef") is Life.UNKNOWN
    assert left(journal) == []
    journal.done(1)

    assert list(tmp_path.iterdir()) == []


async def test_a_process_keeps_its_id(folder, journal):
    ids = {await journal.process() for _ in range(3)}
    await journal.append(REPLY)

    assert ids == {await journal.process()}
    assert journal.find(*ids) is Life.ALIVE
    assert len(list(folder.glob("*.journal"))) == 1


async def test_many_who_ask_for_the_first_time_at_once_are_one_process(folder, journal):
    asked = await asyncio.gather(*(journal.process() for _ in range(9)), journal.append(REPLY))

    assert len(set(asked[:-1])) == 1
    assert len(list(folder.glob("*.journal"))) == 1


async def test_a_used_record_is_not_in_the_file(folder, journal):
    numbers = [await journal.append(REPLY + b"%d" % n) for n in range(3)]
    (file,) = folder.glob("*.journal")
    assert file.read_bytes().count(REPLY) == 3

    journal.done(numbers[1])

    assert file.read_bytes().count(REPLY) == 2
    journal.done(numbers[1])
    assert file.read_bytes().count(REPLY) == 2


async def test_records_are_found_in_their_order_whatever_room_they_took(opening, journal):
    async with opening() as other:
        first = [await other.append(b"%d" % n * 9000) for n in range(3)]
        other.done(first[0])
        await other.append(b"late" * 100)

    assert left(journal) == [[b"1" * 9000, b"2" * 9000, b"late" * 100]]


async def test_room_is_used_again(folder, journal):
    waiting = await journal.append(b"waiting")
    for n in range(200):
        journal.done(await journal.append(b"%d" % n * 3000))

    (file,) = folder.glob("*.journal")
    assert file.stat().st_size == 64 * 1024
    journal.done(waiting)


@pytest.mark.parametrize("size", [1, 4080, 4081, MAX_RECORD])
async def test_a_record_comes_back_as_it_was(journal, opening, size):
    record = (bytes(range(256)) * 512)[:size]

    async with opening() as other:
        await other.append(record)

    assert left(journal) == [[record]]


@pytest.mark.parametrize("size", [0, MAX_RECORD + 1])
async def test_a_record_has_a_size(journal, size):
    with pytest.raises(BadArguments, match=f"1 to 131072 bytes, not {size}"):
        await journal.append(bytes(size))


async def test_a_journal_that_was_closed_says_so(opening):
    async with opening() as journal:
        number = await journal.append(REPLY)
        process = await journal.process()

    with pytest.raises(JournalUnavailable, match="was closed"):
        await journal.append(REPLY)
    with pytest.raises(JournalUnavailable, match="was closed"):
        await journal.process()
    journal.done(number)
    assert journal.find(process) is Life.LEFT

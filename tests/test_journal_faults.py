"""Disks that fill up, fail, or lose power: what was promised is there, and nothing is invented."""

import os
import random
import resource
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_vault.journal import (
    MAX_RECORD,
    Disk,
    Journal,
    JournalUnavailable,
    Life,
    open_journal,
)
from connector_vault.journal.blocks import BLOCK, frame, header, read
from tests.journals import Broken, Inline, left

SECTOR = 512


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "journal"


@pytest.fixture
async def journal(folder):
    async with open_journal(folder, shared=False) as journal:
        yield journal


@contextmanager
def file_size_limit(size):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("what", ["write", "sync"])
@pytest.mark.parametrize("code", ["ENOSPC", "EIO", "EROFS"])
async def test_a_disk_that_fails_hurts_no_other_record(folder, journal, what, code):
    disk = Broken()
    other = Journal(folder, shared=False, hand=Inline(), disk=disk)
    await other.append(b"before" * 1000)

    disk.failing = {what: code}
    with pytest.raises(JournalUnavailable, match=f"^the journal {folder} cannot be used: [A-Z]"):
        await other.append(b"lost" * 20_000)
    disk.failing = {}
    await other.append(b"after" * 1000)
    await other.close()

    assert left(journal) == [[b"before" * 1000, b"after" * 1000]]


@pytest.mark.parametrize("what", ["write", "sync"])
async def test_a_disk_that_fails_at_the_first_record_leaves_no_file(folder, what):
    disk = Broken()
    journal = Journal(folder, shared=False, hand=Inline(), disk=disk)
    disk.failing = {what: "ENOSPC"}

    with pytest.raises(JournalUnavailable, match="No space left on device"):
        await journal.append(b"lost")

    assert [path.name for path in folder.iterdir()] == ["place"]
    disk.failing = {}
    assert await journal.append(b"later")
    await journal.close()


async def test_a_disk_that_writes_little_at_once_writes_all(folder, journal, monkeypatch):
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, content, at: real(file, content[:999], at))
    async with open_journal(folder, shared=False) as other:
        await other.append(b"record" * 1000)

    assert left(journal) == [[b"record" * 1000]]


async def test_a_file_has_its_name_before_its_first_record_is_promised(journal, monkeypatch):
    """No test can cut the power; this is what holds then."""
    synced = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.fstat(file).st_mode))

    await journal.append(b"record")

    # Of the folder's parent, of its place's draft, and of the folder once the file is in it.
    assert [stat.S_ISDIR(mode) for mode in synced] == [True, False, True]


async def test_a_disk_that_is_full_has_room_for_the_next_record(journal):
    await journal.process()

    with file_size_limit(64 * 1024):
        kept = [await journal.append(b"x" * 4000) for _ in range(15)]
        for one in (b"x", bytes(MAX_RECORD)):
            with pytest.raises(JournalUnavailable, match="File too large"):
                await journal.append(one)
        journal.done(kept[0])
        await journal.append(b"x")

    assert await journal.append(bytes(MAX_RECORD))


async def test_a_record_that_does_not_fit_hurts_none_that_is_written_with_it(folder, journal):
    other = Journal(folder, shared=False, hand=Inline())
    await other.process()
    waiting = [frame_of(other, record) for record in (b"small", bytes(MAX_RECORD), b"tiny")]

    with file_size_limit(64 * 1024):
        other._write()
    await other.close()

    assert [entry.failure is None for entry in waiting] == [True, False, True]
    assert left(journal) == [[b"small", b"tiny"]]


async def test_a_file_does_not_grow_without_end(folder, monkeypatch):
    monkeypatch.setattr("connector_vault.journal.own.MAX_FILE", 1024 * 1024)
    journal = Journal(folder, shared=False, hand=Inline())
    kept = [await journal.append(bytes(MAX_RECORD)) for _ in range(7)]

    with pytest.raises(JournalUnavailable, match="File too large"):
        await journal.append(bytes(MAX_RECORD))
    journal.done(kept[3])
    assert await journal.append(bytes(MAX_RECORD))
    assert next(folder.glob("*.journal")).stat().st_size <= 1024 * 1024
    await journal.close()


async def test_a_record_is_used_although_the_disk_fails(folder, journal):
    disk = Broken()
    other = Journal(folder, shared=False, hand=Inline(), disk=disk)
    number = await other.append(b"used")
    disk.failing = {"write": "EIO"}

    other.done(number)
    await other.close()

    assert left(journal) == []


async def test_an_orphan_that_cannot_be_removed_says_so(folder, journal, monkeypatch):
    async with open_journal(folder, shared=False) as other:
        await other.append(b"one")
    orphan = next(journal.orphans())

    monkeypatch.setattr("os.unlink", refuse)
    with orphan, pytest.raises(JournalUnavailable, match="Read-only file system"):
        orphan.remove()

    assert journal.find(orphan.process) is Life.LEFT


RECORDS = [b"one" * 10, b"two" * 3000, b"three" * 10]


def laid_out(records):
    """Lay a file out as a journal does."""
    content = header("0123456789abcdef.1-0123456789abcdef")
    for number, record in enumerate(records, start=1):
        content += frame(number, record)
        content += bytes(-len(content) % BLOCK)
    return content


@pytest.mark.parametrize("rest", ["missing", "zeros", "ones"])
def test_of_a_file_that_was_torn_anywhere_what_is_whole_is_read(rest):
    content = laid_out(RECORDS)
    ends = [content.index(record) + len(record) for record in RECORDS]

    for cut in {*range(0, len(content), 97), *ends, *(end - 1 for end in ends)}:
        filler = {"missing": b"", "zeros": b"\0", "ones": b"\xff"}[rest]
        found = read(content[:cut] + filler * (len(content) - cut))
        assert found == [record for record, end in zip(RECORDS, ends, strict=True) if end <= cut]


@pytest.mark.parametrize("torn", [0, 1, 2])
def test_a_torn_record_hides_no_other(torn):
    content = bytearray(laid_out(RECORDS))
    at = content.index(RECORDS[torn])

    for byte in {*range(at - 16, at), *range(at, at + len(RECORDS[torn]), 89)}:
        altered = content.copy()
        altered[byte] ^= 0x55
        found = read(bytes(altered))
        assert found == [record for record in RECORDS if record != RECORDS[torn]]


@given(st.binary(max_size=3 * BLOCK))
def test_garbage_is_no_record(garbage):
    assert read(header("x") + garbage) == []


class Drive(Disk):
    """A disk that remembers what a power cut would leave: all that was synced, and of the rest any
    part, sector by sector. A sync that fails loses any part for good."""

    def __init__(self, seed):
        self._chance = random.Random(seed)
        self.failing = False
        self.kept = bytearray()
        self._pending = []

    def write(self, file, content, at):
        super().write(file, content, at)
        self._pending += [
            (at + start, content[start : start + SECTOR])
            for start in range(0, len(content), SECTOR)
        ]

    def sync(self, file):
        self.kept = self.after_a_cut() if self.failing else self._with(self._pending)
        self._pending = []
        if self.failing:
            raise OSError(5, "Input/output error")

    def after_a_cut(self):
        return self._with([write for write in self._pending if self._chance.random() < 0.5])

    def _with(self, writes):
        content = self.kept.copy()
        for at, piece in writes:
            content.extend(bytes(max(0, at + len(piece) - len(content))))
            content[at : at + len(piece)] = piece
        return content


DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.sampled_from([1, 100, 4080, 5000, 20_000, 70_000])),
        st.tuples(st.just("fail"), st.sampled_from([1, 5000, 20_000])),
        st.tuples(st.just("done"), st.integers(0, 5)),
    ),
    max_size=25,
)


@given(DEEDS, st.integers(0, 2**32))
async def test_whenever_power_is_cut_what_was_promised_is_there_and_nothing_is_invented(
    deeds, seed
):
    drive = Drive(seed)
    with tempfile.TemporaryDirectory() as place:
        journal = Journal(Path(place) / "journal", shared=False, hand=Inline(), disk=drive)
        promised, used = await played(journal, drive, deeds)
        found = read(bytes(drive.after_a_cut()))
        await journal.close()

    assert [record for record in found if record in promised] == promised
    assert set(found) <= {*promised, *used}


async def played(journal, drive, deeds):
    """Do all that. Give the records that were promised and not used, and all others, by age."""
    promised, others = {}, []
    for count, (deed, size) in enumerate(deeds):
        record = b"%03d" % count + bytes(size)
        drive.failing = deed == "fail"
        if deed == "append":
            promised[await journal.append(record)] = record
        elif deed == "fail":
            with pytest.raises(JournalUnavailable):
                await journal.append(record)
            others.append(record)
        elif promised:
            number = list(promised)[size % len(promised)]
            journal.done(number)
            others.append(promised.pop(number))
    drive.failing = False
    return list(promised.values()), others


def frame_of(journal, record):
    """Queue a record, as many do at once."""
    from connector_vault.journal.own import Entry

    entry = Entry(next(journal._numbers), record)
    journal._waiting.append(entry)
    return entry


def refuse(*_, **__):
    raise OSError(30, "Read-only file system")

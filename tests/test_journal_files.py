"""What may lie in a journal's folder, and what may happen to it meanwhile."""

import fcntl
import os
import shutil
from contextlib import contextmanager

import pytest

from connector_vault.journal import Journal, JournalUnavailable, Life, open_journal
from connector_vault.journal import folder as room
from connector_vault.journal.folder import Folder
from tests.journals import Inline, left

REPLY = b"sealed: a refresh token that is sent once"
NAME = "1-0123456789abcdef"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "journal"


@pytest.fixture
def opening(folder):
    def opening(path=folder, *, shared=False):
        return open_journal(path, shared=shared)

    return opening


@pytest.fixture
async def journal(opening):
    async with opening() as journal:
        yield journal


@pytest.fixture
async def file(folder, journal):
    """Give the path that the file of some process of this place would have."""
    await journal.process()
    return folder / f"{NAME}.journal"


@pytest.fixture
async def process(journal):
    """Give the id of that process."""
    return (await journal.process()).split(".")[0] + f".{NAME}"


@contextmanager
def looked_at(path):
    """Look at a file for as long as this lasts, which nobody does."""
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


async def test_a_symbolic_link_is_not_followed(folder, journal, file, process, opening, tmp_path):
    async with opening(tmp_path / "other") as other:
        await other.append(REPLY)
    (target,) = (tmp_path / "other").glob("*.journal")
    file.symlink_to(target)

    assert journal.find(process) is Life.UNKNOWN
    assert left(journal) == []
    assert REPLY in target.read_bytes()


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
async def test_what_is_no_file_is_not_waited_for(journal, file, process, make):
    make(file)

    assert journal.find(process) is Life.UNKNOWN
    assert left(journal) == []
    assert file.exists()


@pytest.mark.parametrize("name", ["README", ".x.journal", "x.journal", f"{NAME}.journal.bak"])
async def test_a_file_of_another_name_is_left_alone(folder, journal, file, name):
    (folder / name).write_text("something")

    assert left(journal) == []
    assert (folder / name).read_text() == "something"


@pytest.mark.parametrize(
    "content",
    [
        b"something",
        b"connector_vault/cv1/journal 2 of a later version\n",
        b"connector_vault/cv1/journal 1 0123456789abcdef.2-0123456789abcdef\n",
    ],
)
async def test_a_file_that_is_not_read_here_is_left_alone(journal, file, process, content):
    file.write_bytes(content)

    assert left(journal) == []
    assert file.read_bytes() == content
    assert journal.find(process) is Life.LEFT


@pytest.mark.parametrize("content", [b"", bytes(10), bytes(65536)])
async def test_a_file_whose_process_ended_at_once_is_removed(journal, file, process, content):
    file.write_bytes(content)

    assert left(journal) == []
    assert journal.find(process) is Life.DEAD


async def test_who_only_looks_is_not_taken_for_the_process(folder, journal, opening):
    async with opening() as ended:
        process = await ended.process()
        await ended.append(REPLY)

    with looked_at(next(folder.glob("*.journal"))):
        assert journal.find(process) is Life.LEFT


async def test_who_only_looks_keeps_nobody_from_replaying(journal, opening, monkeypatch):
    async with opening() as ended:
        await ended.append(REPLY)
    failures = [BlockingIOError]

    def flock(file, how, real=fcntl.flock):
        if how & fcntl.LOCK_EX and failures:
            raise failures.pop()
        real(file, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    assert left(journal) == [[REPLY]]


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        (lambda journal, _: left(journal), []),
        (lambda journal, process: journal.find(process), Life.DEAD),
    ],
)
async def test_a_file_that_is_removed_before_it_is_locked_is_no_orphan(
    folder, journal, opening, monkeypatch, ask, answer
):
    async with opening() as ended:
        process = await ended.process()
        await ended.append(REPLY)

    removing_before_the_lock(monkeypatch, next(folder.glob("*.journal")))
    assert ask(journal, process) == answer


async def test_a_file_that_is_removed_while_it_is_made_is_made_again(folder, opening, monkeypatch):
    """Another may seize it first, and takes it for one that was left."""
    async with opening() as other, opening() as journal:
        await other.process()
        made = meddling(monkeypatch, Folder(folder, shared=False).remove)
        process = await journal.process()

        assert len(made) == 2
        assert journal.find(process) is other.find(process) is Life.ALIVE


async def test_a_process_whose_file_was_removed_says_so(folder, journal):
    process = await journal.process()
    shutil.rmtree(folder)

    with pytest.raises(JournalUnavailable, match="its file was removed"):
        await journal.append(REPLY)
    assert journal.find(process) is Life.ALIVE


async def test_of_two_who_settle_a_place_one_does(folder, monkeypatch):
    one, other = (Journal(folder, shared=False, hand=Inline()) for _ in range(2))
    ids = []

    def at_once(*names, link=os.link, **places):
        monkeypatch.setattr(os, "link", link)
        ids.append(other._enter().process)
        link(*names, **places)

    monkeypatch.setattr(os, "link", at_once)
    ids.append(await one.process())
    await one.close()
    await other.close()

    assert len({process.split(".")[0] for process in ids}) == 1
    assert [path.name for path in folder.iterdir()] == ["place"]


def removing_before_the_lock(monkeypatch, path):
    def flock(file, how, real=fcntl.flock):
        path.unlink(missing_ok=True)
        real(file, how)

    monkeypatch.setattr(fcntl, "flock", flock)


def meddling(monkeypatch, meddle):
    """Meddle with the first file that is made, before it is locked. Give the names of all."""
    made = []

    def make(where, name, real=room.make):
        file = real(where, name)
        made.append(name)
        if len(made) == 1:
            meddle(name)
        return file

    monkeypatch.setattr(room, "make", make)
    return made

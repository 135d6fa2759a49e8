"""A journal's folder: whose it is, who is of it, and what else may lie there."""

import os
import shutil
import stat

import pytest

from connector_vault.errors import Misconfigured
from connector_vault.journal import JournalUnavailable, Life, open_journal

REPLY = b"sealed: a refresh token that is sent once"
NAME = "1-0123456789abcdef"
NO_IDS = [
    *("", ".", "..", "/", "place", "\0", "é", "0123456789abcdef", NAME, f".{NAME}"),
    f"../../../../0123456789abcdef.{NAME}",
    f"0123456789abcdef.../{NAME}",
    f"0123456789abcdef.{NAME}/../place",
    f"0123456789abcdef.{NAME}\n",
    f"0123456789ABCDEF.{NAME}",
    "0123456789abcdef.\N{ARABIC-INDIC DIGIT ONE}-0123456789abcdef",
    f"0123456789abcdef.{NAME}" * 1000,
]


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
async def process(journal):
    """Give the id of that process."""
    return (await journal.process()).split(".")[0] + f".{NAME}"


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("name", NO_IDS)
async def test_what_is_no_id_is_unknown(journal, process, name):
    assert journal.find(name) is Life.UNKNOWN
    assert list(journal.orphans(name)) == []


async def test_a_process_of_this_place_without_a_file_is_dead(journal, process):
    assert journal.find(process) is Life.DEAD


async def test_a_process_of_another_place_is_unknown(journal, opening, tmp_path):
    async with opening(tmp_path / "other") as other:
        assert journal.find(await other.process()) is Life.UNKNOWN
        await journal.process()
        assert journal.find(await other.process()) is Life.UNKNOWN


@pytest.mark.parametrize("shared", [False, True])
async def test_two_who_use_a_folder_are_of_one_place(opening, shared):
    async with opening(shared=shared) as one, opening(shared=shared) as other:
        first, second = await one.process(), await other.process()

        assert first != second
        assert first.split(".")[0] == second.split(".")[0]


async def test_in_a_copy_of_the_folder_nobody_is_taken_for_dead(folder, opening, tmp_path):
    """A cloned machine has the files of processes that live elsewhere, and nobody holds them."""
    async with opening(shared=True) as one:
        process = await one.process()
        await one.append(REPLY)
        shutil.copytree(folder, tmp_path / "copy")

        async with opening(tmp_path / "copy", shared=True) as other:
            assert other.find(process) is Life.LEFT
            next(other.orphans()).remove()
            assert other.find(process) is Life.UNKNOWN
        assert one.find(process) is Life.ALIVE


async def test_after_a_boot_a_shared_folder_is_another_place(opening, tmp_path, monkeypatch):
    boot = tmp_path / "boot_id"
    monkeypatch.setattr("connector_vault.journal.folder._BOOT", boot)
    boot.write_text("one")
    async with opening(shared=True) as ended:
        process = await ended.process()

    async with opening(shared=True) as later:
        assert later.find(process) is Life.DEAD
        boot.write_text("other")
        assert later.find(process) is Life.UNKNOWN
        boot.unlink()
        assert later.find(process) is Life.UNKNOWN


async def test_after_a_boot_what_was_left_is_found(opening, tmp_path, monkeypatch):
    async with opening(shared=True) as ended:
        process = await ended.process()
        await ended.append(REPLY)
    monkeypatch.setattr("connector_vault.journal.folder._BOOT", tmp_path / "missing")

    async with opening(shared=True) as later:
        assert later.find(process) is Life.LEFT
        (orphan,) = later.orphans(process)
        with orphan:
            assert (orphan.process, orphan.records) == (process, [REPLY])


async def test_only_its_owner_may_use_it(folder, journal):
    before = os.umask(0)
    try:
        await journal.append(REPLY)
    finally:
        os.umask(before)

    assert mode_of(folder) == 0o700
    assert {mode_of(path) for path in folder.iterdir()} == {0o600}


async def test_a_folder_that_others_may_write_to_is_refused(folder, journal):
    folder.mkdir()
    folder.chmod(0o770)
    mend = f"others than its owner may write to the journal {folder}: run chmod 700 {folder}"

    for ask in (journal.process, lambda: journal.append(REPLY)):
        with pytest.raises(Misconfigured, match=mend):
            await ask()
    for ask in (lambda: journal.find(f"0123456789abcdef.{NAME}"), journal.orphans):
        with pytest.raises(Misconfigured, match=mend):
            ask()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a folder away")
async def test_a_folder_of_another_user_is_refused(folder, journal):
    folder.mkdir()
    os.chown(folder, 12345, 12345)

    with pytest.raises(Misconfigured, match=r"belongs to another user, number 12345: .*chmod 700"):
        await journal.append(REPLY)


async def test_a_folder_that_cannot_be_made_is_unavailable(folder, journal):
    folder.write_text("a file")

    for ask in (journal.process, lambda: journal.append(REPLY)):
        with pytest.raises(JournalUnavailable, match=f"journal {folder} cannot be used: Not a dir"):
            await ask()


@pytest.mark.parametrize("place", ["", "x" * 59, "connector_vault/cv2/place"])
async def test_a_place_that_was_altered_is_refused(folder, opening, journal, place):
    async with opening() as other:
        await other.process()
    (folder / "place").write_text(place)

    with pytest.raises(Misconfigured, match=f"{folder}/place was altered: remove it"):
        await journal.append(REPLY)

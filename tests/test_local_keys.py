import os
import re
import shlex
import stat
import subprocess

import pytest

from connector_vault.errors import Corrupt, Misconfigured
from connector_vault.keys import Raw, Wrapped, open_keys
from connector_vault.keys.local import LocalKeys
from connector_vault.keys.local.file import _check

OLD = "1 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n"
ONE = "1 AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\n"
NEW = "2 AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\n"
HEADER = "connector_vault/cv1/keys 000102030405060708090a0b0c0d0e0f\n"
DEK = b"k" * 32
OTHER_HEADER = HEADER.replace("00", "ff")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "vault.key"


def write(path, text, mode=0o600):
    path.write_text(text)
    path.chmod(mode)
    return path


# Opening one.


def test_a_missing_key_file_says_how_to_make_one(path):
    with pytest.raises(Misconfigured, match=r"no key file .*: .*connector-vault init"):
        open_keys(f"local:{path}")
    assert not path.exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o666, 0o610, 0o601, 0o777])
def test_a_key_file_that_others_may_use_is_refused(path, mode):
    write(path, HEADER + OLD, mode)

    with pytest.raises(Misconfigured, match=f"run chmod 600 {re.escape(str(path))}$"):
        LocalKeys.open(path)


def test_the_command_that_is_named_mends_the_mode(tmp_path):
    path = write(tmp_path / "it's mine.key", HEADER + OLD, 0o644)
    with pytest.raises(Misconfigured) as caught:
        LocalKeys.open(path)

    command = shlex.split(str(caught.value).partition("run ")[2])
    subprocess.run(command, check=True, timeout=10)

    assert LocalKeys.open(path)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_key_file_of_its_owner_alone_is_read(path, mode):
    assert LocalKeys.open(write(path, HEADER + OLD, mode))


@pytest.mark.parametrize("owner", [0, os.geteuid()])
def test_a_key_file_may_be_ours_or_roots(path, owner):
    _check(path, os.stat_result((stat.S_IFREG | 0o600, 0, 0, 1, owner, 0, 1, 0, 0, 0)))


def test_a_key_file_of_another_user_is_refused(path):
    status = os.stat_result((stat.S_IFREG | 0o600, 0, 0, 1, os.geteuid() + 1, 0, 1, 0, 0, 0))

    with pytest.raises(Misconfigured, match="belongs to another user"):
        _check(path, status)


def test_a_symbolic_link_is_not_followed(tmp_path, path):
    path.symlink_to(write(tmp_path / "real.key", HEADER + OLD))

    with pytest.raises(Misconfigured, match="it is a symbolic link"):
        LocalKeys.open(path)


def test_a_symbolic_link_to_nothing_is_not_created_through(tmp_path, path):
    path.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(Misconfigured, match="it is a symbolic link"):
        open_keys(f"local:{path}", create=True)
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_is_no_key_file(path):
    path.mkdir(mode=0o700)

    with pytest.raises(Misconfigured, match="Is a directory"):
        open_keys(f"local:{path}", create=True)


def test_a_named_pipe_is_refused_without_waiting_for_a_writer(path):
    os.mkfifo(path, 0o600)

    with pytest.raises(Misconfigured, match="not a regular file"):
        LocalKeys.open(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_an_unreadable_key_file_is_reported(path):
    write(path, HEADER + OLD, 0o000)

    with pytest.raises(Misconfigured, match="Permission denied"):
        LocalKeys.open(path)


def test_a_malformed_key_file_is_not_quoted(path):
    write(path, HEADER + OLD.replace("=", "!"))

    with pytest.raises(Misconfigured, match="line 2 of the key file") as caught:
        LocalKeys.open(path)

    assert OLD[2:20] not in str(caught.value)


# Using one.


async def test_the_newest_version_wraps(path):
    keys = LocalKeys.open(write(path, HEADER + OLD + NEW))

    (wrapped,) = await keys.wrap([Raw(bytearray(32), b"")])

    assert await keys.version() == 2
    assert (wrapped[:4], len(wrapped)) == (b"\0\0\0\2", 64)


async def test_an_older_version_still_unwraps_and_is_rewrapped_to_the_newest(path):
    (old,) = await LocalKeys.open(write(path, HEADER + OLD)).wrap([Raw(bytearray(DEK), b"c")])
    rotated = LocalKeys.open(write(path, HEADER + OLD + NEW))

    (new,) = await rotated.rewrap([Wrapped(old, b"c")])

    assert await rotated.unwrap([Wrapped(old, b"c"), Wrapped(new, b"c")]) == [DEK, DEK]
    assert new[:4] == b"\0\0\0\2"


async def test_rewrapping_wipes_the_key_it_had_to_see(path):
    seen = []

    class Watched(LocalKeys):
        def _wrap(self, item):
            seen.append(item.key)
            return super()._wrap(item)

    keys = Watched.create(path)
    (wrapped,) = await keys.wrap([Raw(bytearray(DEK), b"c")])
    await keys.rewrap([Wrapped(wrapped, b"c")])
    assert seen == [DEK, bytes(32)]


async def test_a_version_that_was_destroyed_opens_nothing(path):
    (old,) = await LocalKeys.open(write(path, HEADER + OLD)).wrap([Raw(bytearray(32), b"")])
    keys = LocalKeys.open(write(path, HEADER + NEW))

    (answer,) = await keys.unwrap([Wrapped(old, b"")])

    assert isinstance(answer, Corrupt)
    assert "under version 1, not held by local:0001" in str(answer)
    assert "destroyed" in str(answer)


async def test_an_older_copy_of_the_key_file_is_told_from_a_version_that_was_destroyed(path):
    (new,) = await LocalKeys.open(write(path, HEADER + OLD + NEW)).wrap([Raw(bytearray(32), b"")])
    keys = LocalKeys.open(write(path, HEADER + OLD))

    (answer,) = await keys.unwrap([Wrapped(new, b"")])

    assert isinstance(answer, Corrupt)
    assert str(answer).endswith("bring its newest key file back")


async def test_a_key_file_with_a_relative_name_is_found_again_from_another_folder(
    tmp_path, monkeypatch
):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    keys = LocalKeys.create("vault.key")

    monkeypatch.chdir(tmp_path / "elsewhere")

    await keys.health()
    assert await keys.rotate() == 2


async def test_a_key_file_that_was_removed_is_not_healthy(path):
    keys = LocalKeys.create(path)
    path.unlink()

    with pytest.raises(Misconfigured, match="no key file"):
        await keys.health()


@pytest.mark.parametrize("text", [OTHER_HEADER + OLD, HEADER + NEW, HEADER + ONE])
async def test_a_key_file_that_was_replaced_is_not_healthy(path, text):
    keys = LocalKeys.open(write(path, HEADER + OLD))
    write(path, text)

    with pytest.raises(Misconfigured, match="no longer holds the key"):
        await keys.health()


async def test_a_key_file_that_gained_a_version_is_healthy(path):
    keys = LocalKeys.open(write(path, HEADER + OLD))
    write(path, HEADER + OLD + NEW)

    assert await keys.health() is None


def test_a_holder_shows_its_id_and_no_key(path):
    keys = LocalKeys.open(write(path, HEADER + OLD))

    assert repr(keys) == "<LocalKeys local:000102030405060708090a0b0c0d0e0f>"

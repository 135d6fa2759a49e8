import os
import resource
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from connector_vault.errors import Misconfigured
from connector_vault.keys import open_keys
from connector_vault.keys.local import LocalKeys

KEY_FILE = """connector_vault/cv1/keys 000102030405060708090a0b0c0d0e0f
1 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "vault.key"


def write(path, text):
    path.touch(mode=0o600)
    path.write_text(text)
    return path


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


@contextmanager
def file_size_limit(size):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_new_key_file_is_read_again_under_the_same_id(path):
    assert LocalKeys.create(path).id == LocalKeys.open(path).id


def test_no_two_key_files_have_one_id(tmp_path):
    assert LocalKeys.create(tmp_path / "one").id != LocalKeys.create(tmp_path / "other").id


def test_only_its_owner_may_read_a_new_key_file(path):
    before = os.umask(0)
    try:
        LocalKeys.create(path)
    finally:
        os.umask(before)

    assert mode_of(path) == 0o600


def test_folders_are_made_for_their_owner_alone(tmp_path):
    LocalKeys.create(tmp_path / "a" / "b" / "vault.key")

    assert mode_of(tmp_path / "a") == mode_of(tmp_path / "a" / "b") == 0o700


def test_a_tilde_is_the_home_of_the_user_as_it_is_for_a_database(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    open_keys("local:~/vault.key", create=True)

    assert [one.name for one in tmp_path.iterdir()] == ["home"]
    assert (tmp_path / "home" / "vault.key").exists()


def test_a_home_that_nobody_has_is_no_place_for_a_key_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(Misconfigured, match="not known"):
        open_keys("local:~no-such-user/vault.key", create=True)

    assert list(tmp_path.iterdir()) == []


def test_a_key_file_is_not_replaced(path):
    text = write(path, KEY_FILE).read_text()

    with pytest.raises(Misconfigured, match="exists, and is not replaced"):
        LocalKeys.create(path)
    assert path.read_text() == text


def test_creating_opens_a_key_file_that_is_there(path):
    write(path, KEY_FILE)
    changed = path.parent.stat().st_mtime_ns

    keys = open_keys(f"local:{path}", create=True)

    assert keys.id == "local:000102030405060708090a0b0c0d0e0f"
    assert path.parent.stat().st_mtime_ns == changed


def test_a_key_file_appears_whole_or_not_at_all(tmp_path, path):
    with file_size_limit(10), pytest.raises(Misconfigured, match="cannot be made: File too large"):
        LocalKeys.create(path)

    assert list(tmp_path.iterdir()) == []


def test_nothing_but_the_key_file_is_left_behind(tmp_path, path):
    LocalKeys.create(path)
    with pytest.raises(Misconfigured):
        LocalKeys.create(path)

    assert list(tmp_path.iterdir()) == [path]


def test_of_many_who_create_one_wins_and_the_others_are_told(path):
    start = threading.Barrier(8)

    def create(_):
        start.wait(10)
        try:
            return LocalKeys.create(path).id
        except Misconfigured as error:
            return str(error)

    with ThreadPoolExecutor(8) as pool:
        outcomes = pool.map(create, range(8))
    refused = f"{path} exists, and is not replaced by a new key"
    assert sorted(outcomes) == sorted([LocalKeys.open(path).id, *[refused] * 7])


def test_processes_that_create_at_once_share_the_winners_keys(tmp_path):
    uri = f"local:{tmp_path / 'new' / 'vault.key'}"
    code = f"from connector_vault.keys import open_keys; print(open_keys({uri!r}, create=True).id)"
    script = [sys.executable, "-c", code]

    running = [subprocess.Popen(script, stdout=subprocess.PIPE) for _ in range(3)]
    ids = {process.communicate(timeout=30)[0] for process in running}

    assert ids == {f"{LocalKeys.open(tmp_path / 'new' / 'vault.key').id}\n".encode()}


def test_a_file_in_the_way_of_the_folder_is_reported(tmp_path):
    (tmp_path / "file").touch()

    for path in (tmp_path / "file" / "vault.key", tmp_path / "file" / "deeper" / "vault.key"):
        with pytest.raises(Misconfigured, match="cannot be made: Not a directory"):
            LocalKeys.create(path)

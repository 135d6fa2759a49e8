"""What is committed says nothing of the machine it was written on."""

import subprocess
from pathlib import Path

import pytest

from tests.deeds import ROOT

HOSTS = ["pythonhosted" + ".org", "pypi.org" + "/simple", "registry." + "npmjs", "index" + "-url"]
"""Where packages come from is the installing machine's affair."""

GIT = ["git", "-c", "safe.directory=*", "-C", str(ROOT)]


def tracked():
    done = subprocess.run([*GIT, "ls-files", "-z"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("this is no checkout")
    paths = [ROOT / name for name in done.stdout.split("\0") if name]
    return {path: path.read_bytes() for path in paths if path.is_file()}


def holding(words):
    return {
        (path.relative_to(ROOT).as_posix(), word)
        for path, content in tracked().items()
        for word in words
        if word.encode() in content
    }


def test_no_path_of_this_machine_is_committed():
    here = {f"{folder}/" for folder in (ROOT.parent, Path.home()) if folder.parent != folder}

    assert holding(here) == set()


def test_no_host_that_gives_packages_is_committed():
    assert holding(HOSTS) == set()


def test_no_database_and_no_key_is_committed():
    endings = (".db", ".db-wal", ".db-shm", ".key", ".pem", ".pyc", ".env")

    assert not [path for path in tracked() if path.name.endswith(endings)]


def test_no_token_is_committed():
    """The emulator's client has a secret only in name; nothing else looks like one."""
    shapes = ["gh" + "p_", "github" + "_pat_", "xo" + "xb-", "BEGIN " + "PRIVATE KEY"]
    real = {
        (path, shape)
        for path, shape in holding(shapes)
        if not path.startswith(("tests/", "docs/", "src/connector_vault/cli/logs.py"))
    }

    assert {path for path, _ in real} <= {"connectors/github/__init__.py"}

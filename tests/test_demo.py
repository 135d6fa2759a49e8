"""The demo shows what it says, and would notice if it did not."""

import base64
import json
import subprocess
import sys
from urllib.parse import quote

import pytest

from connector_vault.demo.search import search
from connector_vault.redaction import forms

TOKEN = "gho_abc+/=0123456789abcdefghij"
STEPS = ["connect", "sealed", "call", "hang", "crowd", "disconnect", "sealed still"]


@pytest.fixture(scope="module")
def played():
    command = [sys.executable, "-m", "connector_vault", "demo", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_every_step_succeeds(played):
    assert played["ok"]
    assert list(played["steps"]) == STEPS
    assert all(step["ok"] for step in played["steps"].values())


def test_two_processes_of_callers_cause_one_refresh(played):
    crowd = played["steps"]["crowd"]

    assert (crowd["posts"], crowd["answers"], crowd["tokens"]) == (1, 100, 1)
    assert len(set(crowd["pids"])) == 2


def test_the_database_and_its_log_are_among_what_is_searched(played):
    files = set(played["steps"]["sealed"]["files"])

    assert {
        "vault.db",
        "vault.db-wal",
        "vault.key",
        "audit.txt",
        "debug.log",
        "stdout.txt",
    } <= files


@pytest.mark.parametrize(
    "planted",
    [
        TOKEN.encode(),
        quote(TOKEN, safe="").encode(),
        base64.b64encode(TOKEN.encode()),
        base64.b64encode(b"user:" + TOKEN.encode() + b":tail"),
        base64.urlsafe_b64encode(b"x" + TOKEN.encode() + b"more"),
    ],
)
def test_the_search_finds_a_token(tmp_path, planted):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(b"\0before" + planted + b"after")

    assert search(tmp_path, [TOKEN]).hits


def test_the_search_finds_nothing_where_nothing_is(tmp_path):
    (tmp_path / "file").write_text("gho_another", encoding="utf-8")

    assert search(tmp_path, [TOKEN]).hits == []


def test_a_token_has_all_its_forms():
    assert len({form for _, form in forms(TOKEN)}) == 6

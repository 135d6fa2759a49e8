"""`keys retire` and `keys shred`: what they destroy, and what they never do."""

import os
import pty
import shutil
import signal
import sqlite3
import subprocess
from contextlib import closing
from types import SimpleNamespace

import pytest

from connector_vault.keys import Wrapped
from tests.cli import COMMAND, FIXTURES, SECRET_KEY
from tests.rotated import DAMAGE, rotated, secrets, status_of
from tests.rotated import FIXTURES as ROTATED

portal, played, shell, lonely, connected = FIXTURES
made, hasty, holder = ROTATED


def test_retire_destroys_the_older_versions(made, portal, hasty, holder):
    copies = [Wrapped(wrapped, b"") for (wrapped,) in made.sql("select wrapped from dek")]
    made.quick("keys", "rotate")

    done = made.quick("keys", "retire", "--json")

    assert (done.code, done.json["status"]["oldest"]) == (0, 2)
    assert "Waiting a minute" in done.err
    answers = portal.call(holder().unwrap, copies)
    assert ["under version 1, not held" in str(one) for one in answers] == [True] * 4
    assert portal.call(secrets, made) == [SECRET_KEY] * 3


def test_an_old_backup_opens_until_its_version_is_retired(made, hasty):
    with closing(sqlite3.connect(made.file)) as one:
        one.execute("vacuum into ?", (str(made.home / "backup.db"),))
    backup = ("--database", f"sqlite:///{made.home}/backup.db")
    made.quick("keys", "rotate")
    assert made.quick("keys", "status", *backup).code == 0

    made.quick("keys", "retire")

    assert made.quick("keys", "status", *backup, "--json").error[0] == "Corrupt"
    assert made.quick("keys", "status").code == 0


def test_retire_waits_before_it_destroys(made, monkeypatch, holder, portal):
    """Somebody may just be storing what an older version has wrapped."""
    rests = []

    async def rest(self, seconds):
        rests.append((seconds, await holder().oldest()))

    made.quick("keys", "rotate")
    monkeypatch.setattr("connector_vault.undertaking.Undertakings.rest", rest)

    made.quick("keys", "retire")

    assert rests == [(60.0, 1)]
    assert portal.call(holder().oldest) == 2


def test_retire_is_refused_while_an_older_version_is_needed(made, portal):
    """At once: nobody waits a minute for that."""
    portal.call(rotated, made)

    done = made.quick("keys", "retire", "--json")

    assert (done.code, done.error[0]) == (5, "NotAllowed")
    assert "still wraps 4 data keys" in done.error[1]
    assert "Waiting" not in done.err
    assert status_of(made)["oldest"] == 1


def test_shred_does_it_all(made, hasty, portal):
    done = made.quick("keys", "shred", "--json")

    status = done.json["status"]
    assert (done.code, done.json["rewrapped"]) == (0, 4)
    assert (status["version"], status["oldest"], status["stale"]) == (2, 2, 0)
    assert "Waiting a minute" in done.err
    assert portal.call(secrets, made) == [SECRET_KEY] * 3


def test_shred_says_that_copies_of_the_key_are_left(made, hasty):
    """A key file that was copied opens old backups as before."""
    shutil.copy(made.key, made.home / "copy.key")
    with closing(sqlite3.connect(made.file)) as one:
        one.execute("vacuum into ?", (str(made.home / "backup.db"),))

    done = made.quick("keys", "shred")

    assert "Destroy copies of older ones too" in done.out
    database = f"sqlite:///{made.home}/backup.db"
    copy = ("--database", database, "--keys", f"local:{made.home}/copy.key")
    assert made.quick("keys", "status", *copy).code == 0


def test_shred_destroys_nothing_that_is_needed(made, hasty):
    made.sql(DAMAGE)

    done = made.quick("keys", "shred", "--json")

    assert (done.code, done.error[0]) == (5, "NotAllowed")
    assert status_of(made)["oldest"] == 1


@pytest.mark.parametrize("deed", ["retire", "shred"])
@pytest.mark.parametrize("said", ["n", ""])
def test_a_person_at_a_terminal_is_asked(made, deed, said):
    made.quick("keys", "rotate")
    ours, theirs = pty.openpty()
    pipes = {"stdin": theirs, "stdout": -1, "stderr": -1}
    with subprocess.Popen([*COMMAND, "keys", deed], env=made.env, **pipes) as process:
        os.write(ours, f"{said}\n".encode())
        _, err = process.communicate(timeout=30)
    os.close(theirs)
    os.close(ours)

    assert process.returncode == 1
    assert b"is lost for good. [y/N]" in err
    status = status_of(made)
    assert (status["version"], status["oldest"]) == (2, 1)


def test_who_says_yes_is_not_asked(made, monkeypatch, hasty):
    asked = []
    terminal = SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("connector_vault.cli.commands.rotation.sys", terminal)
    monkeypatch.setattr("connector_vault.cli.commands.rotation.ask_yes", asked.append)

    assert made.quick("keys", "shred", "--yes").code == 0
    assert asked == []
    assert made.quick("keys", "shred").code == 1
    assert len(asked) == 1


def test_a_retirement_that_is_interrupted_has_destroyed_nothing(made):
    made.quick("keys", "rotate")
    with made.start("keys", "retire") as process:
        assert "Waiting a minute" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "Run `connector-vault keys retire` again" in err
    assert status_of(made)["oldest"] == 1

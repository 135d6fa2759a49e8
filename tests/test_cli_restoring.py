"""`db anchor` and `db restored`: what they tell, refuse and put right."""

import json
import os
import pty
import shutil
import sqlite3
from contextlib import closing

import pytest

from tests.cli import FIXTURES

portal, played, shell, lonely, connected = FIXTURES


@pytest.fixture
def machine(connected):
    return connected[0]


@pytest.fixture
def anchored(machine):
    folder = machine.home / "elsewhere"
    folder.mkdir()
    machine.env["CONNECTOR_VAULT_ANCHOR"] = str(folder / "anchor.db")
    begun = machine.quick("db", "anchor", "--json")
    assert (begun.code, begun.json["begun"]) == (0, True)
    return machine


def backup(shell):
    with closing(sqlite3.connect(shell.file)) as source:
        source.execute("vacuum into ?", (str(shell.home / "backup.db"),))


def put_back(shell):
    for name in ("", "-wal", "-shm"):
        shell.file.with_name(f"{shell.file.name}{name}").unlink(missing_ok=True)
    shutil.copy(shell.home / "backup.db", shell.file)
    shell.file.chmod(0o600)


def id_of(shell):
    ((id_,),) = shell.sql("select id from connection")
    return id_


def test_an_anchor_is_begun_once_and_then_compared(anchored):
    again = anchored.quick("db", "anchor", "--json")

    assert again.code == 0
    assert again.json == {
        "anchor": anchored.env["CONNECTOR_VAULT_ANCHOR"],
        "begun": False,
        "ended": [],
        "missing": [],
        "older": [],
    }
    assert "Nothing is older" in anchored.quick("db", "anchor").out


def test_without_a_setting_it_says_what_to_set(machine):
    done = machine.quick("db", "anchor")

    assert done.code == 1
    assert "CONNECTOR_VAULT_ANCHOR" in done.err


def test_a_command_without_its_anchor_is_refused(machine):
    machine.env["CONNECTOR_VAULT_ANCHOR"] = str(machine.home / "unmounted" / "anchor.db")

    done = machine.quick("list", "--json")

    assert done.code == 1
    assert done.error[0] == "Misconfigured"
    assert "not mounted" in done.error[1]
    assert "make it" in machine.quick("db", "anchor", "--json").error[1]


def test_init_begins_the_anchor_of_a_new_vault(shell):
    shell.env["CONNECTOR_VAULT_ANCHOR"] = str(shell.home / "anchor.db")

    assert shell.quick("init").code == 0

    assert shell.quick("db", "anchor", "--json").json["begun"] is False


def test_a_backup_that_was_put_back_is_noticed_and_put_right(anchored):
    id_ = id_of(anchored)
    backup(anchored)
    assert anchored.quick("disconnect", id_, "--yes").code == 0
    put_back(anchored)

    refused = anchored.quick("call", "github.get_authenticated_user", "--json")
    differs = anchored.quick("db", "anchor", "--json")
    people = anchored.quick("db", "anchor")
    restored = anchored.quick("db", "restored", "--yes", "--json")

    assert (refused.code, refused.error[0]) == (1, "RolledBack")
    assert (differs.code, differs.json["ended"]) == (1, [id_])
    assert f"{id_}\tended, and there again" in people.out
    assert "connector-vault db restored" in people.err
    assert restored.code == 0
    assert restored.json == {
        "epoch": 1,
        "ended": 1,
        "unconfirmed": 0,
        "alive": 0,
        "refreshed": 0,
        "reconnect": 0,
        "untried": 0,
        "missing": [],
    }
    assert anchored.quick("db", "anchor").code == 0
    assert anchored.quick("show", id_, "--json").json["connection"]["state"] == "revoked"


@pytest.mark.parametrize("follow", [False, True], ids=["document", "lines"])
def test_a_copy_of_the_events_says_what_was_ended(machine, follow):
    id_ = id_of(machine)
    backup(machine)
    assert machine.quick("disconnect", id_, "--yes").code == 0
    copy = machine.home / "events.json"
    said = machine.quick("events", "--json").out
    lines = [f"{json.dumps(one)}\n" for one in json.loads(said)["events"]]
    copy.write_text("".join(lines) if follow else said)
    put_back(machine)

    done = machine.quick("db", "restored", "--ended", str(copy), "--yes")

    assert done.code == 0
    assert "disconnected again\t1\n" in done.out
    assert machine.quick("show", id_, "--json").json["connection"]["state"] == "revoked"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"events": [{"id": 1}]}', "1\n2\n", None])
def test_what_is_no_copy_is_refused_and_nothing_is_done(machine, content):
    copy = machine.home / "events.json"
    if content is not None:
        copy.write_text(content)
    before = machine.sql("select count(*) from dek")

    done = machine.quick("db", "restored", "--ended", str(copy), "--yes", "--json")

    if content == "":
        # Nobody was ended, which is an answer.
        assert done.code == 0
    else:
        assert (done.code, done.error[0]) == (2, "BadArguments")
        assert machine.sql("select count(*) from dek") == before


def test_connections_need_not_be_tried(machine):
    done = machine.quick("db", "restored", "--no-probe", "--yes", "--json")

    assert (done.code, done.json["untried"]) == (0, 1)


def test_what_could_not_be_tried_ends_with_1_and_says_so(machine, portal, played):
    portal.call(lambda: played.fault(kind="status", status=503, times=9))

    done = machine.quick("db", "restored", "--yes")

    portal.call(played.mend)
    assert done.code == 1
    assert "not tried\t1\n" in done.out
    assert "run it again" in done.err


def test_a_person_at_a_terminal_is_asked(machine):
    before = machine.sql("select count(*) from dek")
    ours, theirs = pty.openpty()
    with machine.start("db", "restored", stdin=theirs) as process:
        os.write(ours, b"n\n")
        _, err = process.communicate(timeout=30)
    os.close(ours)
    os.close(theirs)

    assert process.returncode == 1
    assert "for the true one?" in err
    assert "nothing was changed" in err
    assert machine.sql("select count(*) from dek") == before

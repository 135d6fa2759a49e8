"""`list`, `show` and `disconnect`: whose, which, and how it ends."""

import os
import pty
import subprocess
import sys

import pytest

from connector_vault import Owner, State
from tests.cli import FIXTURES, Shell, connect_account

portal, played, shell, lonely, connected = FIXTURES

CONNECTION = [
    *("id", "tenant", "user", "provider", "kind", "client", "account", "label", "state", "reason"),
    *("scopes", "generation", "expires_at", "dies_on", "last_proven_alive"),
    *("created_at", "changed_at"),
]
ME = Owner(tenant="local", user="me")


def test_list_gives_connections_under_stable_names(connected):
    shell, id_ = connected

    (connection,) = shell.quick("list", "--json").json["connections"]

    assert list(connection) == CONNECTION
    assert (connection["id"], connection["scopes"]) == (id_, ["repo"])
    assert connection["expires_at"].endswith("Z")
    assert connection["reason"] is None


def test_list_is_one_line_a_connection_in_a_pipe(connected):
    shell, id_ = connected

    done = shell.quick("list")

    assert done.out.split("\t")[:5] == [id_, "github", "octocat", "active", "in 7 h 59 min"]
    assert done.out.count("\n") == 1


@pytest.mark.parametrize(("settings", "green"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_list_is_a_table_on_a_terminal(connected, settings, green):
    shell, id_ = connected
    shell.env |= {"TERM": "xterm", "COLUMNS": "80", **settings}
    ours, theirs = pty.openpty()
    with shell.start("list", stdout=theirs) as process:
        os.close(theirs)
        process.wait(timeout=30)
        seen = os.read(ours, 10_000).decode()
    os.close(ours)

    assert "TOKEN ENDS" in " ".join(seen.split())
    assert id_ in seen
    assert ("\x1b[32m" in seen) is green


def test_list_shows_ended_ones_only_when_asked(connected):
    shell, id_ = connected
    shell.quick("disconnect", id_)

    assert shell.quick("list", "--json").json["connections"] == []
    (connection,) = shell.quick("list", "--all", "--json").json["connections"]
    assert connection["state"] == "revoked"
    assert shell.quick("list", "--all", "--provider", "notion").out == ""


def test_the_owner_is_chosen_by_options(connected):
    shell, id_ = connected

    assert shell.quick("list", "--user", "eve", "--json").json["connections"] == []
    assert shell.quick("list", "--user", "", "--json").json["connections"] == []
    assert shell.quick("show", id_, "--tenant", "other").code == 4
    assert shell.quick("show", id_, "--tenant", "local", "--user", "me").code == 0


def test_show_masks_the_token(connected, portal):
    shell, id_ = connected

    shown = shell.quick("show", id_[:9], "--json").json

    assert portal.call(token_of, shell, id_)[-4:] == shown["token"]["mask"][-4:]
    assert len(shown["token"]["mask"]) == 8
    assert shown["connection"]["id"] == id_


async def token_of(shell, id_):
    async with shell.vault() as vault:
        token = await vault.token(id_, owner=ME, purpose="to compare")
    return token.secret.reveal()


def test_show_does_not_refresh(connected, portal, played):
    shell, id_ = connected
    shell.sql("update connection set expires_at = 1000")

    shown = shell.quick("show", id_, "--json").json

    assert shown["token"] == {"mask": None, "note": shown["token"]["note"]}
    assert "ended" in shown["token"]["note"]
    posts = portal.call(played.log, "github.com", "/login/oauth/access_token")
    assert len(posts) == 1


@pytest.mark.parametrize(
    ("id_", "code"), [("", 2), ("con_", 2), ("x", 2), ("con_%", 4), ("con_../..", 4), ("con_é", 4)]
)
def test_what_is_no_id_finds_nothing(connected, id_, code):
    shell, _ = connected

    assert shell.quick("show", id_).code == code
    assert shell.quick("disconnect", id_, "--yes").code == code
    assert shell.quick("list", "--json").json["connections"][0]["state"] == "active"


def test_an_ambiguous_id_names_those_it_could_be(lonely):
    added = [lonely.quick("add", "a", "--json", stdin="key").json["connection"]["id"] for _ in "ab"]
    lonely.sql("update connection set id = 'con_zz' || substr(id, 7)")

    done = lonely.quick("show", "con_zz", "--json")

    assert (done.code, done.error[0]) == (1, "Ambiguous")
    assert all(id_[7:] in done.error[1] for id_ in added)


def test_a_connection_ends_with_a_receipt(connected):
    shell, id_ = connected

    done = shell.quick("disconnect", id_[:10], "--json")

    receipt = done.json["receipt"]
    assert (done.code, receipt["outcome"], receipt["reach"]) == (0, "revoked", "grant")
    assert receipt["shredded"] is receipt["confirmed"] is True
    assert "destroyed" in shell.quick("disconnect", id_).out


def test_an_end_that_is_not_confirmed_is_a_failure(connected, portal, played):
    shell, id_ = connected
    portal.call(lambda: played.fault(kind="status", status=503, host="api.github.com", times=None))

    done = shell.quick("disconnect", id_)

    assert done.code == 1
    assert "has not confirmed" in done.out
    assert f"connector-vault disconnect {id_}" in done.out
    portal.call(played.mend)
    assert shell.quick("disconnect", id_).code == 0


@pytest.mark.parametrize(("said", "code", "state"), [("y", 0, "REVOKED"), ("n", 1, "ACTIVE")])
def test_a_person_at_a_terminal_is_asked(connected, portal, said, code, state):
    shell, id_ = connected
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "connector_vault", "disconnect", id_]
    pipes = {"stdin": theirs, "stdout": -1, "stderr": -1}
    with subprocess.Popen(command, env=shell.env, **pipes) as process:
        os.write(ours, f"{said}\n".encode())
        _, err = process.communicate(timeout=30)
    os.close(theirs)
    os.close(ours)

    assert process.returncode == code
    assert b"Disconnect octocat at github?" in err
    assert portal.call(state_of, shell, id_) is State[state]


async def state_of(shell, id_):
    async with shell.vault() as vault:
        return (await vault.get(id_, owner=ME)).state


def test_two_owners_do_not_see_each_other(connected, portal):
    shell, _ = connected
    other = portal.call(connect_account, shell, "eve")

    assert shell.quick("show", other).code == 4
    assert (
        Shell(shell.home, shell.env["CONNECTOR_VAULT_EMULATOR"], CONNECTOR_VAULT_USER="eve")
        .quick("show", other)
        .code
        == 0
    )

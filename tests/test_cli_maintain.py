"""`maintain`: what a scheduler runs, and what it is told."""

import pytest

from tests.cli import FIXTURES

portal, played, shell, lonely, connected = FIXTURES

NOTHING = {
    "landed": 0,
    "refreshed": 0,
    "reconnect": 0,
    "ended": 0,
    "failed": 0,
    "warned": 0,
    "delivered": 0,
    "rewrapped": 0,
    "renewed": 0,
}
TOKEN = "/login/oauth/access_token"


@pytest.fixture
def due(connected):
    """A machine with one account, which is due to be refreshed."""
    shell, connection = connected
    shell.sql("update connection set due_at = 1")
    return shell, connection


def test_maintain_says_what_it_did(due):
    shell, connection = due

    done = shell.quick("maintain", "--json")

    assert (done.code, done.json["report"]) == (0, {**NOTHING, "refreshed": 1})
    assert shell.sql("select generation from connection where id = ?", connection) == [(2,)]


def test_maintain_does_what_is_due_and_no_more(due):
    shell, _ = due
    shell.quick("maintain")

    done = shell.quick("maintain", "--json")

    assert (done.code, done.json["report"]) == (0, NOTHING)


def test_maintain_tells_people_in_words(due):
    shell, _ = due

    done = shell.quick("maintain")

    assert "1" in done.out
    assert "connections refreshed" in done.out


def test_maintain_ends_with_one_if_something_is_to_be_tried_again(due, portal, played):
    shell, _ = due
    portal.call(lambda: played.fault(path=TOKEN, kind="status", status=503))

    done = shell.quick("maintain", "--json")

    assert (done.code, done.json["report"]) == (1, {**NOTHING, "failed": 1})


def test_a_dead_grant_is_no_failure_of_maintain(due, portal, played):
    shell, _ = due
    portal.call(lambda: played.act("github", "revoke", login="octocat"))

    done = shell.quick("maintain", "--json")

    assert (done.code, done.json["report"]) == (0, {**NOTHING, "reconnect": 1})


def test_a_disconnect_is_brought_to_its_end_by_maintain(connected, portal, played):
    shell, connection = connected
    portal.call(lambda: played.fault(path="/applications/*", kind="reset"))
    assert shell.quick("disconnect", connection, "--yes").code != 0
    shell.sql("update connection set due_at = 1")

    done = shell.quick("maintain", "--json")

    assert (done.code, done.json["report"]) == (0, {**NOTHING, "ended": 1})


def test_maintain_without_its_key_changes_nothing(due):
    shell, _ = due
    shell.key.rename(shell.key.with_suffix(".away"))

    done = shell.quick("maintain", "--json")

    assert (done.code, done.error[0]) == (1, "Misconfigured")
    assert shell.sql("select generation from connection") == [(1,)]


def test_data_keys_that_cannot_be_wrapped_anew_hold_up_nothing_else(connected):
    shell, connection = connected
    shell.quick("disconnect", connection, "--yes")
    shell.sql("update connection set changed_at = 1")
    assert shell.quick("add", "one", stdin="sk-1234567890").code == 0
    shell.sql("update dek set holder = 'local:gone' where connection like 'con_%'")

    done = shell.quick("maintain", "--json")

    assert (done.code, done.error[0]) == (1, "Misconfigured")
    assert "local:gone" in done.error[1]
    assert shell.sql("select provider from connection") == [("one",)]


def test_maintain_prints_no_secret(due):
    shell, _ = due

    shell.run("maintain", "--json")
    shell.run("maintain")

    heard = "".join(shell.heard)
    assert not any(word in heard for word in ("gho_", "ghr_", "emulator-secret"))


def test_two_that_maintain_at_once_do_everything_once(due):
    shell, _ = due

    with shell.start("maintain", "--json") as one, shell.start("maintain", "--json") as other:
        said = [process.communicate(timeout=30)[0] for process in (one, other)]

    assert sum('"refreshed": 1' in text for text in said) == 1
    assert shell.sql("select generation from connection") == [(2,)]

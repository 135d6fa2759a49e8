"""`keys status` and `keys rotate`: what is done, told, refused and interrupted."""

import os
import pty
import re
import signal
from secrets import token_bytes

import pytest

from connector_vault.stores import AddKey
from tests.cli import FIXTURES, SECRET_KEY
from tests.deeds import until
from tests.rotated import DAMAGE, rotated, secrets, status_of
from tests.rotated import FIXTURES as ROTATED

portal, played, shell, lonely, connected = FIXTURES
made, hasty, holder = ROTATED

STATUS = ["holder", "version", "oldest", "versions", "data_keys", "stale", "shred_horizon"]
COUNT = "select version, count(*) from dek group by version order by version"
REWRAP = ("keys", "rotate", "--rewrap-only", "--json")


async def add_keys(shell, number):
    """Store data keys that no row names."""
    async with shell.vault() as vault:
        data_keys = vault.room.keyring.keys
        wrapped = [(await data_keys.make(token_bytes(16), "a", "b"))[1] for _ in range(number)]
        await vault.room.store.commit(*map(AddKey, wrapped))


def test_status_says_who_holds_the_keys_and_what_they_wrap(made):
    status = status_of(made)

    assert list(status) == STATUS
    assert re.fullmatch("local:[0-9a-f]{32}", status["holder"])
    assert (status["version"], status["oldest"], status["stale"]) == (1, 1, 0)
    assert status["versions"] == [
        {"holder": status["holder"], "version": 1, "keys": 4, "current": True}
    ]
    assert status["shred_horizon"] == f"when version 1 of {status['holder']} is retired"


def test_status_is_a_sheet_for_people(made):
    done = made.quick("keys", "status")

    assert f"data keys\t{4}\n" in done.out
    assert done.out.endswith("\t1\t4\tcurrent\n")
    assert done.err == ""


def test_status_says_what_to_do_next(made, portal):
    portal.call(rotated, made)

    done = made.quick("keys", "status")
    assert "4 data keys to be wrapped anew: run `connector-vault keys rotate --rewrap-only`" in (
        done.err
    )
    assert "retire" not in done.err
    assert "\t1\t4\told\n" in done.out

    made.quick(*REWRAP)
    done = made.quick("keys", "status")
    assert "Nothing needs the versions before 2: `connector-vault keys retire`" in done.err
    assert "; what was wrapped before: when the versions before it are" in done.out


def test_status_changes_nothing(made):
    before = made.sql("select * from dek"), made.key.read_bytes()

    made.quick("keys", "status")

    assert (made.sql("select * from dek"), made.key.read_bytes()) == before


def test_rotate_makes_a_version_and_wraps_all_under_it(made, portal):
    done = made.quick("keys", "rotate", "--json")

    assert (done.code, done.json["rewrapped"]) == (0, 4)
    assert (done.json["status"]["version"], done.json["status"]["stale"]) == (2, 0)
    assert made.sql(COUNT) == [(2, 4)]
    assert portal.call(secrets, made) == [SECRET_KEY] * 3
    assert "`connector-vault keys retire`" in done.err


def test_rotate_tells_people_in_words(made):
    done = made.quick("keys", "rotate")

    assert re.search(r"^Version 2 of local:\w+ wraps from now on\.$", done.out, re.MULTILINE)
    assert "4 data keys wrapped anew, 0 still to be." in done.out


def test_only_to_wrap_anew_makes_no_version(made, portal):
    nothing = made.quick(*REWRAP)
    portal.call(rotated, made)

    done = made.quick(*REWRAP)

    assert (nothing.code, nothing.json["rewrapped"]) == (0, 0)
    assert (done.code, done.json["rewrapped"], done.json["status"]["version"]) == (0, 4, 2)


def test_what_does_not_open_is_told_and_the_rest_is_wrapped_anew(made):
    made.sql(DAMAGE)

    done = made.quick("keys", "rotate", "--json")

    assert (done.code, done.json["rewrapped"], done.json["status"]["stale"]) == (1, 3, 1)
    assert "is not wrapped anew" in done.err
    assert made.quick("keys", "retire", "--json").error[0] == "NotAllowed"


@pytest.mark.parametrize(
    "options",
    [
        ["--rate", "0"],
        ["--rate", "-1"],
        ["--rate", "nan"],
        ["--rate", "many"],
        ["--data-keys", "--rewrap-only"],
        ["--data-keys", "--rate", "5"],
        ["--yes"],
        ["now"],
    ],
    ids=" ".join,
)
def test_options_that_mean_nothing_are_refused(made, options):
    done = made.quick("keys", "rotate", *options, "--json")

    assert (done.code, done.error[0]) == (2, "BadArguments")
    assert made.sql(COUNT) == [(1, 4)]
    assert status_of(made)["version"] == 1


def test_new_data_keys_are_given_to_every_connection(made, portal):
    before = dict(made.sql("select id, dek_id from connection"))

    done = made.quick("keys", "rotate", "--data-keys", "--json")

    after = dict(made.sql("select id, dek_id from connection"))
    assert (done.code, done.json) == (0, {"renewed": 3, "left": 0})
    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())
    assert made.sql("select count(*) from dek") == [(4,)]
    assert portal.call(secrets, made) == [SECRET_KEY] * 3
    assert status_of(made)["version"] == 1


def test_a_connection_that_keeps_its_old_data_key_is_told(made):
    made.sql("update connection set sealed = zeroblob(200) where provider = 'two'")

    done = made.quick("keys", "rotate", "--data-keys")

    assert (done.code, done.out) == (1, "2 connections with a new data key.\n")
    assert "1 connection kept the old one" in done.err


def test_a_rotation_that_is_interrupted_goes_on_where_it_was(made, portal):
    portal.call(add_keys, made, 996)
    with made.start("keys", "rotate", "--rate", "20", "--json") as process:
        portal.call(until, lambda: len(made.sql(COUNT)) == 2)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "Go on with `connector-vault keys rotate --rewrap-only`" in err
    (_, old), (_, new) = made.sql(COUNT)
    assert (old + new, new > 0) == (1000, True)
    done = made.quick(*REWRAP)
    assert (done.code, done.json["rewrapped"], done.json["status"]["version"]) == (0, old, 2)
    assert made.sql(COUNT) == [(2, 1000)]
    assert portal.call(secrets, made) == [SECRET_KEY] * 3


def test_maintain_goes_on_with_a_rotation(made, portal):
    portal.call(rotated, made)

    done = made.quick("maintain", "--json")

    assert (done.code, done.json["report"]["rewrapped"]) == (0, 4)
    assert made.sql(COUNT) == [(2, 4)]


def test_a_terminal_shows_how_far_it_is(made):
    made.env |= {"TERM": "xterm", "COLUMNS": "80"}
    ours, theirs = pty.openpty()
    with made.start("keys", "rotate", stderr=theirs) as process:
        os.close(theirs)
        process.wait(timeout=30)
        seen = os.read(ours, 10_000).decode()
    os.close(ours)

    assert "of 4 data keys wrapped anew …" in seen


def test_no_secret_is_told(made, hasty):
    file = made.key.read_text().split()
    for deed in (["status"], ["rotate"], ["rotate", "--data-keys"], ["retire"], ["shred"]):
        assert made.quick("keys", *deed, "--debug").code == 0
        assert made.quick("keys", *deed, "--debug", "--json").code == 0

    heard = "".join(made.heard)
    keys = {word for word in (*file, *made.key.read_text().split()) if word.endswith("=")}
    assert len(keys) > 1
    assert not any(word in heard for word in (*keys, SECRET_KEY))


@pytest.mark.parametrize("deed", ["status", "rotate", "retire", "shred"])
def test_without_a_vault_there_is_nothing_to_do(lonely, deed):
    done = lonely.quick("keys", deed, "--json")

    assert (done.code, done.error[0]) == (1, "Misconfigured")
    assert lonely.files() == []


@pytest.mark.parametrize("deed", ["rotate", "retire", "shred"])
def test_what_it_does_is_explained(lonely, deed):
    assert lonely.quick("keys", deed, "--help").code == 0
    assert deed in lonely.quick("keys", "--help").out

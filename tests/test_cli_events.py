"""`events`: what became of connections, on the command line."""

import json
import signal

import pytest

from connector_vault import Owner, Secret
from tests.cli import FIXTURES

portal, played, shell, lonely, connected = FIXTURES

EVENT = [
    *("cursor", "name", "at", "connection", "tenant", "user", "provider", "generation", "detail"),
]
KEY = "sk-or-v1-0123456789"


@pytest.fixture
def busy(lonely):
    """A machine on which two people have connected something."""
    assert lonely.quick("init").code == 0
    for user in ("me", "ada", "me"):
        assert lonely.quick("add", "openrouter", "--stdin", "--user", user, stdin=KEY).code == 0
    return lonely


def listed(shell, *options):
    return shell.quick("events", "--json", *options).json["events"]


def test_the_events_of_the_owner_are_listed(busy):
    found = listed(busy)

    assert [list(one) for one in found] == [EVENT, EVENT]
    assert {(one["name"], one["tenant"], one["user"]) for one in found} == {
        ("connected", "local", "me")
    }
    assert listed(busy, "--after", str(found[0]["cursor"])) == found[1:]
    assert [one["user"] for one in listed(busy, "--user", "ada")] == ["ada"]


def test_the_events_of_everybody_are_listed(busy):
    assert [one["user"] for one in listed(busy, "--everybody")] == ["me", "ada", "me"]
    assert busy.quick("events", "--everybody", "--user", "ada").code == 2


def test_people_get_a_line_for_each(busy):
    done = busy.quick("events")

    first, _ = done.out.splitlines()
    cursor, name, connection, provider, owner, _, detail = first.split("\t")
    assert (cursor, name, provider, owner, detail) == (
        *("1", "connected", "openrouter", "local/me", "-"),
    )
    assert connection.startswith("con_")
    assert KEY not in "".join(busy.heard)


def test_nothing_is_no_error(lonely):
    lonely.quick("init")
    done = lonely.quick("events")

    assert (done.code, done.out) == (0, "")
    assert "Nothing happened" in done.err


@pytest.mark.parametrize("cursor", ["-1", "99", "abc"])
def test_what_is_no_cursor_is_a_usage_error(busy, cursor):
    done = busy.quick("events", f"--after={cursor}", "--json")

    assert (done.code, done.error[0]) == (2, "BadArguments")


@pytest.mark.parametrize("json_", [True, False], ids=["json", "text"])
def test_following_goes_on_until_it_is_stopped(busy, json_, portal):
    with busy.start("events", "--follow", "--after=1", *["--json"] * json_) as process:
        first = process.stdout.readline()
        portal.call(_add, busy)
        second = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, err = process.communicate(timeout=30)

    assert (process.returncode, rest) == (0, "")
    assert "Ctrl-C" in err
    read = (lambda line: json.loads(line)["cursor"]) if json_ else _cursor
    assert [read(first), read(second)] == [3, 4]


def _cursor(line):
    return int(line.split("\t")[0])


async def _add(shell):
    async with shell.vault() as vault:
        await vault.add("openrouter", Owner(tenant="local", user="me"), secret=Secret(KEY))

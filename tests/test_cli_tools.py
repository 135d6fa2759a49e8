"""`tools` and `call`: what can be done, and what is refused before it is sent."""

import signal

import pytest

from connector_vault import emulator
from tests.cli import FIXTURES, Shell
from tests.deeds import ACME_SECRET

portal, played, shell, lonely, connected = FIXTURES

ISSUE = ["--arg", "owner=octocat", "--arg", "repo=hello-world", "--arg", "issue_number=1"]


def test_tools_name_accounts_and_what_they_lack(connected):
    shell, id_ = connected
    shell.sql("update connection set scopes = 'read:user'")

    tools = {one["name"]: one for one in shell.quick("tools", "--json").json["tools"]}

    created = tools["github.create_issue"]
    assert created["connections"] == [{"id": id_, "label": "octocat", "lacking": ["public_repo"]}]
    assert (created["effect"], created["scopes"]) == ("writes", ["public_repo"])
    assert created["input_schema"]["required"] == ["owner", "repo", "title"]
    assert "octocat (lacks public_repo)" in shell.quick("tools").out


def test_a_tool_is_called_with_arguments_of_their_types(connected):
    shell, _ = connected
    given = ["owner=octocat", "repo=hello-world", "title=7", 'labels=["bug"]']

    done = shell.quick("call", "github.create_issue", *(f"--arg={one}" for one in given))

    assert done.code == 0
    assert (done.json["title"], done.json["labels"]) == ("7", [{"name": "bug"}])


def test_a_result_says_which_account_gave_it(connected):
    shell, id_ = connected

    done = shell.quick("call", "github.get_issue", *ISSUE, "--connection", id_[:8], "--json")

    assert list(done.json) == ["tool", "connection", "isolation", "seconds", "value"]
    assert (done.json["connection"], done.json["isolation"]["mode"]) == (id_, "pooled")
    assert done.json["value"]["number"] == 1


def test_arguments_come_as_json_too(connected):
    shell, _ = connected
    piped = '{"owner": "octocat", "repo": "hello-world"}'

    done = shell.quick(
        "call", "github.get_issue", "--json-args=-", "--arg", "issue_number=1", stdin=piped
    )

    assert done.json["number"] == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["github.get_issue", "--arg", "owner"], 2),
        (["github.get_issue", *ISSUE, "--arg", "owner=x"], 2),
        (["github.get_issue", *ISSUE[:-1], "issue_number=one"], 2),
        (["github.get_issue", *ISSUE[:-1], "issue_number=NaN"], 2),
        (["github.get_issue", *ISSUE, "--arg", "color=red"], 2),
        (["github.get_issue", "--json-args", "[]"], 2),
        (["github.get_issue", "--json-args", "[" * 100_000], 2),
        (["github.get_issue", *ISSUE, "--timeout", "0"], 2),
        (["github.get_issue", *ISSUE, "--connection", "con_nope"], 4),
        (["github.no_such_tool"], 2),
        (["github"], 2),
        (["nowhere.do_it"], 2),
        (["github.get_issue", "--arg=owner=octocat", "--arg=repo=..", "--arg=issue_number=1"], 2),
        (["github.get_file", "--arg=owner=octocat", "--arg=repo=a%2fb", "--arg=path=x"], 2),
        (["github.get_file", "--arg=owner=o", "--arg=repo=r", "--arg=path=../../../user"], 2),
    ],
)
def test_a_malformed_call_is_not_sent(connected, portal, played, arguments, code):
    shell, _ = connected
    before = portal.call(played.log)

    done = shell.quick("call", *arguments, "--json")

    assert done.code == code, done.err
    assert portal.call(played.log) == before


def test_a_call_that_takes_too_long_ends_with_7(connected, portal, played):
    shell, _ = connected
    portal.call(lambda: played.fault(kind="hang", host="api.github.com"))

    done = shell.quick("call", "github.get_issue", *ISSUE, "--timeout", "0.3", "--json")

    assert (done.code, done.error[0]) == (7, "TimedOut")


def test_ctrl_c_ends_a_call(connected, portal, played):
    shell, _ = connected
    portal.call(lambda: played.fault(kind="hang", host="api.github.com"))
    before = len(portal.call(played.log, "api.github.com"))
    with shell.start("call", "github.get_issue", *ISSUE, "--json") as process:
        portal.call(lambda: played.heard(host="api.github.com", times=before + 1))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert shell._done(130, out, err).error == ("Interrupted", "interrupted")
    assert "Traceback" not in err


def test_a_withdrawn_grant_asks_for_a_new_consent(connected, portal, played):
    shell, id_ = connected
    portal.call(lambda: played.act("github", "revoke", login="octocat"))

    done = shell.quick("call", "github.get_issue", *ISSUE, "--json")

    assert (done.code, done.error[0]) == (4, "Reconnect")
    assert f"connect github --reconnect {id_}" in shell.quick("list").err
    assert "not opened" in shell.quick("show", id_).out


def test_a_missing_scope_is_not_allowed(connected):
    shell, _ = connected
    shell.connect("--scope", "gist")

    done = shell.quick(
        "call", "github.create_issue", "--arg=owner=o", "--arg=repo=r", "--arg=title=t"
    )

    assert done.code == 5


def test_a_tool_that_is_only_named_takes_what_its_worker_says(portal, tmp_path, acme):
    with portal.wrap_async_context_manager(emulator.running("acme")) as world:
        shell = Shell(tmp_path, world.url)
        shell.quick("add", "acme", stdin=ACME_SECRET.reveal())

        done = shell.quick("call", "acme.add_up", "--arg", "numbers=[1, 2]", "--json")
        wrong = shell.quick("call", "acme.add_up", "--arg", "numbers=1", "--json")

    assert done.json["value"] == 3
    assert done.json["isolation"]["mode"] == "fresh"
    assert wrong.error[0] == "BadArguments"


@pytest.fixture
def uploading(tmp_path, acme, portal, monkeypatch):
    """A machine with an account at Acme, which takes files."""
    with portal.wrap_async_context_manager(emulator.running("acme")) as world:
        shell = Shell(tmp_path, world.url)
        assert shell.quick("add", "acme", stdin=ACME_SECRET.reveal()).code == 0
        yield shell


def test_a_file_is_handed_to_a_tool(uploading, tmp_path):
    film = tmp_path / "film.mp4"
    film.write_bytes(b"x" * 300_000)

    done = uploading.quick("call", "acme.pass_on", "--file", f"file={film}")

    assert (done.code, done.json["size"]) == (0, 300_000)
    assert str(tmp_path) not in done.out


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["file=/nowhere"], "not a file"),
        (["file=/etc"], "not a file"),
        (["/etc/passwd"], "name=path"),
        (["=/etc/passwd"], "name=path"),
        (["file="], "name=path"),
        (["file=/etc/passwd", "file=/etc/passwd"], "twice"),
        (["other=/etc/passwd"], "arguments"),
    ],
)
def test_a_file_that_cannot_be_handed_over_is_refused(uploading, given, words):
    done = uploading.quick("call", "acme.pass_on", *(f"--file={one}" for one in given), "--json")

    assert (done.code, done.error[0]) == (2, "BadArguments")
    assert words in done.error[1]

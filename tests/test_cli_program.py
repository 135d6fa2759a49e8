"""What all commands have in common: help, exit codes, one error, no secret."""

import inspect
import json
import shlex
import signal
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_vault import Owner, errors
from connector_vault.cli.arguments import read_arguments
from connector_vault.cli.exits import CODES, code_of
from connector_vault.cli.paper import plain, written
from connector_vault.cli.words import from_now
from connector_vault.errors import BadArguments, Corrupt, KeysUnavailable, RolledBack
from tests.cli import FIXTURES, SECRET_KEY

portal, played, shell, lonely, connected = FIXTURES

CALL = "call github.get_authenticated_user"
COMMANDS = [
    *("init", "connect", "add", "list", "show", "tools", "call", "disconnect", "serve"),
    "mcp",
    *("providers", "emulate", "demo", "doctor"),
]
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_every_error_has_a_code():
    classes = {one for _, one in inspect.getmembers(errors, inspect.isclass)}

    assert set(CODES) == classes
    special = {kind.__name__: code for kind, code in CODES.items() if code != 1}
    assert special == {
        "BadArguments": 2,
        "KeysUnavailable": 6,
        "KeysDenied": 6,
        "NotAllowed": 5,
        "NotConnected": 4,
        "Reconnect": 4,
        "TimedOut": 7,
    }


def test_a_kind_of_an_error_has_its_code():
    class Away(KeysUnavailable):
        pass

    assert code_of(Away("x")) == 6
    assert code_of(RolledBack("x")) == code_of(Corrupt("x")) == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(lonely, command):
    done = lonely.quick(command, "--help")

    assert done.code == 0
    assert "--json" in done.out
    assert f"Example: connector-vault {command}" in done.out
    assert done.out == lonely.quick(command, "-h").out


def test_help_lists_the_commands_and_exit_codes(lonely):
    done = lonely.quick()

    assert done.out == lonely.quick("--help").out
    assert all(f" {command} " in done.out for command in COMMANDS)
    assert "7 timed out" in " ".join(done.out.split())


def test_the_version_is_told(lonely):
    assert lonely.run("--version").out == "connector-vault 0.1.0\n"


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["list", "--nonsense"], ["show"], ["connect", "github", "--port", "x"]],
)
def test_a_wrong_command_line_is_usage(lonely, arguments):
    assert lonely.quick(*arguments).code == 2
    done = lonely.quick(*arguments, "--json")

    assert (done.code, done.error[0]) == (2, "BadArguments")
    assert done.err == f"error: {done.error[1]}\n"


def test_an_unexpected_error_is_one_line_without_its_text(lonely, monkeypatch):
    monkeypatch.setattr("connector_vault.settings._file", lambda _: 1 / 0)
    lonely.env["CONNECTOR_VAULT_CONFIG"] = "x"

    done = lonely.quick("list", "--json")

    assert done.code == 1
    assert done.error[0] == "ZeroDivisionError"
    assert "this is a bug" in done.err
    assert "division" not in done.err
    assert "Traceback" in lonely.quick("list", "--debug").err


def test_a_reader_who_leaves_is_no_error(connected):
    shell, _ = connected
    with shell.start("tools", "--json") as process:
        process.stdout.close()
        err = process.stderr.read()

    assert (process.returncode, err) == (1, "")


def test_a_terminal_that_knows_only_ascii_is_written_to(connected):
    shell, id_ = connected
    shell.env["PYTHONIOENCODING"] = "ascii"

    assert shell.run("show", id_).code == 0


def test_no_output_ever_holds_a_token(connected, portal):
    shell, id_ = connected
    shell.connect("--debug")
    tokens = [*portal.call(tokens_of, shell, id_), "emulator-secret"]
    for command in ("list", f"show {id_}", "tools", "doctor", "providers", "init", CALL):
        shell.quick(*command.split(), "--debug")
        shell.quick(*command.split(), "--json")
    tokens += portal.call(tokens_of, shell, id_)
    shell.run("disconnect", id_, "--debug")

    said = "".join(shell.heard)
    assert "DEBUG" in said
    assert not [form for token in tokens for form in forms(token) if form in said]


def test_not_even_a_traceback_holds_a_token(connected, portal, monkeypatch):
    shell, id_ = connected
    access, _ = portal.call(tokens_of, shell, id_)

    def fail(*_, **__):
        raise RuntimeError(f"Authorization: Bearer {access} and {access}")

    monkeypatch.setattr("connector_vault.gateway.Gateway.call", fail)
    done = shell.quick("call", "github.get_authenticated_user", "--debug")

    assert done.code == 1
    assert "Traceback" in done.err
    assert access not in done.err


async def tokens_of(shell, id_):
    """Refresh, and give the tokens of both kinds."""
    owner = Owner(tenant="local", user="me")
    async with shell.vault() as vault:
        token = await vault.token(id_, owner=owner, purpose="to look for it")
        tokens, _ = await vault.room.keyring.open(await vault.room.row(id_, owner))
        await vault.token(id_, owner=owner, purpose="to refresh", newer_than=token.generation)
    return [tokens.access.reveal(), tokens.refresh.reveal()]


def forms(token):
    return [token, quote(token, safe=""), b64encode(token.encode()).decode(), token[8:24]]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_emulate_serves_until_a_signal(lonely, number):
    with lonely.start("emulate", "github", "--port", "0", "--json") as process:
        said = json.loads(process.stdout.readline())
        answer = httpx2.get(f"{said['url']}/_emulator/").json()
        process.send_signal(number)
        process.communicate(timeout=30)

    assert process.returncode == 0
    assert list(answer["providers"]) == ["github"]
    assert said["environment"]["CONNECTOR_VAULT_EMULATOR"] == said["url"]


def test_emulate_prints_what_a_shell_can_read(lonely):
    with lonely.start("emulate", "github", "--port", "0") as process:
        lines = [process.stdout.readline() for _ in range(6)]
        process.terminate()
        process.communicate(timeout=30)
    exports = dict(shlex.split(line)[1].split("=", 1) for line in lines[1:])

    assert exports["CONNECTOR_VAULT_GITHUB_CLIENT_ID"] == "Iv1.emulator"
    assert exports["CONNECTOR_VAULT_GITHUB_CLIENT_SECRET"] == "emulator-secret"
    lonely.env |= exports
    assert lonely.quick("init", "--json").json["world"] == "emulated"


@pytest.mark.parametrize(("arguments", "code"), [(["notion?"], 2), (["--consent", "maybe"], 2)])
def test_emulate_plays_what_there_is(lonely, arguments, code):
    assert lonely.quick("emulate", *arguments, "--port", "0").code == code


def test_emulate_says_that_a_port_is_taken(lonely, played):
    done = lonely.quick("emulate", "--port", played.url.rpartition(":")[2])

    assert done.code == 1
    assert "in use" in done.err


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "now"),
        (28_799, "in 7 h 59 min"),
        (28_800, "in 8 h"),
        (59, "in 59 s"),
        (-90_000, "1 d 1 h ago"),
        (86_405, "in 1 d"),
    ],
)
def test_times_are_told_in_words(seconds, said):
    assert from_now(NOW + timedelta(seconds=seconds), NOW) == said


def test_a_name_cannot_drive_the_terminal():
    evil = "a\x1b[2Jb\u202ec\x9bd\ud800"

    assert plain(evil) == "a�[2Jb�c�d�"
    assert json.loads(written({"name": evil})) == {"name": evil}
    assert written(evil).isprintable()


@given(st.dictionaries(st.text(min_size=1).filter(lambda name: "=" not in name), st.text()))
def test_text_stays_as_it_is(arguments):
    schema = {"properties": {name: {"type": "string"} for name in arguments}}

    given = [f"{name}={value}" for name, value in arguments.items()]

    assert read_arguments(given, schema, {}) == arguments


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    st.lists,
    max_leaves=5,
)


@given(JSON)
def test_what_is_no_text_is_json(value):
    schema = {"properties": {"a": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}}

    assert read_arguments([f"a={json.dumps(value)}"], schema, {}) == {"a": value}


@pytest.mark.parametrize(
    ("kind", "read"),
    [
        ({"type": ["string", "null"]}, "7"),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "7"),
        ({"enum": ["7", "8"]}, "7"),
        ({"const": "7"}, "7"),
        ({"$ref": "#/$defs/Text"}, "7"),
        ({"$ref": "#/$defs/Loop"}, 7),
        ({"type": "number"}, 7),
        ({}, 7),
    ],
)
def test_the_schema_says_what_is_text(kind, read):
    defs = {"Text": {"type": "string"}, "Loop": {"$ref": "#/$defs/Loop"}}

    assert read_arguments(["a=7"], {"properties": {"a": kind}, "$defs": defs}, {}) == {"a": read}


@pytest.mark.parametrize(
    "text", ["a", "=7", "a=xyz", "a=Infinity", "a=" + "9" * 5000, f"a={SECRET_KEY}"]
)
def test_a_value_that_does_not_fit_is_not_repeated(text):
    with pytest.raises(BadArguments) as caught:
        read_arguments([text], {"properties": {"a": {"type": "integer"}}}, {})

    value = text.partition("=")[2]
    assert not value or value not in str(caught.value)


def test_emulate_gives_the_client_that_a_family_shares(lonely):
    with lonely.start("emulate", "instagram_facebook", "--port", "0", "--json") as process:
        said = json.loads(process.stdout.readline())
        process.terminate()
        process.communicate(timeout=30)

    assert said["environment"]["CONNECTOR_VAULT_FACEBOOK_CLIENT_ID"] == "1234567890123456"
    assert not [one for one in said["environment"] if "INSTAGRAM" in one]

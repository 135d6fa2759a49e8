"""`add` with a description: services by configuration, from the command line to the agent."""

import re
import shlex
import tomllib

import pytest

from connector_vault.services import service_of
from tests.cli import FIXTURES, link_of, visit
from tests.deeds import ROOT
from tests.service import KEY, served

portal, played, shell, lonely, connected = FIXTURES

PAGE = (ROOT / "docs/how-to/add-any-service.md").read_text(encoding="utf-8")


@pytest.fixture
def service():
    with served() as service:
        yield service


@pytest.fixture
def machine(lonely):
    lonely.env["CONNECTOR_VAULT_SERVICES"] = str(lonely.home / "services")
    return lonely


def described(service, *more):
    host = ("--auth", "api-key", "--host", f"{service.url}/api/v1")
    return ("add", "acme", *host, "--allow", "GET /models", *more)


def ask(machine, path, *more):
    asked = ("--arg", "method=GET", "--arg", f"path={path}")
    return machine.quick("call", "acme.request", *asked, *more)


def test_a_service_is_described_once_and_called(machine, service):
    done = machine.quick(*described(service), stdin=KEY)

    assert done.code == 0
    assert re.match(r"Kept acme as con_\w+ \(••••cdef\)\.", done.out)
    assert KEY not in done.out + done.err
    assert ask(machine, "/models", "--json").json["value"]["data"][0]["id"] == "acme/large"
    assert ask(machine, "/keys").code != 0
    assert service.asked == ["GET /api/v1/models"]


def test_another_key_needs_no_description(machine, service):
    machine.quick(*described(service), stdin=KEY)

    assert machine.quick("add", "acme", stdin=KEY).code == 0
    assert machine.quick(*described(service), stdin=KEY).code == 0
    assert len(machine.quick("list", "--json").json["connections"]) == 3


def test_another_description_changes_nothing(machine, service):
    machine.quick(*described(service), stdin=KEY)
    file = machine.home / "services" / "acme.toml"
    before = file.read_bytes()

    done = machine.quick(*described(service, "--allow", "GET /keys"), "--json", stdin=KEY)

    assert done.error[0] == "Misconfigured"
    assert str(file) in done.error[1]
    assert file.read_bytes() == before
    assert len(machine.quick("list", "--json").json["connections"]) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--auth", "api-key"], "--host"),
        (["--host", "api.example.com"], "--auth"),
        (["--auth", "api-key", "--host", "api.example.com"], "--allow"),
        (["--auth", "magic", "--host", "a.example", "--allow", "GET /a"], "auth"),
        (["--auth", "api-key", "--host", "http://a.example", "--allow", "GET /a"], "host"),
        (["--auth", "api-key", "--host", "a.example", "--allow", "/a"], "allow"),
        (["--auth", "oauth2", "--host", "a.example", "--allow", "GET /a"], "oauth2"),
        (["--from", "nowhere.toml"], "nowhere.toml"),
        (["--from", "nowhere.toml", "--auth", "api-key"], "--from"),
    ],
)
def test_a_description_that_is_none_is_refused_before_a_key_is_asked_for(machine, options, words):
    done = machine.quick("add", "acme", *options, "--json", stdin=KEY)

    assert done.error[0] in ("BadArguments", "Misconfigured")
    assert words in done.error[1]
    assert not (machine.home / "services").exists()
    assert not machine.file.exists()


def test_a_key_that_cannot_be_one_is_asked_for_again(machine, service):
    """What was said of the service stays, and does no harm."""
    assert (
        machine.quick(*described(service), "--json", stdin="two words").error[0] == "BadArguments"
    )

    assert machine.quick(*described(service), stdin=KEY).code == 0
    assert ask(machine, "/models").code == 0


def test_keys_that_are_there_are_not_made_unreadable(machine, service):
    kept = machine.quick("add", "acme", "--json", stdin=KEY).json["connection"]["id"]

    done = machine.quick(*described(service), "--json", stdin=KEY)

    assert done.error[0] == "BadArguments"
    assert kept in done.error[1]
    assert not list((machine.home / "services").glob("*"))
    assert machine.quick("disconnect", kept, "--yes").code == 0
    assert machine.quick(*described(service), stdin=KEY).code == 0


def test_a_connectors_name_is_taken(machine, service):
    said = [one if one != "acme" else "github" for one in described(service)]

    assert machine.quick(*said, "--json", stdin=KEY).error[0] == "BadArguments"


def test_a_file_says_all_there_is(machine, service, tmp_path):
    path = tmp_path / "Acme-1 described.toml"
    host = f'auth = "api-key"\nhost = "{service.url}/api/v1"\nallow = ["GET /models"]\n'
    path.write_text(f'{host}title = "Acme"\n')

    assert machine.quick("add", "acme", "--from", str(path), stdin=KEY).code == 0
    assert ask(machine, "/models").code == 0
    providers = {one["name"]: one for one in machine.quick("providers", "--json").json["providers"]}
    assert (providers["acme"]["service"], providers["acme"]["title"]) == (True, "Acme")
    assert (providers["openrouter"]["service"], providers["github"]["service"]) == (True, False)
    assert "service acme" in machine.quick("doctor").out


def test_an_oauth_service_is_connected_in_a_browser(machine, service):
    addresses = (f"--{name}-url={service.url}/{name}" for name in ("authorize", "token", "revoke"))
    said = ("add", "acme", "--auth", "oauth2", "--host", f"{service.url}/api/v1")
    done = machine.quick(*said, *addresses, "--allow", "GET /models", "--scope", "read")

    assert done.code == 0
    assert "CONNECTOR_VAULT_ACME_CLIENT_ID" in done.out
    assert "`connector-vault connect acme`" in done.out

    machine.env["CONNECTOR_VAULT_ACME_CLIENT_ID"] = "acme-client"
    machine.env["CONNECTOR_VAULT_ACME_CLIENT_SECRET"] = "acme-secret"
    assert machine.quick("init").code == 0
    with machine.start("connect", "acme", "--no-browser", "--json") as process:
        visit(link_of(process))
        out, _ = process.communicate(timeout=30)
    (connection,) = machine._done(process.returncode, out, "").json["connections"]
    assert (connection["state"], connection["scopes"]) == ("active", ["read"])
    assert ask(machine, "/models").code == 0
    assert machine.quick("disconnect", connection["id"], "--yes").code == 0
    assert service.live == {KEY}


def test_a_file_that_is_broken_is_told_by_the_doctor(machine):
    folder = machine.home / "services"
    folder.mkdir()
    (folder / "acme.toml").write_text("auth = 'magic'")

    done = machine.quick("doctor")

    assert "service acme" in done.out
    assert "mend its file" in done.out


@pytest.mark.parametrize("text", re.findall(r"```toml\n(.+?)```", PAGE, flags=re.DOTALL))
def test_each_example_of_the_guide_is_a_service(text):
    assert service_of(tomllib.loads(text), "acme", "the guide").name == "acme"


@pytest.mark.parametrize(
    "line",
    [
        one.replace("\\\n", "")
        for one in re.findall(r"^\$ connector-vault (add acme (?:.+\\\n)*.+)$", PAGE, re.MULTILINE)
    ],
)
def test_each_command_of_the_guide_is_taken(machine, line):
    assert machine.quick(*shlex.split(line), stdin=KEY).code == 0


def test_the_shipped_example_needs_its_key_alone(machine):
    done = machine.quick("add", "openrouter", "--json", stdin=KEY)

    assert done.json["connection"]["label"] == "••••cdef"
    tools = machine.quick("tools", "--json").json["tools"]
    assert [(one["name"], one["effect"]) for one in tools] == [("openrouter.request", "writes")]

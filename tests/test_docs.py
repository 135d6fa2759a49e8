"""What the documents say is so: examples run, commands and links exist, tables agree with code."""

import asyncio
import json
import os
import re
import runpy
import shlex
import subprocess
import sys
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import httpx2
import pytest

from connector_vault import Gateway, Owner, Vault, registry
from connector_vault.cli.exits import CODES, INTERRUPTED, OK, PROBLEMS
from connector_vault.cli.program import app
from connector_vault.settings import load_settings
from tests.deeds import ADA
from tests.test_architecture import FLOORS

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "docs" / "examples"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
SHARED = {"--json", "--debug", "--help"}
SHOWN = {"python": "py", "toml": "toml", "json": "json"}
"""Kinds of blocks that are files, and how those end."""

PLACE = {"--database", "--keys", "--tenant", "--user"}
GROUPS = {group.name: group.typer_instance for group in app.registered_groups}
COMMANDS = [
    *(command.name for command in app.registered_commands),
    *(f"{name} {one.name}" for name, group in GROUPS.items() for one in group.registered_commands),
]
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))

_BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^ *connector-vault (.+)$|`connector-vault ([^`]+)`", re.MULTILINE)
_HEAD = re.compile(r"[a-z]+( [a-z]+)*")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@each_page
def test_code_that_is_shown_is_a_file_that_runs(page):
    shown = [text for kind, text in _BLOCK.findall(_text(page)) if kind in SHOWN]

    files_ = {one.read_text() for one in EXAMPLES.rglob("*") if one.suffix[1:] in SHOWN.values()}
    assert set(shown) <= files_


def test_the_readme_shows_its_example():
    assert _text(EXAMPLES / "hello.py") in _text(ROOT / "README.md")


@each_page
def test_a_link_leads_somewhere(page):
    for target in _LINK.findall(_text(page)):
        path, _, anchor = target.partition("#")
        if "://" not in path:
            found = _place(page, path)
            assert found.exists(), target
            assert not anchor or anchor in _anchors(found), target


@each_page
def test_a_command_that_is_named_exists(page):
    for line in _commands(page):
        words = shlex.split(line, comments=True)
        if words[0].isalpha() and words[0].islower():
            (command,) = {words[0], " ".join(words[:2])} & set(COMMANDS)
            options = {one for one in words if re.fullmatch("--[a-z-]+", one)}
            assert options <= _options(command), line


def test_the_reference_lists_every_command_with_every_option():
    sections = re.split(r"^## ", _text(ROOT / "docs/reference/cli.md"), flags=re.MULTILINE)

    listed = {_HEAD.match(one)[0]: one for one in sections if one[0].islower()}

    assert set(listed) == set(COMMANDS)
    for command, section in listed.items():
        told = set(re.findall(r"^\| `(--[a-z-]+)`", section, flags=re.MULTILINE))
        assert told == _options(command) - SHARED - PLACE, command


def test_the_reference_says_which_commands_choose_a_vault():
    text = _text(ROOT / "docs/reference/cli.md")
    without = {command for command in COMMANDS if not PLACE & _options(command)}

    (said,) = re.findall(r"^All but (.+) also choose a vault", text, flags=re.MULTILINE)
    assert set(re.findall("`([a-z]+)`", said)) == without


@pytest.mark.parametrize("page", ["README.md", "docs/reference/cli.md"])
def test_exit_codes_are_those_of_the_command_line(page):
    told = re.findall(r"^\| (\d+) \| ", _text(ROOT / page), flags=re.MULTILINE)

    assert sorted(map(int, told)) == sorted({OK, PROBLEMS, INTERRUPTED, *CODES.values()})


def test_every_error_is_explained_with_its_exit_code():
    row = re.compile(r"^\| `(\w+)` \| .+ \| (\d+) \|$", re.MULTILINE)

    told = {name: int(code) for name, code in row.findall(_text(ROOT / "docs/reference/errors.md"))}

    wanted = {one.__name__: code for one, code in CODES.items()}
    del wanted["ConnectorVaultError"]
    assert told == wanted


def test_every_setting_that_is_read_is_explained():
    text = _text(ROOT / "docs/reference/settings.md").replace("<PROVIDER>", "GITHUB")
    told = set(re.findall(r"^\| `(CONNECTOR_VAULT_\w+)`", text, flags=re.MULTILINE))
    asked = _Asked({"CONNECTOR_VAULT_GITHUB_CLIENT_ID": "app"})

    load_settings(asked)

    assert told == asked.names


@each_page
def test_a_setting_that_is_named_is_read(page):
    known = set(re.findall(r"CONNECTOR_VAULT_\w+", _text(ROOT / "docs/reference/settings.md")))
    kinds, names = ("ID", "SECRET", "SECRET_FILE"), [*registry.names(), "acme", "jotter"]
    known |= {f"CONNECTOR_VAULT_{name.upper()}_CLIENT_{kind}" for name in names for kind in kinds}

    assert set(re.findall(r"CONNECTOR_VAULT_\w+", _text(page))) <= known


@each_page
def test_a_test_that_is_named_exists(page):
    there = "\n".join(_text(one) for one in ROOT.glob("tests/**/*.py"))

    for name in re.findall(r"`(test_\w+)`", _text(page)):
        assert f"def {name}(" in there, name


@each_page
def test_a_make_target_that_is_named_exists(page):
    named = re.findall(r"(?:^|`)make ([a-z]+)", _text(page), flags=re.MULTILINE)

    targets = re.findall(r"^([a-z]+):", _text(ROOT / "Makefile"), flags=re.MULTILINE)
    assert set(named) <= set(targets)


def test_every_room_is_in_the_house_on_its_floor():
    house = _text(ROOT / "docs/explanation/architecture.md").split("```")[1]

    lines = house.splitlines()
    heads = {floor: _line_of(floor, lines) for floor in FLOORS}
    assert list(heads.values()) == sorted(heads.values(), reverse=True)
    for floor, below in pairwise([*reversed(FLOORS), ""]):
        drawn = "\n".join(lines[heads[floor] : heads.get(below)])
        rooms = {room for room in FLOORS[floor] if not room.startswith("__")}
        assert rooms <= set(re.findall(r"\w+", drawn)), floor


def test_the_table_of_providers_is_what_the_connectors_say():
    # Otherwise run: python -m tests.readme
    _run("-m", "tests.readme", "--check", cwd=ROOT)


def test_the_number_of_tools_is_right():
    told = f"{len(registry.load('github').tools)} tools"

    assert told in _text(ROOT / "docs/tutorial.md")


def test_the_transcript_has_the_demos_steps():
    told = re.findall(r"^\d (\w+(?: \w+)?) {2,}", _text(ROOT / "README.md"), flags=re.MULTILINE)

    done = _run("-m", "connector_vault", "demo", "--json")

    assert told == list(json.loads(done)["steps"])


def test_the_readmes_example_runs(tmp_path):
    assert _run(EXAMPLES / "hello.py", cwd=tmp_path).split()[-2:] == ["revoked", "True"]


async def test_the_tutorials_program_runs(world, tmp_path):
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, str(EXAMPLES / "tutorial.py")),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=_settings(world, tmp_path),
    )
    link = (await program.stdout.readline()).decode().split()[-1]
    async with httpx2.AsyncClient() as browser:
        back = (await browser.get(link)).headers["location"]
    out, _ = await program.communicate(back.encode() + b"\n")
    assert out.decode().endswith("revoked confirmed\n")


@pytest.mark.parametrize("seconds", [0, 8 * 3600])
async def test_a_request_of_ones_own_outlives_a_token(vault, connect, world, seconds):
    rate_limit = runpy.run_path(str(EXAMPLES / "own_request.py"))["rate_limit"]
    connection = await connect(vault)

    await world.advance(seconds)

    async with httpx2.AsyncClient(base_url=f"{world.url}/api.github.com") as http:
        assert 4900 < await rate_limit(vault, http, connection.id, ADA) < 5000


async def test_a_call_can_be_answered_whatever_it_ends_with(vault, connect, world):
    open_issue = runpy.run_path(str(EXAMPLES / "calling.py"))["open_issue"]
    gateway = Gateway(vault)

    assert await open_issue(gateway, ADA, "x") == "Ask the person to connect GitHub."
    await connect(vault)
    assert (await open_issue(gateway, ADA, "x")).endswith("/issues/2")
    await world.fault(kind="drop", host="api.github.com")
    assert "look for it" in await open_issue(gateway, ADA, "x")


async def test_a_backup_opens_beside_its_key_file(vault, connect, place, world):
    connection, copy = await connect(vault), place.folder / "copy.db"

    await asyncio.to_thread(_run, EXAMPLES / "backup.py", place.file, copy)

    assert copy.stat().st_mode & 0o777 == 0o600
    async with Vault.open(f"sqlite:///{copy}", keys=place.keys, emulator=world.url) as backup:
        assert (await backup.get(connection.id, owner=ADA)).label == "octocat"
        assert await backup.token(connection.id, owner=ADA, purpose="test")


def test_the_settings_file_is_read(tmp_path):
    text = _text(EXAMPLES / "settings.toml").replace("/etc/agents", str(tmp_path))
    (tmp_path / "settings.toml").write_text(text)
    for name in ("github.secret", "github-readonly.secret"):
        (tmp_path / name).write_text("a-secret\n")

    said = load_settings({"CONNECTOR_VAULT_CONFIG": str(tmp_path / "settings.toml")})

    assert said.owner == Owner(tenant="acme", user="me")
    assert [one.name for one in said.clients] == ["default", "readonly"]


@pytest.mark.parametrize(("name", "key"), [("clients", "mcpServers"), ("vscode", "servers")])
def test_an_mcp_clients_settings_start_the_server_without_a_secret(name, key):
    text = _text(EXAMPLES / "mcp" / f"{name}.json")
    (server,) = json.loads(text)[key].values()

    assert [server["command"].rpartition("/")[2], *server["args"]] == ["connector-vault", "mcp"]
    assert set(server["env"]) == {"CONNECTOR_VAULT_CONFIG"}


def test_an_agents_tests_run(tmp_path):
    (tmp_path / "test_agent.py").write_text(_text(EXAMPLES / "test_agent.py"))

    assert "5 passed" in _run("-m", "pytest", "-q", "test_agent.py", cwd=tmp_path)


def test_somebody_elses_connector_is_found_and_works(tmp_path):
    pip = ("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation")
    _run(*pip, "--target", tmp_path, EXAMPLES / "thirdparty")
    (tmp_path / "test_jotter.py").write_text(_text(EXAMPLES / "thirdparty" / "test_jotter.py"))

    found = {"cwd": tmp_path, "PYTHONPATH": str(tmp_path)}
    assert "4 passed" in _run("-m", "pytest", "-q", "test_jotter.py", **found)
    assert "jotter\tJotter\t" in _run("-m", "connector_vault", "providers", **found)


class _Asked(dict):
    """An environment that keeps what it was asked for."""

    def __init__(self, said):
        super().__init__(said)
        self.names = set()

    def get(self, name, default=None):
        self.names.add(name)
        return super().get(name, default)

    def __getitem__(self, name):
        self.names.add(name)
        return super().__getitem__(name)


def _line_of(floor, lines):
    (found,) = [place for place, line in enumerate(lines) if line.startswith(f"  {floor} ")]
    return found


def _settings(world, folder):
    said = {
        "EMULATOR": world.url,
        "DATABASE": f"sqlite:///{folder}/vault.db",
        "KEYS": f"local:{folder}/vault.key",
        "GITHUB_CLIENT_ID": "Iv1.emulator",
        "GITHUB_CLIENT_SECRET": "emulator-secret",
    }
    named = {f"CONNECTOR_VAULT_{name}": value for name, value in said.items()}
    return os.environ | named | {"PYTHONUNBUFFERED": "1"}


def _run(*arguments, cwd=None, **environ):
    said = [sys.executable, *map(str, arguments)]
    done = subprocess.run(
        said, capture_output=True, check=False, cwd=cwd, env=os.environ | environ, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@lru_cache
def _options(command):
    text = _run("-m", "connector_vault", *command.split(), "--help", COLUMNS="200")
    return set(re.findall(r"(--[a-z][a-z-]*)", text.rpartition("Example:")[0]))


def _commands(page):
    return [block or inline for block, inline in _COMMAND.findall(_text(page))]


@lru_cache
def _text(path):
    return path.read_text(encoding="utf-8")


def _place(page, path):
    found = (page.parent / path).resolve() if path else page
    if found.is_relative_to(ROOT / "connectors"):
        # Where only the wheel is installed, they lie in it.
        return files("connector_vault.connectors") / found.relative_to(ROOT / "connectors")
    return found


def _anchors(page):
    heads = re.findall(r"^#+ (.+)$", _text(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head).strip().lower().replace(" ", "-") for head in heads}

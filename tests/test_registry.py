"""Connectors: ours by their folder, others' by their entry point, and none before it is named."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from connector_vault import Gateway, emulator, registry
from connector_vault.connector import Connector, reads, writes
from connector_vault.errors import BadArguments, Misconfigured
from tests.deeds import ADA, ROOT

METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
PLAIN = """
from connector_vault.connector import Connector
connector = Connector(name="{name}", title="Plain", api="https://api.{name}.example")
"""
BROKEN = {
    "raises": "raise RuntimeError('hush-hush')",
    "imports nothing": "import a_module_that_is_not_there",
    "is no Python": "def def",
    "has no connector": "",
    "has another": PLAIN.format(name="another"),
    "has something else": "connector = 'broken'",
}
USE = """
import asyncio, json, sys
from connector_vault import Gateway, Owner, Secret, Vault, emulator, registry

ADA = Owner(tenant="acme", user="ada")

async def main(database, keys):
    assert "acme" in registry.names()
    assert "acme_connector" not in sys.modules
    async with emulator.running("acme") as world:
        async with Vault.open(database, keys=keys, emulator=world.url) as vault:
            await vault.add("acme", ADA, secret=Secret("token-of-ada"))
            gateway = Gateway(vault)
            names = [offer.name for offer in await gateway.tools(ADA)]
            result = await gateway.call(ADA, "acme.echo", {"text": "hello"})
            print(json.dumps([names, result.value]))

asyncio.run(main(*sys.argv[1:]))
"""
LOAD = "from connector_vault import registry; registry.load({!r})"


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put a module and its entry point where Python finds them, for the time of one test."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(name, text, *, package=None):
        module = package or f"{name}_by_somebody"
        (tmp_path / f"{module}.py").write_text(text)
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(METADATA.format(name=module))
        (info / "entry_points.txt").write_text(f"[{registry.GROUP}]\n{name} = {module}:connector\n")

    return install


def run(code, *arguments, path):
    """Run code in a process of its own that finds packages there."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    places = (str(path), os.environ.get("PYTHONPATH", ""))
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places))}
    return subprocess.run(
        command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False
    )


def test_ours_are_found():
    assert "github" in registry.names()
    assert registry.names() == tuple(sorted(set(registry.names())))


def test_ours_are_loaded_by_name():
    github = registry.load("github")

    assert isinstance(github, Connector)
    assert github is registry.load("github")


@pytest.mark.parametrize(
    "name", ["", "nowhere", "Github", "../github", "github.tools", "os", "git hub", "x" * 999]
)
def test_what_is_no_name_is_no_connector(name):
    with pytest.raises(BadArguments, match="github"):
        registry.load(name)


def test_listing_names_runs_nobodys_code(install):
    install("loud", "raise RuntimeError")

    assert "loud" in registry.names()


def test_loading_one_runs_no_others_code(install):
    install("loud", "raise RuntimeError")

    assert registry.load("github").name == "github"


def test_anothers_is_found_by_its_entry_point(install):
    install("plain", PLAIN.format(name="plain"))

    assert registry.load("plain").api == "https://api.plain.example"


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_connector_that_is_none_is_told(install, text):
    install("broken", text, package=f"broken_{abs(hash(text))}")

    with pytest.raises(Misconfigured, match="broken"):
        registry.load("broken")


def test_a_connector_that_fails_is_not_quoted(install):
    install("broken", BROKEN["raises"], package="broken_quoted")

    with pytest.raises(Misconfigured) as caught:
        registry.load("broken")

    assert "hush-hush" not in str(caught.value)


def test_two_of_one_name_are_none(install):
    install("twin", PLAIN.format(name="twin"), package="first_twin")
    install("twin", PLAIN.format(name="twin"), package="second_twin")

    with pytest.raises(Misconfigured, match=r"first_twin.*second_twin"):
        registry.load("twin")


def test_ours_wins_over_anothers(install):
    install("github", "raise RuntimeError")

    assert registry.load("github").api == "https://api.github.com"


def test_a_part_is_found():
    assert registry.part("github", "emulator").emulate
    assert registry.part("github", "nothing_of_the_kind") is None


def test_a_part_of_a_connector_in_one_file_is_none(install):
    install("plain", PLAIN.format(name="plain"), package="plain_for_parts")

    assert registry.part("plain", "emulator") is None


async def test_the_emulator_plays_those_it_can(install):
    install("plain", PLAIN.format(name="plain"), package="plain_for_playing")

    async with emulator.running() as world:
        assert await world.log() == ()


async def test_the_emulator_plays_on_beside_a_broken_one(install):
    install("broken", "raise RuntimeError", package="broken_for_playing")

    async with emulator.running() as world:
        assert await world.log() == ()


async def test_a_broken_connector_hides_no_others_tools(install, vault, connect, raw):
    """It worked when it was connected, and was updated since."""
    broken, kept = await connect(vault), await connect(vault, login="hubot")
    install("broken", "raise RuntimeError", package="broken_for_tools")
    raw("update connection set provider = 'broken' where id = ?", broken.id)

    offers = await Gateway(vault).tools(ADA)

    assert {offer.connections for offer in offers} == {(kept,)}


def test_anothers_connector_works_as_ours_do(installed, place):
    done = run(USE, place.database, place.keys, path=installed)

    assert done.returncode == 0, done.stderr
    names, said = json.loads(done.stdout)
    assert "acme.echo" in names
    assert (said["path"], said["query"], said["said"]) == (
        "/v1/echo",
        {"text": "hello"},
        "Bearer [token]",
    )


def test_anothers_connector_is_gone_with_its_package(tmp_path):
    done = run(LOAD.format("acme"), path=tmp_path)

    assert "BadArguments" in done.stderr


async def sound(api):
    """Do nothing."""


FAULTY = {
    "is there twice": [reads(sound), writes(sound)],
    "is not named as package.module:function": [reads("package.module.function")],
    "is not an async function": [reads(dict)],
    "names a request that is not written as": [reads(sound, requests=["/notes"])],
    "names a request": [reads(sound, requests="GET /notes")],
}


@pytest.mark.parametrize("fault", FAULTY)
def test_a_tool_that_could_never_work_is_refused_at_once(fault, monkeypatch):
    wrong = Connector(name="wrong", title="Wrong", api="https://x.example", tools=FAULTY[fault])
    monkeypatch.setattr(registry, "place", lambda _: registry.Place("wrong", "connector"))
    monkeypatch.setattr(registry, "_import", lambda _: SimpleNamespace(connector=wrong))

    with pytest.raises(Misconfigured, match=fault):
        registry.load("wrong")

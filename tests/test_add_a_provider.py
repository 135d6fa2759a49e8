"""Adding a provider takes one folder and one test file: done here as the guide says, in a copy."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import connector_vault
from tests.deeds import ROOT

EXAMPLES = ROOT / "docs" / "examples"
RULES = ("test_architecture.py", "test_pins.py", "test_registry.py", "test_signature.py")
UNWANTED = shutil.ignore_patterns("__pycache__", ".*")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy as it lies once installed, and the tests beside it."""
    home, package = tmp_path_factory.mktemp("checkout"), Path(connector_vault.__file__).parent
    shutil.copytree(package, home / "connector_vault", ignore=UNWANTED)
    if (ROOT / "connectors").exists():
        for folder in ("connectors", "mcp_servers"):
            shutil.copytree(ROOT / folder, home / "connector_vault" / folder, ignore=UNWANTED)
    shutil.copytree(ROOT / "tests", home / "tests", ignore=UNWANTED)
    for name in ("pyproject.toml", "constraints.txt", "README.md"):
        shutil.copy(ROOT / name, home)
    return home


@pytest.fixture(scope="module")
def added(checkout):
    """The same with the folder and the test of the guide."""
    folder = checkout / "connector_vault" / "connectors" / "jotter"
    shutil.copytree(EXAMPLES / "provider" / "jotter", folder, ignore=UNWANTED)
    for name in ("tools.py", "emulator.py"):
        shutil.copy(EXAMPLES / "thirdparty" / "jotter_connector" / name, folder)
    shutil.copy(EXAMPLES / "thirdparty" / "test_jotter.py", checkout / "tests" / "connectors")
    return checkout


def run(home, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=home, env=environment, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    return done.stdout


def test_the_folder_is_found_and_can_be_played(added):
    found = json.loads(run(added, "-m", "connector_vault", "providers", "--json"))["providers"]
    (jotter,) = [one for one in found if one["name"] == "jotter"]

    assert (jotter["emulator"], jotter["error"]) == (True, None)
    assert {one["name"]: one["effect"] for one in jotter["tools"]} == {
        "list_notes": "reads",
        "add_note": "writes",
    }


@pytest.mark.timeout(120)
def test_its_test_passes_and_so_do_the_rules_for_all(added):
    rules = [f"tests/{one}" for one in RULES]
    words = run(
        added, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/connectors/test_jotter.py",
        *rules, "-k", "jotter or connector or pins or requests",
    )  # fmt: skip

    assert " passed" in words
    assert "failed" not in words


def test_a_folder_that_breaks_a_rule_is_found_out(added):
    """Else the test above would hold whatever the rules do."""
    file = added / "connector_vault" / "connectors" / "jotter" / "tools.py"
    text = file.read_text(encoding="utf-8")
    file.write_text(f"import connector_vault.vault\n{text}", encoding="utf-8")
    try:
        with pytest.raises(AssertionError, match="test_a_connector_knows"):
            run(added, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/{RULES[0]}")
    finally:
        file.write_text(text, encoding="utf-8")

"""What every test of the sandbox is given. Loaded as a plugin: the summary is its own."""

import os
import platform
import shutil
import sys

import pytest

from connector_vault.sandbox.inside import landlock
from connector_vault.sandbox.inside.calls import ALLOWED
from tests.deeds import ROOT

SOURCE = ROOT / "tests" / "hostile" / "hostile_connector"
POINTS = {
    "hostile": "hostile_connector.functions:connector",
    "hostile_named": "hostile_connector.named:connector",
    "hostile_stalled": "hostile_connector.stalled:connector",
}

_FIGURES: list[str] = []


def pytest_terminal_summary(terminalreporter):
    if _FIGURES:
        terminalreporter.section("sandbox: measured")
        for line in _FIGURES:
            terminalreporter.write_line(f"sandbox: {line}")


def is_possible():
    """Whether third parties' tools run here at all."""
    return sys.platform == "linux" and platform.machine() in ALLOWED and landlock.abi() > 0


def absent(what):
    """Leave a test out for what is not here; where everything is required, fail it."""
    (pytest.fail if os.environ.get("CONNECTOR_VAULT_REQUIRE_ALL") == "1" else pytest.skip)(
        f"this needs {what}"
    )


@pytest.fixture(scope="session")
def absence():
    return absent


@pytest.fixture(scope="session")
def figures():
    """What was measured is shown at the end, whether or not output is captured."""
    return _FIGURES.append


@pytest.fixture(scope="session")
def hostile_site(tmp_path_factory):
    """A folder with the hostile connector, as pip would have left it."""
    if not is_possible():
        absent("a kernel with Landlock and seccomp")
    folder = tmp_path_factory.mktemp("hostile")
    shutil.copytree(SOURCE, folder / SOURCE.name)
    told = folder / "hostile_connector-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: hostile-connector\nVersion: 1.0\n")
    points = "".join(f"{name} = {place}\n" for name, place in POINTS.items())
    (told / "entry_points.txt").write_text(f"[connector_vault.connectors]\n{points}")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield folder

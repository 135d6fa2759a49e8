"""The same again as a user without privileges: a sandbox must not need root, nor trust in it."""

import os
import shutil
import subprocess
import sys
import tempfile

import pytest

from tests.deeds import ROOT

pytest_plugins = ("tests.hostile.fixtures",)

USER = 1500
CLOSED = 77
AS_USER = ROOT / "tests" / "hostile" / "as_user.py"
FILES = ("hostile", "memory", "neighbours", "probes")
REACHED = (ROOT, sys.prefix, sys.base_prefix)
"""The folders without which Python or these tests cannot start."""

pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(os.getuid() != 0, reason="the tests themselves ran without root"),
]


@pytest.fixture
def home():
    """A folder of that user's, where anybody may pass."""
    folder = tempfile.mkdtemp(prefix="connector-vault-")
    os.chown(folder, USER, USER)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("room", FILES)
def test_it_holds_without_root(home, figures, absence, room):
    program = [sys.executable, AS_USER, str(USER), *REACHED, "--", "-B", "-m", "pytest", "-q"]
    environment = {**os.environ, "HOME": home, "TMPDIR": home}

    done = subprocess.run(
        [*program, f"tests/test_sandbox_{room}.py"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip

    if done.returncode == CLOSED:
        absence("a Python and a checkout that another user can reach")
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    for line in done.stdout.splitlines():
        if line.startswith("sandbox: "):
            figures(f"without root, {line.removeprefix('sandbox: ')}")

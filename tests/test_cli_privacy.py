"""A process that stays keeps its memory to itself."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli import FIXTURES
from tests.test_cli_serve import made, serving

portal, played, shell, lonely, connected = FIXTURES
_ = made

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")

PROGRAM = """
import resource
from connector_vault.cli.privacy import keep_memory_private
from connector_vault.sandbox.inside.kernel import prctl
GET_DUMPABLE = 3
before = prctl(GET_DUMPABLE)
keep_memory_private()
print(before, prctl(GET_DUMPABLE), resource.getrlimit(resource.RLIMIT_CORE))
"""


def test_nobody_may_look_into_it_and_it_leaves_no_core():
    run = [sys.executable, "-c", PROGRAM]

    done = subprocess.run(run, capture_output=True, text=True, check=True)

    assert done.stdout == "1 0 (0, 0)\n"


def test_serve_does_so(made):
    with serving(made[0]) as (_, process):
        limits = Path(f"/proc/{process.pid}/limits").read_text(encoding="ascii")

    (core,) = (line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"]

"""The real code in every order that chance can think of: no connection may be lost.

`python -m tests.torture --seed N` prints what happens in one of these.
"""

import json
import os
import subprocess
import sys

import pytest

from tests.torture.campaign import search, share
from tests.torture.ground import ground
from tests.torture.rules import RULES
from tests.torture.simulate import simulate

SCHEDULES = 1_000
BUDGET = 4_000
"""Schedules within which the lack of a rule has to be noticed."""

SEEDS = (3, 41, 260)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("part", range(2))
def test_no_schedule_has_a_bad_end(part):
    half = SCHEDULES // 2
    reached, bad = share(range(part * half, (part + 1) * half))

    assert bad == []
    assert min(reached[what] for what in ("kill", "pause", "reply lost")) > 0


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", sorted(RULES))
def test_without_a_rule_a_bad_end_is_found(name, record_property):
    found = search(RULES[name], BUDGET)

    assert found is not None, RULES[name].says
    seed, (kind, _) = found
    record_property("measured", f"without {name!r}: {kind} after {seed + 1} schedules")


def test_a_seed_is_one_schedule():
    with ground() as here:
        first, again = ([*simulate(here, seed, trace=True).trace] for seed in (3, 3))

    assert first == again


def test_a_seed_is_the_same_schedule_in_another_process():
    code = (
        "import json; from tests.torture.test_simulation import traces; print(json.dumps(traces()))"
    )
    env = {**os.environ, "PYTHONHASHSEED": "7"}
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env=env)

    assert json.loads(done.stdout) == traces()


def traces():
    with ground() as here:
        return [list(map(str, simulate(here, seed, trace=True).trace)) for seed in SEEDS]

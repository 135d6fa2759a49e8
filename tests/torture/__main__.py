"""Run schedules: `python -m tests.torture --schedules N --jobs N`, or replay one: `--seed N`."""

import argparse
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from multiprocessing import get_context
from time import perf_counter

from tests.torture.campaign import search, share
from tests.torture.fate import POLICIES
from tests.torture.ground import ground
from tests.torture.rules import RULES
from tests.torture.simulate import simulate

SHARE = 500
"""Schedules a process runs at a time."""


def main():
    """Do what the arguments say. Ends with 1 if a schedule has a bad end."""
    said = _arguments()
    if said.rules:
        return _rules(said)
    return _one(said) if said.seed is not None else _many(said)


def _arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.torture")
    parser.add_argument("--schedules", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seed", type=int, help="replay this one, and print its steps")
    parser.add_argument("--policy", choices=POLICIES)
    parser.add_argument("--without", choices=sorted(RULES), help="replay without this rule")
    parser.add_argument("--rules", action="store_true", help="look for what each rule prevents")
    return parser.parse_args()


def _one(said):
    rule = RULES[said.without] if said.without else None
    wanted = dict(rule.where) if rule else {}
    if said.policy:
        wanted["policy"] = said.policy
    with ground() as here, rule.off() if rule else nullcontext():
        found = simulate(here, said.seed, trace=True, **wanted)
    print(found.setting, *found.trace, *found.failures, sep="\n")
    return int(bool(found.failures))


def _rules(said):
    blind = 0
    for name, rule in RULES.items():
        begun = perf_counter()
        found = search(rule, said.schedules)
        blind += found is None
        seed, (kind, _) = found or (said.schedules, ("nothing", ""))
        took = f"{perf_counter() - begun:.1f} s"
        print(f"{seed + 1:7} schedules  {kind:9} {name:12} {rule.says}  {took}")
    return int(blind > 0)


def _many(said):
    last = said.first + said.schedules
    shares = [range(at, min(at + SHARE, last)) for at in range(said.first, last, SHARE)]
    reached, bad, begun = Counter(), [], perf_counter()
    with ProcessPoolExecutor(said.jobs, mp_context=get_context("spawn")) as pool:
        for number, (more, worse) in enumerate(pool.map(share, shares), start=1):
            reached.update(more)
            bad += worse
            for seed, failure in worse:
                # At once: whoever stops this has them.
                print(f"\rpython -m tests.torture --seed {seed}  # {failure}", flush=True)
            speed = number * SHARE / (perf_counter() - begun)
            sys.stderr.write(
                f"\r{number * SHARE:,} schedules, {len(bad)} bad, {speed:.0f} a second "
            )
    print(f"\n{said.schedules:,} schedules from seed {said.first}, {len(bad)} with a bad end")
    for what, count in sorted(reached.items()):
        print(f"{count:10,}  {what}")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())

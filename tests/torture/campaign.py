"""Many schedules, and what came of them. Other processes import this by its name."""

from collections import Counter

from tests.torture.ground import ground
from tests.torture.simulate import simulate

__all__ = ["search", "share"]


def search(rule, budget):
    """Look for a bad end without a rule. Give the seed and what happened, or None."""
    with ground() as here, rule.off():
        for seed in range(budget):
            found = simulate(here, seed, **rule.where)
            if found.failures:
                return seed, found.failures[0]
    return None


def share(seeds):
    """Run some schedules. Give what was reached, and the bad ends."""
    reached, bad = Counter(), []
    with ground() as here:
        for seed in seeds:
            found = simulate(here, seed)
            reached.update(found.reached)
            if found.failures:
                bad.append((seed, found.failures[0]))
    return reached, bad

"""What a worker does to itself before it runs a tool, in this order and for good."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from connector_vault.sandbox.inside import kernel, landlock, seccomp
from connector_vault.sandbox.inside.limits import limit

__all__ = ["Attained", "Hardening"]


class Attained(NamedTuple):
    """How far a worker got."""

    landlock: int
    """The ABI in force; 0 is none."""
    seccomp: bool


@dataclass(slots=True)
class Hardening:
    """The means, prepared once by the zygote: a fork then has less to do."""

    version: int
    """Of Landlock."""
    rules: int | None
    """A ruleset that allows nothing, as a descriptor."""
    filter: seccomp.Filter | None

    @classmethod
    def prepare(cls, newest: int) -> "Hardening":
        """Look what this kernel has. `newest`: take no later Landlock ABI."""
        version = min(landlock.abi(), newest)
        rules = landlock.ruleset(version) if version else None
        return cls(version, rules, seccomp.prepare())

    def apply(self, readable: Sequence[str] = ()) -> Attained:
        """Harden this process. `readable`: what it may read, and import, afterwards."""
        limit()
        kernel.undumpable()
        kernel.drop_capabilities()
        return Attained(self._landlock(readable), self._seccomp())

    def _landlock(self, readable: Sequence[str]) -> int:
        if self.rules is None:
            return 0
        rules = self.rules
        if readable:
            rules = landlock.ruleset(self.version, readable)
            # All workers share it: who has it could allow something to those that come.
            os.close(self.rules)
        try:
            landlock.restrict(rules)
        except OSError:
            return 0
        return self.version

    def _seccomp(self) -> bool:
        if self.filter is None:
            return False
        try:
            self.filter.put_on()
        except OSError:
            return False
        return True

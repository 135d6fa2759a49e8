"""How far tools are kept from everything else here, and what each missing part costs."""

import asyncio
import sys
from collections.abc import Iterator

from connector_vault.cli.checks.verdicts import Check, ok, warn
from connector_vault.sandbox.box import Sandbox, is_possible
from connector_vault.sandbox.level import Isolation

__all__ = ["check_isolation", "judge"]

_NEVER = "third parties' tools are refused, and ours cannot be ended: run this on Linux"
_REFUSED = "third parties' tools are refused here"


def check_isolation() -> Iterator[Check]:
    """Start a worker, and hear what it attained."""
    if not is_possible():
        yield warn("isolation", f"inline: {sys.platform} has no process we could end", _NEVER)
        return
    yield judge(asyncio.run(_attained()))


def judge(level: Isolation) -> Check:
    """Say what a level means."""
    if level.sandboxed:
        return ok("isolation", f"{level}: tools reach no file, no network and no other process")
    costs: list[str] = []
    if not level.landlock:
        costs.append(
            "without Landlock a tool can read what this user can (Linux 5.13, lsm=landlock)"
        )
    if not level.seccomp:
        costs.append("without seccomp it can open sockets and start processes (x86-64 or ARM64)")
    return warn("isolation", f"{level}: {'; '.join(costs)}", _REFUSED)


async def _attained() -> Isolation:
    sandbox = Sandbox()
    try:
        return await sandbox.level()
    finally:
        await sandbox.close()

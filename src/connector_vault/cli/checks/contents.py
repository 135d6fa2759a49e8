"""What is to be said about a database's contents, wherever they lie. Pure."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from connector_vault.cli.checks.verdicts import Check, ok, problem, warn

if TYPE_CHECKING:
    from connector_vault.settings import Settings

__all__ = [
    "BACKUP",
    "MOST_NAMED",
    "judge_audit",
    "judge_connections",
    "judge_waiting",
    "judge_world",
]

BACKUP = "restore the database from a backup"

MOST_NAMED = 8
"""Connections a finding lists."""

_TO_DO = {
    "reconnect": ("connections to mend", "run: connector-vault connect PROVIDER --reconnect ID"),
    "revoking": ("connections to end", "run: connector-vault disconnect ID"),
}
"""States that wait for somebody."""


def judge_world(found: bytes, settings: "Settings") -> Check:
    """Say whether a vault is for these providers."""
    world = found.decode(errors="replace")
    wanted = "emulated" if settings.emulator else "real"
    if world != wanted:
        words = f"the vault was made for {world} providers, and the settings are for {wanted} ones"
        return problem("world", words, "mend CONNECTOR_VAULT_EMULATOR, or name another database")
    return ok("world", f"{world} providers")


def judge_audit(size: str, *, whole: bool) -> Check:
    """Say whether what keeps the audit from being edited is there."""
    if not whole:
        words = "it is no longer append-only: somebody changed the database"
        return problem("audit", words, f"find out who; {BACKUP}")
    return ok("audit", f"append-only, {size}")


def judge_connections(counts: Mapping[str, int]) -> Check:
    """Say how many there are."""
    told = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    return ok("connections", told or "none yet")


def judge_waiting(state: str, found: Mapping[str, str]) -> Check:
    """Name the connections that wait for somebody, each with its provider."""
    name, remedy = _TO_DO[state]
    if not found:
        return ok(name, "none")
    return warn(name, ", ".join(f"{id_} ({provider})" for id_, provider in found.items()), remedy)

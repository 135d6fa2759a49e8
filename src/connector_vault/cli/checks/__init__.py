"""What `doctor` looks at. No check makes or changes anything, and none stops the others."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from connector_vault.cli.checks.database import check_database
from connector_vault.cli.checks.holders import check_keys, close
from connector_vault.cli.checks.isolation import check_isolation
from connector_vault.cli.checks.journal import check_journal
from connector_vault.cli.checks.machine import check_machine
from connector_vault.cli.checks.places import check_files, check_settings
from connector_vault.cli.checks.providers import check_emulator, check_providers
from connector_vault.cli.checks.verdicts import Check, problem
from connector_vault.cli.place import Place
from connector_vault.errors import ConnectorVaultError

if TYPE_CHECKING:
    from connector_vault.keys import KeyHolder
    from connector_vault.settings import Settings

__all__ = ["Check", "examine"]


def examine(place: Place) -> list[Check]:
    """Look at everything."""
    found = [*_bounded("machine", check_machine), *_bounded("isolation", check_isolation)]
    settings: Settings | None = None
    try:
        settings = place.settings()
    except ConnectorVaultError as error:
        found.append(problem("settings", str(error), "mend that setting"))
    if settings is not None:
        found += _vault(place, settings)
    return found + _bounded("connectors", lambda: check_providers(settings))


def _vault(place: Place, settings: "Settings") -> list[Check]:
    holders: list[KeyHolder] = []
    try:
        return [
            *_bounded("settings", lambda: check_settings(place, settings)),
            *_bounded("files", lambda: check_files(settings)),
            *_bounded("keys", lambda: check_keys(settings, holders)),
            *_bounded("database", lambda: check_database(settings, holders)),
            *_bounded("journal", lambda: check_journal(settings)),
            *_bounded("emulator", lambda: check_emulator(settings)),
        ]
    finally:
        close(holders)


def _bounded(name: str, check: Callable[[], Iterable[Check]]) -> list[Check]:
    """Take what a check finds, and if it fails, take that for its finding."""
    return list(_guarded(name, check))


def _guarded(name: str, check: Callable[[], Iterable[Check]]) -> Iterator[Check]:
    try:
        yield from check()
    except ConnectorVaultError as error:
        yield problem(name, str(error), "mend that, and run doctor again")
    except Exception as error:  # noqa: BLE001  # a broken vault must not break the doctor
        words = f"this check failed with {type(error).__name__}"
        yield problem(name, words, "run doctor with --debug, and report it")

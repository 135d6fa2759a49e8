"""The database, looked at without touching it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from connector_vault.cli.checks.verdicts import Check

if TYPE_CHECKING:
    from connector_vault.keys import KeyHolder
    from connector_vault.settings import Settings

__all__ = ["check_database"]


def check_database(settings: "Settings", holders: "Sequence[KeyHolder]") -> Iterator[Check]:
    """Look at the database, whatever state it is in."""
    if settings.database.startswith(("postgresql:", "postgres:")):
        from connector_vault.cli.checks.postgres import check_server

        yield from check_server(settings, holders)
    else:
        from connector_vault.cli.checks.sqlite import check_file

        yield from check_file(settings, holders)

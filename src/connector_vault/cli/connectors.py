"""The connectors that are installed, the broken ones among them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector_vault.connector import Connector

__all__ = ["Installed", "installed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A connector by its name, and what it holds or why it cannot be imported."""

    name: str
    connector: "Connector | None" = None
    emulated: bool = False
    error: str = ""


def installed() -> Iterator[Installed]:
    """Import every connector, one after another."""
    from connector_vault import registry

    return (_look(name) for name in registry.names())


def _look(name: str) -> Installed:
    from connector_vault import registry
    from connector_vault.errors import ConnectorVaultError

    try:
        connector = registry.load(name)
        emulated = registry.part(name, "emulator") is not None
    except ConnectorVaultError as error:
        return Installed(name=name, error=str(error))
    return Installed(name=name, connector=connector, emulated=emulated)

"""The connectors that are installed, the broken ones among them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector_vault.catalog import Catalog
    from connector_vault.connector import Connector

__all__ = ["Installed", "installed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A connector by its name, and what it holds or why it cannot be imported."""

    name: str
    service: bool = False
    """Whether it is a service by configuration, and no code."""
    connector: "Connector | None" = None
    emulated: bool = False
    error: str = ""

    @property
    def family(self) -> str:
        """Give the name its OAuth clients are registered under."""
        oauth = self.connector.oauth if self.connector else None
        return (oauth and oauth.family) or self.name


def installed(catalog: "Catalog") -> Iterator[Installed]:
    """Import every connector, and read every service, one after another."""
    return (_look(catalog, name) for name in catalog.names())


def _look(catalog: "Catalog", name: str) -> Installed:
    from connector_vault import registry
    from connector_vault.errors import ConnectorVaultError

    service = catalog.is_service(name)
    try:
        connector = catalog.load(name)
        emulated = not service and registry.played_by(name) is not None
    except ConnectorVaultError as error:
        return Installed(name=name, service=service, error=str(error))
    return Installed(name=name, service=service, connector=connector, emulated=emulated)

"""What one vault can connect: the connectors that are installed, and configured services."""

from collections.abc import Iterable
from pathlib import Path

from connector_vault import registry
from connector_vault.connector import Connector
from connector_vault.errors import BadArguments, Misconfigured
from connector_vault.registry import NAME, Place
from connector_vault.services import Service, Shelf
from connector_vault.services.tool import STAND_IN

__all__ = ["Catalog", "open_catalog"]


class Catalog:
    """Finds connectors by their names.

    A service never stands in for a connector of ours, and comes before somebody else's: to install
    a package must not have the keys of a service sent elsewhere.
    """

    def __init__(self, shelf: Shelf | None = None) -> None:
        self._shelf = shelf or Shelf()

    def names(self) -> tuple[str, ...]:
        """Give the name of everything that can be connected, without importing or reading it."""
        return tuple(sorted({*registry.names(), *self._shelf.names()}))

    def load(self, name: str) -> Connector:
        """Give a connector, or what stands for a service.

        Raises:
            BadArguments: there is none of this name; the message lists those that exist.
            Misconfigured: it cannot be imported, or what is said of it is wrong.
        """
        if self.is_service(name):
            return self._shelf.load(name)
        if name in registry.names():
            return registry.load(name)
        # Not repeated if it could not be a name: somebody may have passed a token by mistake.
        named = f"is named {name!r}" if NAME.fullmatch(name) else "has this name"
        known = ", ".join(self.names())
        raise BadArguments(f"no connector or service {named}: there are {known}")

    @property
    def shelf(self) -> Shelf:
        """Give where the services are."""
        return self._shelf

    def is_service(self, name: str) -> bool:
        """Tell whether a name is that of a service, and not of a connector's code."""
        return not registry.is_ours(name) and self._shelf.has(name)

    def place(self, name: str) -> Place:
        """Say where a worker imports a connector from."""
        return Place(*STAND_IN) if self.is_service(name) else registry.place(name)

    def is_ours(self, name: str) -> bool:
        """Tell whether a connector's code came with this package."""
        return self.is_service(name) or registry.is_ours(name)

    def family(self, name: str) -> str:
        """Give the name under which a connector's OAuth clients and grants are kept."""
        try:
            oauth = self.load(name).oauth
        except (BadArguments, Misconfigured):
            return name
        return (oauth and oauth.family) or name

    def endpoint(self, name: str) -> bytes:
        """Give the digest of a configured service's addresses. Empty: they are code."""
        # Asked for with each credential that is opened.
        if registry.is_ours(name) or not self._shelf.has(name):
            return b""
        return self._shelf.load(name).endpoint


def open_catalog(folder: str, services: Iterable[Service] = ()) -> Catalog:
    """Give the catalog with the services of a folder, which may not be there, and these."""
    return Catalog(Shelf(Path(folder).expanduser().absolute() if folder else None, services))

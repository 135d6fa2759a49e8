"""A service that somebody describes in options, or in a file."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from connector_vault.errors import BadArguments, Misconfigured

if TYPE_CHECKING:
    from connector_vault.catalog import Catalog
    from connector_vault.services import Service

__all__ = ["Described", "settle"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What the options say of a service."""

    name: str
    file: Path | None = None
    auth: str | None = None
    host: str | None = None
    allow: tuple[str, ...] = ()
    header: str | None = None
    scheme: str | None = None
    authorize_url: str | None = None
    token_url: str | None = None
    revoke_url: str | None = None
    scopes: tuple[str, ...] = ()

    def service(self) -> "Service | None":
        """Read it. None: nothing is said.

        Raises:
            BadArguments: the options do not say enough, or what cannot be.
            Misconfigured: the file is wrong.
        """
        from connector_vault.services import read_service, service_of

        said = self._said()
        if self.file is not None:
            if said:
                raise BadArguments("--from says all there is to say: leave the other options out")
            return read_service(self.file, self.name)
        if not said:
            return None
        if self.auth is None or self.host is None or not self.allow:
            raise BadArguments("a service needs --auth, --host and at least one --allow 'GET /…'")
        try:
            return service_of(said, self.name, self.name)
        except Misconfigured as error:
            raise BadArguments(str(error)) from None

    def _said(self) -> dict[str, object]:
        told = {
            "authorize": self.authorize_url,
            "token": self.token_url,
            "revoke": self.revoke_url,
            "scopes": self.scopes or None,
        }
        oauth2 = {name: one for name, one in told.items() if one is not None}
        said = {
            "auth": self.auth,
            "host": self.host,
            "allow": self.allow or None,
            "header": self.header,
            "scheme": self.scheme,
            "oauth2": oauth2 or None,
        }
        return {name: one for name, one in said.items() if one is not None}


def settle(catalog: "Catalog", service: "Service") -> Path:
    """Keep what is said of a service, for every process. The same once more changes nothing.

    Raises:
        BadArguments: a connector has this name.
        Misconfigured: something else is said of it already, or the file cannot be written.
    """
    from connector_vault import registry
    from connector_vault.services import read_service, write_service

    if service.name in registry.names():
        raise BadArguments(f"{service.name} is a connector's name: give the service another")
    path = catalog.shelf.path(service.name)
    if not write_service(service, path) and read_service(path) != service:
        words = f"{service.name} is configured otherwise in {path}: edit that file, or take another"
        raise Misconfigured(f"{words} name; a change of address leaves its credentials unreadable")
    return path

"""Services that have no connector, only a configuration: a TOML file says all there is to say.

said   what such a file may say, and the connector that is made of it
tool   the one tool they have, `request`
paper  writing such a file
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from connector_vault.connector import Connector
from connector_vault.errors import BadArguments, Misconfigured
from connector_vault.services.paper import write_service
from connector_vault.services.said import NAME, Service, connector_of, read_service, service_of

__all__ = ["Service", "Shelf", "connector_of", "read_service", "service_of", "write_service"]

_SHIPPED = "connector_vault.connectors"
_NAME = re.compile(NAME)
_Mark = tuple[int, int, int, int]
"""What tells a file from the one it was: inode, times, size."""


class Shelf:
    """Services by their names: those that were handed over, in a folder, or come with us.

    A file is read again when it has changed: what another process adds is there at once. Addresses
    that a process has used stay the same for as long as it lives, or a credential that was opened
    for some could be sent to others.
    """

    def __init__(self, folder: Path | None = None, services: Iterable[Service] = ()) -> None:
        self._folder = folder
        self._given = {one.name: connector_of(one) for one in services}
        self._read: dict[str, tuple[_Mark, Connector]] = {}
        self._pinned: dict[str, bytes] = {}
        """What stands for the addresses that were used, by name."""

    def names(self) -> frozenset[str]:
        """Give the names of all of them, without reading a file."""
        found = self._folder.glob("*.toml") if self._folder else ()
        stems = (path.stem for path in found)
        return frozenset({*self._given, *_shipped(), *filter(_NAME.fullmatch, stems)})

    def has(self, name: str) -> bool:
        """Tell whether there is one of this name."""
        return name in self._given or self._mark(name) is not None or name in _shipped()

    def load(self, name: str) -> Connector:
        """Give what stands for a service. One in the folder comes before one that we ship.

        Raises:
            BadArguments: there is none of this name.
            Misconfigured: its file cannot be read, or says what is wrong, or other addresses than
                when this process began to use it.
        """
        if name in self._given:
            return self._given[name]
        connector = self._found(name)
        if self._pinned.setdefault(name, connector.endpoint) != connector.endpoint:
            words = f"{name} has other addresses than when this process began to use it"
            raise Misconfigured(f"{words}: put them back, or restart it")
        return connector

    def _found(self, name: str) -> Connector:
        mark = self._mark(name)
        if mark is None:
            return self._ours(name)
        known, connector = self._read.get(name, (None, None))
        if connector is None or known != mark:
            connector = connector_of(read_service(self.path(name)))
            self._read[name] = mark, connector
        return connector

    def path(self, name: str) -> Path:
        """Give the file of a service in the folder, which may not be there yet.

        Raises:
            Misconfigured: there is no folder.
        """
        if self._folder is None:
            raise Misconfigured(
                "there is no folder for services: name one, see CONNECTOR_VAULT_SERVICES"
            )
        return self._folder / f"{name}.toml"

    def _mark(self, name: str) -> _Mark | None:
        if self._folder is None or not _NAME.fullmatch(name):
            return None
        try:
            found = (self._folder / f"{name}.toml").stat()
        except OSError:
            return None
        return found.st_ino, found.st_ctime_ns, found.st_mtime_ns, found.st_size

    def _ours(self, name: str) -> Connector:
        found = _shipped().get(name)
        if found is None:
            raise BadArguments(f"no service is named {name!r}")
        return found


@lru_cache(maxsize=1)
def _shipped() -> Mapping[str, Connector]:
    found = (one for one in files(_SHIPPED).iterdir() if one.name.endswith(".toml"))
    told = {one.name.removesuffix(".toml"): tomllib.loads(one.read_text("utf-8")) for one in found}
    return {
        name: connector_of(service_of(said, name, f"{name}.toml"), shipped=True)
        for name, said in told.items()
    }

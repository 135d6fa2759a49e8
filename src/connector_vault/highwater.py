"""What this process has seen of each connection: an older state does not pass for a newer one."""

from connector_vault.errors import RolledBack
from connector_vault.stores import Openable

__all__ = ["HighWater"]

_MAX = 50_000
"""Connections. The one that was read first is forgotten first."""


class HighWater:
    """The highest generation that was read of each connection.

    Whoever can write the database can put a whole row of yesterday into its place, and it opens: it
    is genuine. A process that has read a newer one notices.
    """

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def of(self, connection: str) -> int:
        """Give the highest generation that was read. Ask before a read, not after it.

        Others may read a newer one while the answer is on its way.
        """
        return self._seen.get(connection, 0)

    def rise(self, row: Openable, seen: int = 0) -> None:
        """Note a row that was read or stored. `seen`: what `of` gave before the read.

        Raises:
            RolledBack: it is older than that.
        """
        if row.generation < seen:
            words = "an older state of it is in the database than was read before"
            raise RolledBack(f"{row.id}: {words}: find out who restored what")
        known = self._seen.get(row.id, 0)
        if row.generation > known:
            if not known and len(self._seen) >= _MAX:
                del self._seen[next(iter(self._seen))]
            self._seen[row.id] = row.generation

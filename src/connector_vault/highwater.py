"""What was seen of each connection before: an older state does not pass for a newer one."""

from connector_vault.anchor import Anchor, Mark
from connector_vault.errors import RolledBack
from connector_vault.model import State
from connector_vault.stores import Openable

__all__ = ["HighWater"]

_MAX = 50_000
"""Connections. The one that was read first is forgotten first."""

_ENDED = 2**63
"""Higher than any generation: what was disconnected does not come back to life."""


class HighWater:
    """The highest generation that was read of each connection.

    Whoever can write the database can put a whole row of yesterday into its place, and it opens: it
    is genuine. A process that has read a newer one notices, and with an anchor every process.
    """

    def __init__(self, anchor: Anchor | None = None, epoch: int = 0) -> None:
        self.anchor = anchor
        self.epoch = epoch
        """How often a backup of the database was restored, as far as is known."""
        self._seen: dict[str, int] = {}

    def of(self, connection: str) -> int:
        """Give the highest generation that was read. Ask before a read, not after it.

        Others may read a newer one while the answer is on its way.
        """
        seen = self._seen.get(connection)
        return self._noted(connection) if seen is None else seen

    def rise(self, row: Openable, seen: int = 0) -> None:
        """Note a row that was read or stored. `seen`: what `of` gave before the read.

        Raises:
            RolledBack: it is older than that.
        """
        ending = row.state == State.REVOKING.value
        standing = _ENDED if row.state == State.REVOKED.value else row.generation
        # What is on its way to its end may come to it once more.
        if standing < seen and not (ending and seen == _ENDED):
            words = "an older state of it is in the database than was there before"
            raise RolledBack(f"{row.id}: {words}: find out who restored what")
        self._raise(row, standing)

    async def end(self, row: Openable) -> None:
        """Note that a connection was ended, and do not go on before the anchor has it."""
        self._raise(row, _ENDED)
        if self.anchor is not None:
            await self.anchor.flush()

    def check(self, row: Openable) -> None:
        """Look at the anchor once more, before something is done that cannot be done twice.

        Raises:
            RolledBack: another process has seen a newer state.
        """
        if self.anchor is not None:
            self.rise(row, self._noted(row.id))

    def begin(self, epoch: int) -> None:
        """Begin anew: a backup was restored, and what is older now is so on purpose."""
        self.epoch = epoch
        self._seen.clear()

    def _raise(self, row: Openable, standing: int) -> None:
        known = self._seen.get(row.id, 0)
        if standing <= known:
            return
        if not known and len(self._seen) >= _MAX:
            del self._seen[next(iter(self._seen))]
        self._seen[row.id] = standing
        if self.anchor is not None:
            self.anchor.note(row.id, Mark(row.generation, standing == _ENDED, self.epoch))

    def _noted(self, connection: str) -> int:
        mark = self.anchor.of(connection) if self.anchor else None
        if mark is None:
            return 0
        if mark.ended or mark.epoch > self.epoch:
            return _ENDED
        return mark.generation if mark.epoch == self.epoch else 0

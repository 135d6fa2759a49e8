"""Which connections are in use: those are refreshed before anybody has to wait for it."""

from connector_vault import schedule
from connector_vault.room import Room
from connector_vault.stores import Openable, Touch

__all__ = ["Uses"]

_APART = 3600 * 1000
"""Milliseconds between two notes about one connection: a read shall not cost a write."""

_MAX_KNOWN = 100_000
"""Connections remembered. Beyond it all are forgotten, and noted once more."""


class Uses:
    """Notes that a connection is used, at most once an hour."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._noted: dict[str, tuple[int, int]] = {}

    def note(self, row: Openable, now: int) -> None:
        """Note a use."""
        generation, at = self._noted.get(row.id, (0, 0))
        if generation == row.generation and abs(now - at) < _APART:
            return
        if len(self._noted) >= _MAX_KNOWN:
            self._noted.clear()
        self._noted[row.id] = (row.generation, now)
        self._room.audit.queue(
            Touch(
                id=row.id,
                generation=row.generation,
                used_at=now,
                proven_at=0,
                due_at=self._due(row, now),
            )
        )

    def _due(self, row: Openable, now: int) -> int:
        # What was idle has its next refresh planned for the sake of its refresh token alone.
        if not now < row.expires_at < row.due_at:
            return 0
        return schedule.soon(now, row.expires_at, self._room.chance())

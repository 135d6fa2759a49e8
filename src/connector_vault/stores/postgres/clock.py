"""The database's time, as seen from this host."""

from collections.abc import Callable

__all__ = ["NOW", "Clock"]

NOW = "floor(extract(epoch from clock_timestamp()) * 1000)::bigint"
"""Milliseconds since 1970 UTC, by the database."""


class Clock:
    """A clock of this host's, put right by what the database says.

    All who share a database agree on its time, whatever their own clocks show. Should the
    database's own clock jump, leases end early or late by as much, but never later than
    LEASE_LIFE.
    """

    def __init__(self, host: Callable[[], int]) -> None:
        self.host = host
        self.offset = 0
        """Milliseconds that the database is ahead of this host, as far as that is known."""

    def __call__(self) -> int:
        return self.host() + self.offset

    def learn(self, before: int, said: int, after: int) -> None:
        """Note what the database said between two moments of this host's clock."""
        # Only as far as it must: within the time that the answer took, nobody can tell.
        self.offset = min(max(self.offset, said - after), said - before)

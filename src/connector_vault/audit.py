"""Who did what to what, one line a deed, never a secret and never changed."""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import NamedTuple

from connector_vault.errors import StoreUnavailable
from connector_vault.model import Owner
from connector_vault.stores import Line, Openable, Store, Touch

__all__ = ["Audit", "Detail"]

_HOLD = 0.02
"""Seconds a queued line waits for others. It is committed within 50 ms."""

_RETRY = 1.0
"""Seconds until the next try when the database is away."""

_MAX_QUEUE = 100_000
"""Lines that wait for a database that is away. Beyond it the oldest are dropped."""

_TEXT = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
"""In ASCII, so that no text from outside is one that a database refuses."""

_log = logging.getLogger(__name__)

Detail = str | int | bool | None


class _Note(NamedTuple):
    """A line that is still to be written out."""

    at: int
    row: Openable
    deed: str
    outcome: str
    detail: dict[str, Detail]


class Audit:
    """Writes lines. What must be on the disk first goes into a commit; what may lag is queued."""

    def __init__(self, store: Store, clock: Callable[[], int]) -> None:
        self._store = store
        self._clock = clock
        self._queue: list[Line | Touch | _Note] = []
        self._flusher: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    def line(self, row: Openable, deed: str, outcome: str = "ok", **detail: Detail) -> Line:
        """Make a line about a connection."""
        return _line(_Note(self._clock(), row, deed, outcome, detail))

    def about(self, owner: Owner, deed: str, outcome: str, **detail: Detail) -> Line:
        """Make a line about an owner, where there is no connection yet."""
        text = _TEXT(detail)
        return Line(self._clock(), owner.tenant, owner.user or "", "", "", deed, outcome, text)

    def note(self, row: Openable, deed: str, outcome: str = "ok", **detail: Detail) -> None:
        """Queue a line that is written out later, for callers that count microseconds."""
        self.queue(_Note(self._clock(), row, deed, outcome, detail))

    def upkeep(self, deed: str, **detail: Detail) -> None:
        """Queue a line about the vault itself, which is nobody's connection."""
        self.queue(Line(self._clock(), "", "", "", "", deed, "ok", _TEXT(detail)))

    def queue(self, line: "Line | Touch | _Note") -> None:
        """Commit a line, or that a token was used, soon. A kill within 50 ms may lose it."""
        self._queue.append(line)
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush_soon())

    async def close(self) -> None:
        """Commit what is queued.

        Raises:
            StoreUnavailable: the database is away, and these lines are lost.
        """
        await self.flush()
        if self._flusher is not None:
            self._flusher.cancel()

    async def flush(self) -> None:
        """Commit what is queued now.

        Raises:
            StoreUnavailable: the database is away; the lines stay queued.
        """
        # Shielded: whoever is cancelled here would not know whether the lines were written.
        await asyncio.shield(asyncio.create_task(self._write()))

    async def _write(self) -> None:
        async with self._turn:
            lost = len(self._queue) - _MAX_QUEUE
            if lost > 0:
                _log.error("%d audit lines were dropped: the database was away for long", lost)
            batch, self._queue = self._queue[-_MAX_QUEUE:], []
            try:
                await self._store.commit(*map(_written, batch))
            except StoreUnavailable:
                self._queue = batch + self._queue
                raise

    async def _flush_soon(self) -> None:
        try:
            await asyncio.sleep(_HOLD)
            while self._queue:
                await self._flush_or_wait()
                # What is queued all the time would else be committed line by line.
                await asyncio.sleep(_HOLD)
        finally:
            self._flusher = None

    async def _flush_or_wait(self) -> None:
        try:
            await self.flush()
        except StoreUnavailable:
            kept = min(len(self._queue), _MAX_QUEUE)
            _log.warning("the database is away: %d audit lines wait for it", kept)
            await asyncio.sleep(_RETRY)


def _written(line: Line | Touch | _Note) -> Line | Touch:
    return _line(line) if isinstance(line, _Note) else line


def _line(note: _Note) -> Line:
    row, text = note.row, _TEXT(note.detail)
    return Line(note.at, row.tenant, row.user, row.id, row.provider, note.deed, note.outcome, text)

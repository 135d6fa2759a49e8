"""Wrapping data keys anew: under a new version of the holder's key, or under another holder.

Nothing that is sealed is opened for it, and no connection is held up. It may be stopped at any
moment, and goes on where it was: what is wrapped by whom stands beside each key.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    wait_random_exponential,
)

from connector_vault.envelope import wipe, wrap_context
from connector_vault.errors import (
    BadArguments,
    ConnectorVaultError,
    Corrupt,
    KeysUnavailable,
    NotAllowed,
    StoreUnavailable,
)
from connector_vault.keys import Raw, Wrapped
from connector_vault.reports import KeyStatus, KeyVersion
from connector_vault.room import Room
from connector_vault.stores import Rewrap, Swap, Tallies, Tally, WrappedKey
from connector_vault.stores.listing import Listing

__all__ = ["Progress", "Rotation"]

Progress = Callable[[int, int], None]
"""Called with how many data keys are done, and how many there were to do."""

_PAGE = 128
"""Data keys to one call. A holder has seconds for it, and a slow device milliseconds for each."""

_WIDTH = 4
"""Pages at once: while one is stored, the holder works on the next."""

_UNDER_WAY = 60.0
"""Seconds in which whatever had wrapped a key under an old version has stored it."""

_PATIENCE = 30.0
"""Seconds that a holder or a database may be away before a rotation gives up."""

_log = logging.getLogger(__name__)


class Rotation:
    """Rotates what wraps the data keys of one vault."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._holders = room.keyring.keys.holders
        self._patiently = AsyncRetrying(
            retry=retry_if_exception_type((KeysUnavailable, StoreUnavailable)),
            stop=self._has_waited,
            wait=wait_random_exponential(multiplier=0.1, max=5),
            sleep=room.work.rest,
            reraise=True,
        )

    async def status(self) -> KeyStatus:
        """Say who holds the keys, and which versions still wrap something.

        Raises:
            KeysUnavailable, KeysDenied, StoreUnavailable: somebody cannot be asked.
        """
        current = self._holders.current
        version, oldest = await current.version(), await current.oldest()
        found = [
            KeyVersion(
                holder=one.holder,
                version=one.version,
                keys=one.keys,
                current=_is_current(one, current.id, version),
            )
            async for one in self._room.store.rows(Tallies())
        ]
        return KeyStatus(
            holder=current.id,
            version=version,
            oldest=oldest,
            versions=tuple(found),
            data_keys=sum(one.keys for one in found),
            stale=sum(one.keys for one in found if not one.current),
        )

    async def rotate(
        self, *, rate: float | None = None, progress: Progress | None = None
    ) -> KeyStatus:
        """Make a new version of the holder's key, and wrap every data key under it.

        Raises as `rewrap` does.
        """
        _check_rate(rate)
        version = await self._holders.current.rotate()
        self._note("rotate", version=version)
        await self.rewrap(rate=rate, progress=progress)
        return await self.status()

    async def rewrap(
        self,
        *,
        rate: float | None = None,
        limit: int | None = None,
        progress: Progress | None = None,
    ) -> int:
        """Wrap under the newest version whatever is not. Gives how many data keys that were.

        `rate`: data keys a second, at most. `limit`: how many of them now, at most.

        Raises:
            BadArguments: the rate is none.
            KeysUnavailable, StoreUnavailable: somebody was away for half a minute. What was done is
                done, and the next call goes on.
            KeysDenied, Misconfigured: the holder refuses, or one that is needed was not given.
        """
        _check_rate(rate)
        current = self._holders.current
        version = await current.version()
        stale = [
            one
            async for one in self._room.store.rows(Tallies())
            if not _is_current(one, current.id, version)
        ]
        for one in stale:
            self._holders.of(one.holder)
        count = _Count(sum(one.keys for one in stale), progress)
        failures: list[ConnectorVaultError] = []
        seats = asyncio.Semaphore(_WIDTH)

        async def seated(rows: Sequence[WrappedKey]) -> None:
            try:
                if not failures:
                    count.add(await self._patiently(self._rewrap, rows, version))
            except ConnectorVaultError as error:
                failures.append(error)
            finally:
                seats.release()

        async with asyncio.TaskGroup() as group:
            try:
                async for rows in self._paced(stale, rate, limit):
                    await seats.acquire()
                    if failures:
                        break
                    group.create_task(seated(rows))
            except ConnectorVaultError as error:
                # What was begun is brought to its end all the same.
                failures.append(error)
        if failures:
            raise failures[0]
        if count.done:
            self._note("rewrap", version=version, keys=count.done)
        return count.done

    async def retire(self) -> KeyStatus:
        """Destroy all versions older than the newest, at the holder.

        Copies of wrapped keys that these versions made, in backups and in logs of the database, are
        noise from then on. Waits a minute, for what others may just be storing.

        Raises:
            NotAllowed: data keys still need an older version: rotate first.
            Misconfigured: this holder cannot; the message says what to do instead.
            KeysUnavailable, KeysDenied, StoreUnavailable: not now, or not by us.
        """
        self._check_unneeded(await self.status())
        await self._room.work.rest(_UNDER_WAY)
        status = await self.status()
        self._check_unneeded(status)
        if self._room.work.closing:
            raise KeysUnavailable("the vault was closed before older versions were destroyed")
        await self._holders.current.retire(status.version)
        self._note("retire", before=status.version)
        return await self.status()

    def _check_unneeded(self, status: KeyStatus) -> None:
        if status.stale:
            old = next(one for one in status.versions if not one.current)
            msg = f"version {old.version} of {old.holder} still wraps {old.keys} data keys"
            raise NotAllowed(f"{msg}: run connector-vault keys rotate first")

    async def _paced(
        self, stale: Sequence[Tally], rate: float | None, limit: int | None
    ) -> AsyncIterator[list[WrappedKey]]:
        loop, work, taken = asyncio.get_running_loop(), self._room.work, 0
        begun = loop.time()
        async for rows in self._pages(stale, min(_PAGE, max(1, int(rate or _PAGE)))):
            if rate and taken:
                await work.rest(max(0.0, begun + taken / rate - loop.time()))
            if work.closing:
                return
            yield rows if limit is None else rows[: limit - taken]
            taken += len(rows)
            if limit is not None and taken >= limit:
                return

    async def _pages(self, stale: Sequence[Tally], size: int) -> AsyncIterator[list[WrappedKey]]:
        for one in stale:
            listing = Listing(self._room.store, one, size)
            while True:
                rows: list[WrappedKey] = await self._patiently(listing.page)
                if not rows:
                    break
                yield rows

    def _has_waited(self, state: RetryCallState) -> bool:
        return self._room.work.closing or (state.seconds_since_start or 0.0) >= _PATIENCE

    async def _rewrap(self, rows: Sequence[WrappedKey], version: int) -> int:
        current, id_ = self._holders.current, self._room.store.id
        items = [
            Wrapped(row.wrapped, wrap_context(id_, row.tenant, row.connection, row.dek_id))
            for row in rows
        ]
        if rows[0].holder == current.id:
            answers = await current.rewrap(items)
        else:
            answers = await self._rehold(rows[0].holder, items)
        swaps: list[Swap] = []
        for row, answer in zip(rows, answers, strict=True):
            if isinstance(answer, Corrupt):
                whose = row.connection or "the store"
                _log.error("the data key of %s is not wrapped anew: %s", whose, answer)
            else:
                swaps.append(Swap(row.dek_id, row.wrapped, current.id, version, answer))
        await self._room.store.commit(Rewrap(tuple(swaps)))
        return len(swaps)

    async def _rehold(self, holder: str, items: Sequence[Wrapped]) -> list[bytes | Corrupt]:
        """Unwrap by the holder that has them, and wrap by the one that shall."""
        raws = await self._holders.of(holder).unwrap(items)
        try:
            good = [
                Raw(raw, item.context)
                for raw, item in zip(raws, items, strict=True)
                if isinstance(raw, bytearray)
            ]
            wrapped = iter(await self._holders.current.wrap(good))
        finally:
            for raw in raws:
                if isinstance(raw, bytearray):
                    wipe(raw)
        return [raw if isinstance(raw, Corrupt) else next(wrapped) for raw in raws]

    def _note(self, deed: str, **detail: int) -> None:
        holder = self._holders.current.id
        self._room.audit.upkeep(f"keys {deed}", holder=holder, **detail)
        _log.info("keys %s at %s: %s", deed, holder, detail)


class _Count:
    """How far a rotation is."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.done = 0
        self._total = total
        self._progress = progress
        self.add(0)

    def add(self, number: int) -> None:
        self.done += number
        if self._progress is not None:
            self._progress(self.done, self._total)


def _check_rate(rate: float | None) -> None:
    if rate is not None and rate <= 0:
        raise BadArguments("a rate is more than nothing: data keys a second, or None")


def _is_current(one: Tally, holder: str, version: int) -> bool:
    return one.holder == holder and one.version >= version

"""The data keys in use. Each is asked of its holder once, and kept for a bounded while.

What is kept bridges a holder that is away, never one that refuses. docs/explanation/keys.md states
how long, and what goes on meanwhile.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from secrets import token_bytes

from connector_vault.envelope import DEK_SIZE, DataKey, wipe, wrap_context
from connector_vault.errors import Corrupt, KeysDenied, KeysUnavailable, Misconfigured, Shredded
from connector_vault.keys import Raw, Wrapped
from connector_vault.keys.several import Holders
from connector_vault.stores import Store, WrappedKey
from connector_vault.undertaking import Shared, Undertakings
from connector_vault.unwrapping import Unwrapping

__all__ = ["GRACE", "LIFE", "DataKeys"]

LIFE = 300.0
"""Seconds a data key is kept. A denial by the holder takes effect after at most this time."""

GRACE = 60.0
"""Seconds beyond that in which a key is used while the holder does not answer."""

_AHEAD = 10.0
"""Seconds before its end in which a key that is used is fetched again: then nobody waits for it."""

_PAUSE = 1.0
"""Seconds in which a holder that did not answer, or refused, is not asked for the same again."""

_RANDOM = Path("/dev/urandom")
"""The kernel's generator, read into a buffer that can be wiped. As good as `os.urandom`."""

_MAX_KEYS = 10_000
_MAX_USES = 2**20


class _Kept:
    """A data key, and how long it may be used."""

    __slots__ = ("ends", "key", "uses")

    def __init__(self, key: DataKey, now: float) -> None:
        self.key = key
        self.uses = _MAX_USES
        self.ends = now + LIFE


class DataKeys:
    """Makes, fetches and keeps data keys."""

    def __init__(
        self,
        store: Store,
        holders: Holders,
        work: Undertakings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self.holders = holders
        self._work = work
        self._clock = clock
        self._kept: dict[bytes, _Kept] = {}
        self._coming: Shared[bytes, DataKey] = Shared(work)
        self._unwrapping: dict[str, Unwrapping] = {}
        self._quiet_until = float("-inf")
        """Until then the holder is not asked: it has just failed."""
        self._failure: KeysUnavailable | KeysDenied | None = None
        """How it failed the last time it was asked. None: it did not."""
        self._sweep: asyncio.TimerHandle | None = None

    def at_hand(self, dek_id: bytes) -> DataKey | None:
        """Give a key that may be used without a look at anything. The hot path."""
        kept = self._kept.get(dek_id)
        if kept is None or self._clock() >= kept.ends - _AHEAD:
            return None
        kept.uses -= 1
        if not kept.uses:
            kept.ends = self._clock()
        return kept.key

    async def get(self, dek_id: bytes, tenant: str, connection: str) -> DataKey:
        """Give a data key, asking the holder once however many callers wait.

        Raises:
            Shredded: it was destroyed.
            Corrupt: it was altered or belongs elsewhere.
            KeysUnavailable: the holder does not answer, and what was kept may not be used longer.
            KeysDenied, Misconfigured: it refuses.
        """
        key = self.at_hand(dek_id)
        if key is not None:
            return key
        kept = self._kept.get(dek_id)
        if kept is not None and self._may_serve(kept):
            # Nobody waits for what can go on without: a holder that hangs takes its whole deadline.
            if self._clock() >= self._quiet_until:
                self._begin(dek_id, tenant, connection)
            return kept.key
        return await asyncio.shield(self._begin(dek_id, tenant, connection))

    async def make(self, dek_id: bytes, tenant: str, connection: str) -> tuple[DataKey, WrappedKey]:
        """Make a data key. It is in use once the caller has committed the wrapped one.

        Raises:
            KeysUnavailable, KeysDenied, Misconfigured: the holder did not, or would not.
        """
        holder = self.holders.current
        raw = _random()
        context = wrap_context(self._store.id, tenant, connection, dek_id)
        try:
            version = await holder.version()
            (wrapped,) = await holder.wrap([Raw(raw, context)])
        except BaseException:
            wipe(raw)
            raise
        key = self._keep(DataKey(dek_id, raw)).key
        return key, WrappedKey(
            dek_id, tenant, connection, holder.id, version, wrapped, self._store.clock()
        )

    async def fetch(self, dek_id: bytes, tenant: str, connection: str) -> DataKey:
        """Ask the holder for a data key, whatever is kept. Raises as `get` does."""
        found = await self._store.key(dek_id)
        if found is None:
            msg = f"the data key of {connection or 'the store'} was destroyed"
            raise Shredded(msg)
        context = wrap_context(self._store.id, tenant, connection, dek_id)
        unwrapping = self._unwrapping.get(found.holder)
        if unwrapping is None:
            unwrapping = Unwrapping(self.holders.of(found.holder), self._work)
            self._unwrapping[found.holder] = unwrapping
        raw = await unwrapping.unwrap(Wrapped(found.wrapped, context))
        return self._keep(DataKey(dek_id, raw)).key

    def forget(self, dek_id: bytes) -> None:
        """Drop a key that was shredded or replaced."""
        self._kept.pop(dek_id, None)

    def close(self) -> None:
        """Drop all keys."""
        self._kept.clear()
        if self._sweep is not None:
            self._sweep.cancel()

    def _begin(self, dek_id: bytes, tenant: str, connection: str) -> asyncio.Task[DataKey]:
        return self._coming.begin(dek_id, lambda: self._fetch(dek_id, tenant, connection))

    async def _fetch(self, dek_id: bytes, tenant: str, connection: str) -> DataKey:
        if self._failure is not None and self._clock() < self._quiet_until:
            raise type(self._failure)(*self._failure.args)
        try:
            key = await self.fetch(dek_id, tenant, connection)
        except (KeysUnavailable, KeysDenied) as error:
            self._failure, self._quiet_until = error, self._clock() + _PAUSE
            if isinstance(error, KeysDenied):
                # It refuses this vault, not this key: nothing that it gave before is used any more.
                self._kept.clear()
            kept = self._kept.get(dek_id)
            if kept is not None and self._may_serve(kept):
                return kept.key
            raise
        except (Corrupt, Misconfigured, Shredded):
            self.forget(dek_id)
            raise
        self._failure = None
        return key

    def _may_serve(self, kept: _Kept) -> bool:
        away = isinstance(self._failure, KeysUnavailable)
        return self._clock() < kept.ends + (GRACE if away else 0)

    def _keep(self, key: DataKey) -> _Kept:
        while len(self._kept) >= _MAX_KEYS:
            # All live equally long, so the one that was put in first ends first.
            del self._kept[next(iter(self._kept))]
        self._kept.pop(key.id, None)
        kept = self._kept[key.id] = _Kept(key, self._clock())
        if self._sweep is None:
            self._sweep_later()
        return kept

    def _sweep_later(self) -> None:
        self._sweep = asyncio.get_running_loop().call_later(_AHEAD, self._drop_old)

    def _drop_old(self) -> None:
        now, self._sweep = self._clock(), None
        while self._kept:
            oldest = next(iter(self._kept.values()))
            if now < oldest.ends + GRACE:
                self._sweep_later()
                return
            del self._kept[oldest.key.id]


def _random() -> bytearray:
    """Give a new data key, of which no copy stays behind."""
    raw = bytearray(DEK_SIZE)
    try:
        with _RANDOM.open("rb", buffering=0) as source:
            source.readinto(raw)
    except FileNotFoundError:
        # Not on this system. These bytes cannot be wiped.
        raw[:] = token_bytes(DEK_SIZE)
    return raw

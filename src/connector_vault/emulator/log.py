"""What was asked of the providers, without a single secret."""

import asyncio
import hashlib
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import count

from connector_vault.connector import Json
from connector_vault.emulator.site import Call
from connector_vault.errors import BadArguments

__all__ = ["Entry", "Log", "Wanted", "fingerprint"]

_MAX_ENTRIES = 20_000
"""Older ones are dropped."""

_MAX_FIELDS = 64
"""Names kept of one body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request. It is listed from the moment it has come in whole."""

    time: float
    """Seconds since 1970 UTC, by the emulator's clock."""
    method: str
    host: str
    path: str
    status: int | None = None
    """What was answered. None: nothing yet, or nothing at all."""
    fault: str = ""
    """What was made to go wrong."""
    authorization: str = ""
    """`fingerprint` of what follows the scheme. Empty: there was none."""
    fields: tuple[str, ...] = ()
    """Names, not values, of what came in the query and the body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which requests are meant. A `*` in a host or a path stands for anything."""

    host: str = "*"
    path: str = "*"
    settled: bool = False
    """Only those of which it is decided what the client gets, if anything."""

    def fits(self, entry: Entry) -> bool:
        """Tell whether this request is meant."""
        if self.settled and entry.status is None and not entry.fault:
            return False
        return fnmatchcase(entry.host, self.host) and fnmatchcase(entry.path, self.path)


class Log:
    """The requests in the order they came in."""

    def __init__(self) -> None:
        self._entries: dict[int, Entry] = {}
        self._numbers = count()
        self._news = asyncio.Condition()

    async def note(self, time: float, call: Call) -> int:
        """Write down that a request came in. Give its number."""
        number = next(self._numbers)
        self._entries[number] = _entry(time, call)
        self._entries.pop(number - _MAX_ENTRIES, None)
        await self._tell()
        return number

    async def settle(self, number: int, status: int | None, fault: str = "") -> None:
        """Write down what became of it."""
        if number in self._entries:
            entry = self._entries[number]
            self._entries[number] = replace(entry, status=status, fault=fault)
        await self._tell()

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()

    def matching(self, wanted: Wanted) -> tuple[Entry, ...]:
        """List the requests that are wanted."""
        return tuple(entry for entry in self._entries.values() if wanted.fits(entry))

    async def wait(self, wanted: Wanted, times: int) -> tuple[Entry, ...]:
        """Wait until there are so many of them, then list them."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.matching(wanted)) >= times)
        return self.matching(wanted)

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()


def fingerprint(credential: str) -> str:
    """Give what tells one credential from another and leads back to none."""
    return hashlib.sha256(credential.encode()).hexdigest()[:12] if credential else ""


def _entry(time: float, call: Call) -> Entry:
    _, _, credential = call.headers.get("authorization", "").partition(" ")
    return Entry(
        time=time,
        method=call.method,
        host=call.host,
        path=call.path,
        authorization=fingerprint(credential),
        fields=tuple(sorted({*call.query, *call.form(), *_members(call)}))[:_MAX_FIELDS],
    )


def _members(call: Call) -> dict[str, Json]:
    try:
        body = call.json()
    except BadArguments:
        return {}
    return {**body} if isinstance(body, dict) else {}

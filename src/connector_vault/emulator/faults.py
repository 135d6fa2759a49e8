"""What can go wrong on the way, on purpose.

kind       is the request processed?   what the client sees
drop       yes, the state changes      the connection closes without a byte
delay      yes, at once                the reply, held for `seconds`
late       yes, after `seconds`        the reply; it is processed even if the client has left
hang       no                          nothing, until it leaves
status     no                          `status` with `body` and `headers`
malformed  no                          a 200 with a junk `body`, an HTML page if none is given
reset      no                          a TCP reset
truncate   yes                         the head and half of the body, then the end of the connection

What is held goes on before its seconds are over if it is let go.
"""

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Literal

from connector_vault.connector import Json, Reply
from connector_vault.emulator.site import Call, json_reply
from connector_vault.errors import BadArguments

__all__ = ["Fault", "Faults", "Kind"]

Kind = Literal["drop", "delay", "late", "hang", "status", "malformed", "reset", "truncate"]

_JUNK = "<html><body><h1>Unicorn!</h1><p>We had issues producing the response.</p></body></html>"


_HEADER = re.compile(r"[a-z0-9-]+:[\x20-\x7e]*", re.IGNORECASE)

_LONGEST = 3600.0
"""Seconds a reply is held, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong, and for which requests."""

    kind: Kind
    host: str = "*"
    path: str = "*"
    """As sent. A `*` in a host or a path stands for anything."""
    method: str | None = None
    seconds: float = 0.0
    status: int = 500
    body: Json = None
    """Text is sent as it is, anything else as JSON."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    times: int | None = 1
    """How often it happens. None: until it is cleared."""

    def __post_init__(self) -> None:
        if self.times is not None and self.times < 1:
            raise BadArguments("a fault happens at least once, or without end: times=None")
        if not 200 <= self.status <= 599:
            raise BadArguments("a fault's status is 200 to 599")
        if not 0 <= self.seconds <= _LONGEST:
            msg = f"a fault's seconds are 0 to {_LONGEST:.0f}"
            raise BadArguments(msg)
        if not all(_HEADER.fullmatch(f"{name}:{value}") for name, value in self.headers.items()):
            raise BadArguments("a fault's headers are names and one line of text each")

    def concerns(self, call: Call) -> bool:
        """Tell whether this happens to this call."""
        if self.method not in (None, call.method):
            return False
        return fnmatchcase(call.host, self.host) and fnmatchcase(call.path, self.path)

    def reply(self) -> Reply:
        """Give the reply that is sent instead of the provider's own."""
        status = 200 if self.kind == "malformed" else self.status
        body = _JUNK if self.kind == "malformed" and self.body is None else self.body
        if isinstance(body, str):
            kind = {"content-type": "text/html; charset=utf-8"}
            return Reply(status, body.encode(), {**kind, **self.headers})
        if body is None:
            return Reply(status, b"", self.headers)
        return json_reply(status, body, self.headers)


class Faults:
    """The faults that are waiting for their request, in the order they were asked for."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._held: set[asyncio.Event] = set()

    def add(self, fault: Fault) -> None:
        """Let this go wrong from now on."""
        self._waiting.append(fault)

    def clear(self) -> None:
        """Let nothing go wrong."""
        self._waiting.clear()

    def waiting(self) -> list[Json]:
        """List what is still to go wrong."""
        return [asdict(fault) for fault in self._waiting]

    def take(self, call: Call) -> Fault | None:
        """Give the first fault that concerns this call, and count it."""
        for place, fault in enumerate(self._waiting):
            if fault.concerns(call):
                self._count(place, fault)
                return fault
        return None

    async def hold(self, seconds: float) -> None:
        """Wait so long, or until what is held is let go."""
        free = asyncio.Event()
        self._held.add(free)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await free.wait()
        finally:
            self._held.discard(free)

    def release(self) -> int:
        """Let go what is held now, and tell how much that is."""
        for free in self._held:
            free.set()
        return len(self._held)

    def _count(self, place: int, fault: Fault) -> None:
        if fault.times is None:
            return
        if fault.times <= 1:
            del self._waiting[place]
        else:
            self._waiting[place] = replace(fault, times=fault.times - 1)

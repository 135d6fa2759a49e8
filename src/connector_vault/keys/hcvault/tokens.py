"""The token in use: got when it is needed, and got anew when it is refused."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from connector_vault.errors import KeysDenied
from connector_vault.keys.hcvault.address import Address
from connector_vault.keys.hcvault.credential import Found, Source
from connector_vault.keys.hcvault.failures import late
from connector_vault.keys.hcvault.token import Token, log_in, renew

if TYPE_CHECKING:
    from connector_vault.keys.hcvault.line import Line

__all__ = ["Tokens"]

_SHORTEST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
"""Seconds, doubled from one refusal to the next. Servers lock a role out, for everybody, after five
failed logins, and each login that succeeds leaves a token behind."""

_AGAIN = 10.0
"""Seconds, at most, after which a renewal that failed is tried again."""


class Tokens:
    """What one process knows of its token. Shared by its threads."""

    def __init__(self, address: Address, changed: Callable[[], None]) -> None:
        self._address = address
        self._changed = changed
        self._source = Source(address.secret)
        self._token: Token | None = None
        self._tried: Found | None = None
        self._verdict: KeysDenied | None = None
        self._pause = _Pause()
        self._turn = threading.Lock()

    @property
    def held(self) -> Token | None:
        """The token, if there is one."""
        return self._token

    @property
    def is_own(self) -> bool:
        """Whether it was got by a login, and is nobody else's."""
        return self._address.method in ("approle", "kubernetes")

    def current(self, line: "Line") -> Token:
        """Give the token, and get one first if there is none or the file holds another.

        Raises:
            KeysDenied: nobody lets us in.
            KeysUnavailable: the server does not answer.
            Misconfigured: the secret to get one with is missing.
        """
        with self._in_turn(line):
            token = self._token
            if token is not None and (self.is_own or not self._source.has_changed(token.found)):
                return token
            return self._obtain(line, self._source.read())

    def another(self, line: "Line", refused: Token) -> Token | None:
        """Give a token in place of one that was refused. None: the refusal is final."""
        with self._in_turn(line):
            if self._token is not refused:
                return self._token
            found = self._source.read()
            same = not self.is_own and found.secret == refused.secret
            return None if same or not self._may_try(found) else self._obtain(line, found)

    def judge(self, *, denied: bool) -> None:
        """Hear whether the server did what it was asked under the token."""
        if denied:
            self._pause.begin()
        elif self._verdict is None:
            self._pause.end()

    def renew(self, line: "Line") -> bool:
        """Make the token live longer, or get another. Tell whether that could be done.

        Raises:
            As `current`. The token stays as it is.
        """
        token = self._token
        if token is None:
            return True
        longer = renew(line, token) if token.renewable else None
        if longer is None and self.is_own:
            longer = self._log_in(line, self._source.read())
        with self._in_turn(line):
            if self._token is token:
                self._token = longer or replace(token, renewable=False)
        return longer is not None

    def due(self) -> float | None:
        """Give the seconds until the token is to be renewed. None: it is not."""
        token = self._token
        if token is None or not token.lease or not (token.renewable or self.is_own):
            return None
        return max(0.0, token.due - time.monotonic())

    def again(self) -> float:
        """Give the seconds after which a renewal that failed is tried again."""
        return min(_AGAIN, self._token.lease / 10) if self._token else _AGAIN

    def forget(self) -> None:
        """Know nothing any more."""
        self._token = self._tried = self._verdict = None

    def _may_try(self, found: Found) -> bool:
        tried = self._tried
        return not self._pause.is_on or tried is None or found.secret != tried.secret

    def _obtain(self, line: "Line", found: Found) -> Token:
        token = self._token = self._log_in(line, found)
        self._changed()
        return token

    def _log_in(self, line: "Line", found: Found) -> Token:
        if self._verdict is not None and not self._may_try(found):
            raise KeysDenied(*self._verdict.args)
        self._tried = found
        try:
            token = log_in(line, self._address, found)
        except KeysDenied as error:
            self._verdict = KeysDenied(*error.args)
            self._pause.begin()
            raise
        self._verdict = None
        return token

    @contextmanager
    def _in_turn(self, line: "Line") -> Generator[None]:
        # One thread logs in, and the others use what it got.
        if not self._turn.acquire(timeout=line.deadline.left()):
            raise late(self._address)
        try:
            yield
        finally:
            self._turn.release()


class _Pause:
    """For a while after a refusal nobody tries again."""

    def __init__(self) -> None:
        self._length = 0.0
        self._until = 0.0

    @property
    def is_on(self) -> bool:
        return time.monotonic() < self._until

    def begin(self) -> None:
        if not self.is_on:
            self._length = min(max(self._length * 2, _SHORTEST_PAUSE), _LONGEST_PAUSE)
            self._until = time.monotonic() + self._length

    def end(self) -> None:
        self._length = self._until = 0.0

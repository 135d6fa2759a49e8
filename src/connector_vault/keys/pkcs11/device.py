"""One key in one token, and the session in which it is used. All of it is for one thread."""

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from typing import TypeVar
from urllib.parse import quote

from pkcs11.exceptions import PKCS11Error
from pkcs11.types import Session, Token

from connector_vault.errors import (
    BadArguments,
    ConnectorVaultError,
    Corrupt,
    KeysUnavailable,
    Misconfigured,
)
from connector_vault.keys import Raw, Wrapped
from connector_vault.keys.pkcs11.address import Address
from connector_vault.keys.pkcs11.failures import Absent, Keyless, Lost, denied, failure_of
from connector_vault.keys.pkcs11.login import log_in
from connector_vault.keys.pkcs11.module import Module
from connector_vault.keys.pkcs11.pin import Pin
from connector_vault.keys.pkcs11.versions import Versions, destroy_older, make_version
from connector_vault.keys.pkcs11.wrapping import Manner, manner_of

__all__ = ["Device"]

T = TypeVar("T")

_MAX_VERSION = 2**32 - 1
_REST = 0.5
"""Seconds in which a token that could not be mended is not asked again: hundreds may wait."""


class Device:
    """Holds a session, and replaces it when it is lost."""

    def __init__(
        self,
        module: Module,
        address: Address,
        pin: Pin,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._module = module
        self._address = address
        self._pin = pin
        self._clock = clock
        self._create = False
        self._serial: bytes | None = None
        """Of the token that was opened first. Another one has other keys, whatever its label."""
        self._probes: dict[int, bytes] = {}
        self._session: Session | None = None
        self._versions: Versions | None = None
        self._manner = Manner(frozenset())
        self._start = 0
        self._failure: tuple[float, ConnectorVaultError] | None = None

    def open(self, *, create: bool) -> str:
        """Open it for the first time, and give its name.

        Raises:
            Misconfigured: there is no such token or key in it; `create` makes a key.
        """
        self._create = create
        try:
            self.use(lambda _: None)
        finally:
            self._create = False
        serial, label = quote(self._serial or b"", safe=""), quote(self._address.label, safe="")
        return f"pkcs11:serial={serial};object={label}"

    def use(self, work: Callable[[Versions], T]) -> T:
        """Do something with the key. A session that is lost is replaced, a sick module restarted.

        Raises:
            KeysUnavailable: neither helped.
            KeysDenied, Misconfigured: the token says no.
        """
        if self._failure and self._clock() < self._failure[0]:
            failure = self._failure[1]
            raise type(failure)(str(failure))
        error: Exception = Lost("nothing was tried")
        for mend in self._mends():
            try:
                mend()
                if self._versions is not None:
                    return work(self._versions)
            except (PKCS11Error, Lost) as caught:
                error = caught
            if denied(error):
                break
        raise self._failed(error)

    def change(self, work: Callable[[Session], None]) -> None:
        """Do something to the key, in a session that may write, and look what became of it."""
        self.use(lambda _: self._change(work))
        # A process that writes into SoftHSM does not see what another one wrote meanwhile.
        self.use(lambda _: self._restart())

    def version(self) -> int:
        """Give the version that wraps, and wrap under it from now on."""
        return self.use(lambda versions: _looked(versions).newest)

    def oldest(self) -> int:
        """Give the oldest version there is."""
        return self.use(lambda versions: _looked(versions).oldest)

    def rotate(self) -> int:
        """Make a new version, unless somebody else just did, and give its number."""
        new = self.version() + 1
        if new > _MAX_VERSION:
            raise Misconfigured(f"a key has at most {_MAX_VERSION} versions: begin another one")
        label = self._address.label
        self.change(lambda session: make_version(session, label, self._manner, new))
        return new

    def retire(self, before: int) -> None:
        """Destroy what is older than a version."""
        newest = self.version()
        if before > newest:
            raise BadArguments(
                f"version {newest} is in use: it is not retired before there is {before}"
            )
        self.change(lambda session: destroy_older(session, self._address.label, before))

    def wrap(self, items: Sequence[Raw]) -> list[bytes]:
        """Wrap data keys."""
        return self.use(lambda versions: versions.wrap(items))

    def unwrap(self, items: Sequence[Wrapped]) -> list[bytearray | Corrupt]:
        """Unwrap data keys."""
        return self.use(lambda versions: versions.unwrap(items))

    def rewrap(self, items: Sequence[Wrapped]) -> list[bytes | Corrupt]:
        """Wrap data keys again, under the newest version."""
        return self.use(lambda versions: versions.rewrap(items))

    def health(self) -> None:
        """Prove that the newest version wraps, and opens what it has wrapped."""
        self.use(_proven)

    def close(self) -> None:
        """Log out."""
        session, self._session, self._versions = self._session, None, None
        # After a restart its number may be that of another holder's session.
        if session is not None and self._start == self._module.starts:
            # It may be lost already, or another holder of this process may have logged out.
            with suppress(PKCS11Error):
                session.close()

    def _mends(self) -> Generator[Callable[[], None]]:
        """Give what may help, from the least to the last."""
        if self._versions is not None and self._start == self._module.starts:
            yield lambda: None
        yield self._renew
        yield self._restart

    def _restart(self) -> None:
        # SoftHSM, for one, never finds a token again that was away. Other holders of this process
        # lose their sessions by this, and replace them.
        self.close()
        self._module.restart()
        self._renew()

    def _renew(self) -> None:
        self.close()
        token = self._token()
        self._start = self._module.starts
        self._session = log_in(token, self._pin, self._module.refused)
        self._manner = manner_of(token.slot)
        versions = Versions(self._session, self._address.label, self._manner, self._probes)
        versions.look()
        if versions.newest:
            self._serial, self._versions = token.serial, versions
        elif self._create:
            self._create = False
            label = self._address.label
            self._change(lambda session: make_version(session, label, self._manner, 1))
            self._restart()
        else:
            raise Keyless

    def _token(self) -> Token:
        tokens = [
            token
            for token in self._module.tokens(self._address)
            if self._serial in (None, token.serial)
        ]
        if not tokens:
            raise Absent
        if len(tokens) > 1:
            words = f"the pkcs11: address may mean any of {len(tokens)} tokens"
            raise Misconfigured(f"{words}: add serial= or another attribute of the right one")
        return tokens[0]

    def _change(self, work: Callable[[Session], None]) -> None:
        if self._session is None:
            raise Lost
        session = self._session.token.open(rw=True)
        try:
            work(session)
        finally:
            with suppress(PKCS11Error):
                session.close()

    def _failed(self, error: Exception) -> ConnectorVaultError:
        match error:
            case Absent() if self._serial is None:
                failure: ConnectorVaultError = Misconfigured(self._absent())
            case Absent():
                failure = KeysUnavailable("the token is not there any more: put it back")
            case Keyless():
                failure = Misconfigured(self._keyless())
            case _:
                failure = failure_of(error)
        self._failure = (self._clock() + _REST, failure)
        return failure

    def _absent(self) -> str:
        words = (
            f"no token that the module {self._module.path} shows is the one of the pkcs11: address"
        )
        return f"{words}: put it in, or mend token= and its neighbours"

    def _keyless(self) -> str:
        mend = "bring it back or name it; a new vault is made by connector-vault init"
        return f"the token has no key {self._address.label!r}: {mend}"


def _looked(versions: Versions) -> Versions:
    versions.look_again()
    return versions


def _proven(versions: Versions) -> None:
    versions.look_again()
    versions.prove(versions.newest)
    versions.try_out()

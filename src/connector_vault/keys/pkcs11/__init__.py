"""Keys in an HSM, or in whatever else speaks PKCS#11. They never leave it."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar

from connector_vault.envelope import DEK_SIZE
from connector_vault.errors import BadArguments, Corrupt, KeysUnavailable, Misconfigured
from connector_vault.keys import Raw, Wrapped
from connector_vault.keys.pkcs11.address import address_of
from connector_vault.keys.pkcs11.pin import Pin, no_pin, pin_of_file
from connector_vault.keys.pkcs11.thread import LATE, ModuleThread, wipe_all

if TYPE_CHECKING:
    from connector_vault.keys.pkcs11.device import Device
    from connector_vault.keys.pkcs11.module import Module

__all__ = ["Pkcs11Keys"]

S = TypeVar("S")
T = TypeVar("T")

_DEADLINE = 5.0
"""Seconds of each method."""

_PART = 16
"""Data keys that are wrapped in a row, before somebody else has a turn."""

_CLOSED = "the vault was closed: open it again"
_MISSING = "keys in an HSM need one more package: pip install 'connector-vault[hsm]'"


class Pkcs11Keys:
    """A holder whose keys lie in a token, each version an object of the same label.

    One thread in each process speaks with a module, because most modules take no more. A call into
    a module that hangs cannot be ended: whoever waits, and whoever comes after, is told that the
    keys are unavailable, until it returns.
    """

    def __init__(self, name: str, module: "Module", device: "Device", deadline: float) -> None:
        self.id = name
        self._thread: ModuleThread = module.thread
        self._device = device
        self._deadline = deadline
        self._closed = False

    @classmethod
    def open(
        cls,
        uri: str,
        *,
        create: bool = False,
        pin: Pin | None = None,
        deadline: float = _DEADLINE,
    ) -> Self:
        """Open the key at a `pkcs11:` URI, RFC 7512. This waits for the token.

        `pin` is asked for the PIN each time somebody has to log in, if not a file holds it. A PIN
        that was refused is not tried again, because a token locks itself after a few.

        Raises:
            Misconfigured: there is no such module, token or key, or the key could be taken out of
                the token. `create` makes a key that is missing.
            KeysDenied: the token refuses the PIN.
            KeysUnavailable: the token does not answer within the deadline, in seconds.
        """
        address = address_of(uri)
        device_of, module = _parts(address.module)
        asked = pin_of_file(address.pin_file) if address.pin_file else no_pin
        device = device_of(module, address, pin or asked)
        module.thread.take()
        until = time.monotonic() + deadline
        try:
            name = module.thread.ask_now(lambda: device.open(create=create), deadline)
        except BaseException:
            _wait(module.thread.leave(), until)
            raise
        return cls(name, module, device, deadline)

    async def version(self) -> int:
        return await self._ask(self._device.version)

    async def wrap(self, items: Sequence[Raw]) -> list[bytes]:
        for item in items:
            if len(item.key) != DEK_SIZE:
                raise BadArguments(f"a data key is {DEK_SIZE} bytes long, not {len(item.key)}")
        return await self._in_parts(items, self._device.wrap)

    async def unwrap(self, items: Sequence[Wrapped]) -> list[bytearray | Corrupt]:
        return await self._in_parts(items, self._device.unwrap)

    async def rewrap(self, items: Sequence[Wrapped]) -> list[bytes | Corrupt]:
        return await self._in_parts(items, self._device.rewrap)

    async def health(self) -> None:
        """Return if the newest version wraps, and opens what it wrapped when it was opened."""
        await self._ask(self._device.health)

    async def oldest(self) -> int:
        return await self._ask(self._device.oldest)

    async def rotate(self) -> int:
        """Make a new version. Of those who do that at once, all get the same number."""
        return await self._ask(self._device.rotate)

    async def retire(self, before: int) -> None:
        """Destroy all older versions in the token.

        Raises:
            BadArguments: the version in use is one of them.
            KeysDenied: the token does not let its user do that.
        """
        await self._ask(lambda: self._device.retire(before))

    async def close(self) -> None:
        """Log out, and end the thread if nobody else in this process uses the module."""
        if self._closed or self._thread.foreign:
            return
        self._closed = True
        with suppress(KeysUnavailable, TimeoutError):
            async with asyncio.timeout(self._deadline):
                try:
                    await self._thread.ask(self._device.close, self._deadline)
                finally:
                    ended = self._thread.leave()
                if ended is not None:
                    # Shielded, because it is the thread's too.
                    await asyncio.shield(asyncio.wrap_future(ended))

    async def _in_parts(
        self, items: Sequence[S], work: Callable[[Sequence[S]], list[T]]
    ) -> list[T]:
        answers: list[T] = []
        late = False
        try:
            async with asyncio.timeout(self._deadline):
                for start in range(0, len(items), _PART):
                    part = items[start : start + _PART]
                    answers += await self._ask(partial(work, part), wipe_all)
        except TimeoutError:
            late = True
            wipe_all(answers)
        except BaseException:
            wipe_all(answers)
            raise
        if late:
            raise KeysUnavailable(LATE)
        return answers

    async def _ask(
        self, work: Callable[[], T], unwanted: Callable[[T], None] = lambda _: None
    ) -> T:
        if self._closed:
            raise KeysUnavailable(_CLOSED)
        return await self._thread.ask(work, self._deadline, unwanted)

    def __repr__(self) -> str:
        return f"<Pkcs11Keys {self.id}>"


def _wait(ended: Future[None] | None, until: float) -> None:
    if ended is not None:
        with suppress(TimeoutError):
            ended.result(max(0.0, until - time.monotonic()))


def _parts(path: str) -> "tuple[type[Device], Module]":
    try:
        from connector_vault.keys.pkcs11.device import Device
        from connector_vault.keys.pkcs11.module import module_at
    except ModuleNotFoundError as error:
        if error.name != "pkcs11":
            raise
    else:
        return Device, module_at(path)
    raise Misconfigured(_MISSING)

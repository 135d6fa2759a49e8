"""Wraps data keys under one key of AWS KMS."""

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar

from connector_vault.envelope import DEK_SIZE, wipe
from connector_vault.errors import (
    BadArguments,
    Corrupt,
    KeysDenied,
    KeysUnavailable,
    Misconfigured,
)
from connector_vault.keys import Raw, Wrapped
from connector_vault.keys.aws_kms.address import Address, address_of
from connector_vault.keys.aws_kms.answers import Failure
from connector_vault.keys.aws_kms.calls import Calls
from connector_vault.keys.aws_kms.key import Key

if TYPE_CHECKING:
    from botocore.client import BaseClient

__all__ = ["AwsKms"]

Item = TypeVar("Item")
Answer = TypeVar("Answer")

_SHARE = 6
"""Calls of one batch that may be under way. There are more threads, so that others get one, too."""

_SOME = 64
"""Items that are wrapped or unwrapped within one deadline. KMS takes one at a time: a longer batch
has as many deadlines, but an endpoint that hangs is noticed within one."""

_KNOWN_FOR = 60.0
"""Seconds that the number of rotations is kept. A version noted too low costs one rewrap."""

_LOOK = 0.2
"""Seconds between two looks at a rotation under way."""

_PROBE = b"connector_vault/cv1/probe"

_UNCOUNTED = {"AccessDeniedException", "UnsupportedOperationException"}
"""KMS tells nobody of another account how often a key was rotated, and nobody at all if the key is
in a store of one's own. Then all counts as version 1, which loses nothing: AWS opens it anyway."""


class AwsKms:
    """A holder whose key lies in AWS KMS.

    AWS keeps all versions of a key, and each ciphertext says which of them it needs. The number
    that `version` gives is ours, and only tells what a rewrap would renew.
    """

    def __init__(
        self, address: Address, calls: Calls, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.id = address.id
        self._key = Key(address.arn)
        self._timeout = address.timeout
        self._calls = calls
        self._clock = clock
        self._counting = asyncio.Lock()
        self._counted = (0, 0.0)

    @classmethod
    def open(cls, uri: str) -> Self:
        """Open the key at an address. Nothing is asked yet.

        Raises:
            Misconfigured: the address is malformed.
        """
        address = address_of(uri)
        return cls(address, Calls(address))

    async def version(self) -> int:
        async with self._deadline(), self._counting:
            version, until = self._counted
            if not version or self._clock() >= until:
                answer = await self._calls.ask(self._key.count)
                uncounted = isinstance(answer, Failure) and answer.code in _UNCOUNTED
                version = self._note(1 if uncounted else _got(answer))
            return version

    async def oldest(self) -> int:
        """Give 1: AWS lets no version go."""
        return 1

    async def wrap(self, items: Sequence[Raw]) -> list[bytes]:
        for item in items:
            if len(item.key) != DEK_SIZE:
                raise BadArguments(f"a data key is {DEK_SIZE} bytes long, not {len(item.key)}")
        async with self._deadline(len(items)):
            return await _each(self._encrypt, items)

    async def unwrap(self, items: Sequence[Wrapped]) -> list[bytearray | Corrupt]:
        async with self._deadline(len(items)):
            return await _each(partial(self._tried, self._decrypt), items)

    async def rewrap(self, items: Sequence[Wrapped]) -> list[bytes | Corrupt]:
        async with self._deadline(len(items)):
            return await _each(partial(self._tried, self._reencrypt), items)

    async def health(self) -> None:
        """Return if the key is in use and of the right kind, and wraps and unwraps."""
        async with self._deadline():
            _got(await self._calls.ask(self._key.look))
            wrapped = await self._encrypt(Raw(bytearray(DEK_SIZE), _PROBE))
            answer = await self._decrypt(Wrapped(wrapped, _PROBE))
        if isinstance(answer, Corrupt):
            raise Misconfigured(f"{self._key.arn} does not open what it has just wrapped")

    async def rotate(self) -> int:
        """Have AWS make a new version, and wait for it until the deadline.

        Raises:
            KeysUnavailable: also if AWS needs longer. It goes on, and `version` tells when.
        """
        begun = False
        try:
            async with self._deadline():
                before = _got(await self._calls.ask(self._key.count))
                answer = await self._calls.ask(self._key.rotate, once=True)
                if not isinstance(answer, Failure) or answer.code != "ConflictException":
                    _got(answer)
                begun = True
                return self._note(await self._awaited(before))
        except KeysUnavailable:
            if not begun:
                raise
        words = "AWS is still making the new version, which may take minutes"
        raise KeysUnavailable(f"{words}: do not rotate again, but look at the version later")

    async def retire(self, before: int) -> None:
        """Refuse: AWS destroys no version, but with the whole key."""
        if before > await self.version():
            raise BadArguments("a version is retired when a later one is in use, not before")
        words = f"AWS keeps every version of {self._key.arn} until the whole key is deleted"
        mend = "change the vault's keys to a new one, then run aws kms schedule-key-deletion"
        raise Misconfigured(f"{words}: {mend}")

    async def close(self) -> None:
        self._calls.close()

    async def _encrypt(self, item: Raw) -> bytes:
        return _got(await self._ask(lambda client: self._key.encrypt(client, item)))

    async def _decrypt(self, item: Wrapped) -> bytearray | Corrupt:
        return _item(await self._ask(lambda client: self._key.decrypt(client, item)))

    async def _reencrypt(self, item: Wrapped) -> bytes | Corrupt:
        return _item(await self._ask(lambda client: self._key.reencrypt(client, item)))

    async def _tried(
        self, work: Callable[[Wrapped], Awaitable[Answer | Corrupt]], item: Wrapped
    ) -> Answer | Corrupt:
        try:
            return await work(item)
        except KeysDenied as error:
            denied = error
        # KMS denies also what was altered so that it names another key. If one wrapped just now is
        # opened, it is not this vault that may not, and the item's neighbours are good.
        try:
            await work(Wrapped(await self._encrypt(Raw(bytearray(DEK_SIZE), _PROBE)), _PROBE))
        except KeysDenied:
            raise denied from None
        try:
            return await work(item)
        except KeysDenied:
            return Corrupt("a wrapped data key was altered, or wrapped by another key")

    async def _ask(self, job: "Callable[[BaseClient], Answer]") -> Answer | Failure:
        async with self._deadline():
            return await self._calls.ask(job)

    async def _awaited(self, before: int) -> int:
        while (version := _got(await self._calls.ask(self._key.count))) <= before:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK)  # AWS tells nobody when it is done
        return version

    def _note(self, version: int) -> int:
        self._counted = (version, self._clock() + _KNOWN_FOR)
        return version

    @asynccontextmanager
    async def _deadline(self, items: int = 1) -> AsyncGenerator[None]:
        seconds = self._timeout * max(1, math.ceil(items / _SOME))
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError:
            words = f"AWS KMS did not answer for {self._key.arn} within {seconds:g} s"
            raise KeysUnavailable(f"{words}: try again") from None

    def __repr__(self) -> str:
        return f"<AwsKms {self.id}>"


async def _each(work: Callable[[Item], Awaitable[Answer]], items: Sequence[Item]) -> list[Answer]:
    """Do some work on each item. The first failure ends it: what was opened by then is wiped."""
    gate = asyncio.Semaphore(_SHARE)

    async def one(item: Item) -> Answer:
        async with gate:
            return await work(item)

    tasks = [asyncio.create_task(one(item)) for item in items]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            _drop(task)
        raise


def _drop(task: asyncio.Task[Answer]) -> None:
    """End a task; if it has opened a data key already, nobody will use it."""
    if task.cancel() or task.cancelled() or task.exception():
        return
    answer = task.result()
    if isinstance(answer, bytearray):
        wipe(answer)


def _got(answer: Answer | Failure) -> Answer:
    if isinstance(answer, Failure):
        raise answer.error
    return answer


def _item(answer: Answer | Failure) -> Answer | Corrupt:
    if isinstance(answer, Failure) and isinstance(answer.error, Corrupt):
        return answer.error
    return _got(answer)

"""Asking a key holder for many data keys at once, however many callers want one each."""

import asyncio
from collections import deque
from typing import NamedTuple

from connector_vault.envelope import wipe
from connector_vault.errors import ConnectorVaultError, KeysUnavailable
from connector_vault.keys import KeyHolder, Wrapped
from connector_vault.undertaking import Undertakings

__all__ = ["Unwrapping"]

_BATCH = 128
"""Keys to one call. Vault's Transit takes no more than 166 in the longest form."""

_CALLS = 4
"""Under way at once. What arrives meanwhile goes along with the next."""


class _Wish(NamedTuple):
    item: Wrapped
    answer: asyncio.Future[bytearray]


class Unwrapping:
    """Unwraps data keys of one holder."""

    def __init__(self, holder: KeyHolder, work: Undertakings) -> None:
        self._holder = holder
        self._work = work
        self._wishes: deque[_Wish] = deque()
        self._calls = 0

    async def unwrap(self, item: Wrapped) -> bytearray:
        """Give a data key. Hand it to `envelope.DataKey`, which wipes it.

        Raises:
            Corrupt: it was altered or belongs elsewhere.
            KeysUnavailable, KeysDenied, Misconfigured: the holder did not, or would not.
        """
        wish = _Wish(item, asyncio.get_running_loop().create_future())
        self._wishes.append(wish)
        if self._calls < _CALLS:
            self._calls += 1
            self._work.begin(self._serve())
        try:
            return await wish.answer
        except asyncio.CancelledError:
            # It may have come, and nobody had it.
            if wish.answer.done() and not wish.answer.cancelled() and not wish.answer.exception():
                wipe(wish.answer.result())
            raise

    async def _serve(self) -> None:
        try:
            while self._wishes:
                wishes = [self._wishes.popleft() for _ in range(min(_BATCH, len(self._wishes)))]
                await self._ask(wishes)
        finally:
            self._calls -= 1

    async def _ask(self, wishes: list[_Wish]) -> None:
        try:
            answers: list[bytearray | ConnectorVaultError]
            answers = [*await self._holder.unwrap([wish.item for wish in wishes])]
        except ConnectorVaultError as error:
            # Whoever waits behind them would wait for the same: nobody waits twice.
            for wish in (*wishes, *self._wishes):
                _fail(wish, error)
            self._wishes.clear()
            return
        except BaseException as error:
            for wish in wishes:
                _fail(wish, error)
            raise
        if len(answers) != len(wishes):
            silent = KeysUnavailable("the key holder did not answer each item: see its log")
            answers = [silent] * len(wishes)
        for wish, answer in zip(wishes, answers, strict=True):
            if isinstance(answer, ConnectorVaultError):
                _fail(wish, answer)
            elif wish.answer.done():
                wipe(answer)
            else:
                wish.answer.set_result(answer)


def _fail(wish: _Wish, error: BaseException) -> None:
    if not wish.answer.done():
        wish.answer.set_exception(error)

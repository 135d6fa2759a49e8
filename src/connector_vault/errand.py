"""Work that a thread of ours does for an event loop, and how its answer comes back."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

__all__ = ["Errand"]

T_co = TypeVar("T_co", covariant=True)


class Errand(Generic[T_co]):
    """One work. It is made in the loop that waits for it.

    Half the cost of a `concurrent.futures.Future`, which locks for threads that nobody has here.
    """

    __slots__ = ("_loop", "_results", "_work", "answer", "failure")

    def __init__(self, work: Callable[[], T_co]) -> None:
        self._work = work
        self._results: list[T_co] = []
        self._loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[T_co] = self._loop.create_future()
        """To await. To cancel it does not stop a work that was begun."""
        self.failure: Exception | None = None
        """What went wrong with the work, or after it."""

    def run(self) -> None:
        """Do the work, in the thread."""
        try:
            self._results.append(self._work())
        except Exception as error:  # noqa: BLE001  # it belongs to whoever waits in the loop
            self.failure = error

    def tell(self) -> None:
        """Bring the answer back, from the thread."""
        # A loop that was closed has nobody who waits.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        if self.answer.done():
            return
        if self.failure is not None:
            self.answer.set_exception(self.failure)
        else:
            self.answer.set_result(self._results[0])

"""Threads that wait for the server, so that no event loop does."""

import asyncio
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeGuard, TypeVar

from connector_vault.envelope import wipe
from connector_vault.errors import ConnectorVaultError, KeysUnavailable

__all__ = ["Crew", "Deadline", "wipe_all"]

T = TypeVar("T")

_THREADS = 8
"""At most. A server that hangs holds so many, each until its deadline, and not one more."""

_IDLE = 10.0
"""Seconds after which a thread that has nothing to do ends."""

_LATE = "the key holder did not answer in time: see whether it hangs or is overloaded"
_CLOSED = "the key holder was closed: open it again"
_FORKED = "the key holder belongs to the process that opened it, and this one was forked: open it"


class Deadline:
    """A moment of the monotonic clock. Whoever waits for the server asks how long it may."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Give the seconds that are left.

        Raises:
            KeysUnavailable: none.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise KeysUnavailable(_LATE)
        return left


class Crew:
    """A few threads. They do not keep a program from ending, and end by themselves when idle."""

    def __init__(self) -> None:
        self._jobs: deque[Callable[[], None]] = deque()
        self._news = threading.Condition()
        self._threads = 0
        self._idle = 0
        self._closed = False
        self._process = os.getpid()

    async def run(self, work: Callable[[Deadline], T], seconds: float) -> T:
        """Do work in a thread, and wait for it so long and no longer.

        Work that could not begin in time is never done. What comes of work that was given up is
        wiped.

        Raises:
            KeysUnavailable: it was not done in time.
            ConnectorVaultError: what the work raised, without a trace of what it handled.
        """
        if self.is_foreign:
            raise KeysUnavailable(_FORKED)
        deadline = Deadline(seconds)
        done: Future[T] = Future()

        def job() -> None:
            _do(work, deadline, done)

        self._take(job)
        waiting = asyncio.wrap_future(done)
        try:
            await asyncio.wait({waiting}, timeout=seconds)
            if waiting.done():
                return waiting.result()
        finally:
            if not waiting.done():
                self._give_up(job, done)
                waiting.cancel()
        raise KeysUnavailable(_LATE)

    @property
    def is_foreign(self) -> bool:
        """Whether this is a forked child, which has none of the threads, and maybe their locks."""
        return os.getpid() != self._process

    def close(self) -> None:
        """Let the threads end when they have done what they do."""
        with self._news:
            self._closed = True
            self._jobs.clear()
            self._news.notify_all()

    def _take(self, job: Callable[[], None]) -> None:
        with self._news:
            if self._closed:
                raise KeysUnavailable(_CLOSED)
            self._jobs.append(job)
            if len(self._jobs) > self._idle and self._threads < _THREADS:
                self._threads += 1
                threading.Thread(target=self._serve, name="hcvault", daemon=True).start()
            else:
                self._news.notify()

    def _give_up(self, job: Callable[[], None], done: "Future[T]") -> None:
        if not done.cancel():
            done.add_done_callback(_wipe_result)
        with self._news, suppress(ValueError):
            self._jobs.remove(job)

    def _serve(self) -> None:
        while (job := self._next()) is not None:
            job()

    def _next(self) -> Callable[[], None] | None:
        with self._news:
            self._idle += 1
            while not self._jobs and not self._closed and self._news.wait(_IDLE):
                pass
            self._idle -= 1
            if self._jobs:
                return self._jobs.popleft()
            self._threads -= 1
            return None


def _do(work: Callable[[Deadline], T], deadline: Deadline, done: "Future[T]") -> None:
    if not done.set_running_or_notify_cancel():
        return
    failure: Exception
    try:
        done.set_result(work(deadline))
    except ConnectorVaultError as error:
        failure = error
    except Exception as error:  # noqa: BLE001  # its text and its trace may hold keys: only its class is told
        failure = KeysUnavailable(f"the key holder cannot be asked ({type(error).__name__})")
    else:
        return
    # What was being handled, and the frames with what they knew, stay in this thread.
    failure.__cause__ = failure.__context__ = failure.__traceback__ = None
    done.set_exception(failure)


def _wipe_result(done: "Future[T]") -> None:
    if done.cancelled() or done.exception() is not None:
        return
    wipe_all(done.result())


def wipe_all(result: object) -> None:
    """Wipe what of a result can be wiped."""
    for one in result if _is_list(result) else ():
        if isinstance(one, bytearray):
            wipe(one)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)

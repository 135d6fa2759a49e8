"""The one thread that speaks with a module. Whoever waits for it does so for a limited time."""

import asyncio
import os
import queue
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeVar

from connector_vault.envelope import wipe
from connector_vault.errors import KeysUnavailable

__all__ = ["FORKED", "LATE", "ModuleThread", "wipe_all"]

T = TypeVar("T")

FORKED = "the key holder was opened before this process was forked: open the vault again here"
LATE = "the token did not answer in time: see that it is there, and what it is busy with"
_NAME = "connector-vault-pkcs11"


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    work: Callable[[], None]
    done: Future[None] = field(default_factory=Future[None])


class ModuleThread:
    """Runs jobs one after another, on a thread that is there while somebody uses it.

    A call into a module cannot be interrupted. If one hangs, those who wait give up at their
    deadlines, and whoever comes later than that is told at once.
    """

    def __init__(
        self, last: Callable[[], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._last = last
        """What is done when nobody uses the module any more."""
        self._clock = clock
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._users = 0
        self._ended: Future[None] | None = None
        """Of the thread that was begun last."""
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._begun: float | None = None

    @property
    def foreign(self) -> bool:
        """Tell whether this is a forked child of the process that has the thread."""
        return os.getpid() != self._process

    def take(self) -> None:
        """Begin to use it. Give it back with `leave`."""
        with self._lock:
            self._users += 1
            if self._users == 1:
                # The module is not entered before whoever was in it last has left it.
                previous, self._ended, self._jobs = self._ended, Future(), queue.SimpleQueue()
                run = (self._jobs, previous, self._ended)
                thread = threading.Thread(target=self._run, args=run, name=_NAME)
                # Else a call that hangs would keep the process from ending.
                thread.daemon = True
                thread.start()

    def leave(self) -> Future[None] | None:
        """Use it no longer. The last one who leaves ends it, and may wait until that is done."""
        with self._lock:
            self._users -= 1
            if self._users:
                return None
            self._jobs.put(None)
            return self._ended

    async def ask(
        self,
        work: Callable[[], T],
        deadline: float,
        unwanted: Callable[[T], None] = lambda _: None,
    ) -> T:
        """Have something done. What nobody waits for any more is not begun, or is `unwanted`.

        Raises:
            KeysUnavailable: the deadline, in seconds, has passed.
        """
        results: list[T] = []
        job = self._put(lambda: results.append(work()), deadline)
        try:
            async with asyncio.timeout(deadline):
                await asyncio.wrap_future(job.done)
        except TimeoutError:
            _abandon(job, results, unwanted)
        except BaseException:
            _abandon(job, results, unwanted)
            raise
        else:
            return results[0]
        raise KeysUnavailable(LATE)

    def ask_now(self, work: Callable[[], T], deadline: float) -> T:
        """Have something done as `ask` does, and stop this thread meanwhile."""
        results: list[T] = []
        job = self._put(lambda: results.append(work()), deadline)
        try:
            job.done.result(deadline)
        except TimeoutError:
            job.done.cancel()
        else:
            return results[0]
        raise KeysUnavailable(LATE)

    def _put(self, work: Callable[[], None], deadline: float) -> _Job:
        if self.foreign:
            raise KeysUnavailable(FORKED)
        begun = self._begun
        if begun is not None and self._clock() - begun > deadline:
            raise KeysUnavailable(LATE)
        job = _Job(work)
        self._jobs.put(job)
        return job

    def _run(
        self,
        jobs: "queue.SimpleQueue[_Job | None]",
        previous: Future[None] | None,
        ended: Future[None],
    ) -> None:
        if previous is not None:
            previous.result()
        while self._next(jobs):
            pass
        try:
            self._last()
        finally:
            ended.set_result(None)

    def _next(self, jobs: "queue.SimpleQueue[_Job | None]") -> bool:
        # A function of its own: nothing of a job is kept while the next is waited for.
        job = jobs.get()
        if job is None:
            return False
        if job.done.set_running_or_notify_cancel():
            self._begun = self._clock()
            failure = _attempt(job)
            # First: whoever is told may ask again at once.
            self._begun = None
            _settle(job, failure)
        return True


def wipe_all(answers: Iterable[object]) -> None:
    """Write zeros over the data keys among answers that nobody takes."""
    for answer in answers:
        if isinstance(answer, bytearray):
            wipe(answer)


def _attempt(job: _Job) -> BaseException | None:
    try:
        job.work()
    except BaseException as error:  # noqa: BLE001  # it belongs to the caller, who waits elsewhere
        return error
    return None


def _settle(job: _Job, failure: BaseException | None) -> None:
    if failure is None:
        job.done.set_result(None)
    else:
        job.done.set_exception(failure)


def _abandon(job: _Job, results: list[T], unwanted: Callable[[T], None]) -> None:
    def take_back(_: Future[None]) -> None:
        for result in results:
            unwanted(result)

    job.done.add_done_callback(take_back)

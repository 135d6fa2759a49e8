"""Who does the work on the disk, and how. A simulation brings its own of both."""

import os
import queue
import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

from connector_vault.errand import Errand

__all__ = ["Disk", "Hand", "OwnThread"]

T = TypeVar("T")


class Disk:
    """Writes to a file, and makes what was written outlive a power cut."""

    def write(self, file: int, content: bytes, at: int) -> None:
        """Write all of it, from byte `at` on.

        Raises:
            OSError: a part may have been written.
        """
        rest = memoryview(content)
        while rest:
            written = os.pwrite(file, rest, at)
            rest, at = rest[written:], at + written

    def sync(self, file: int) -> None:
        """Return once all that was written is on the disk.

        Raises:
            OSError: nobody knows what of it is.
        """
        # Only Linux can leave out when the file was changed, which nobody needs.
        getattr(os, "fdatasync", os.fsync)(file)


class Hand(Protocol):
    """Runs one work after another, in the order in which it was asked to."""

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` and give what it gives. It runs even if whoever waits is cancelled."""
        ...


class OwnThread:
    """A hand that does not stop the event loop. It starts with its first work."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Errand[object] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def run(self, work: Callable[[], T]) -> T:
        job = Errand(work)
        self._jobs.put(job)
        if self._thread is None:
            # A disk that hangs must not keep a process from ending: hence a daemon.
            self._thread = threading.Thread(
                target=self._work, name="connector-vault-journal", daemon=True
            )
            self._thread.start()
        return await job.answer

    def close(self) -> None:
        """Let it end after what it was asked for."""
        self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job.run()
            job.tell()

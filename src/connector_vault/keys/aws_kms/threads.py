"""Threads that wait for KMS, so that no event loop does."""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TypeVar

from connector_vault.envelope import wipe
from connector_vault.errors import KeysUnavailable

__all__ = ["THREADS", "Threads"]

T = TypeVar("T")

THREADS = 8
"""More do not help: botocore needs about 2 ms of one core for a call that takes KMS 5 to 10."""


class Threads:
    """At most THREADS, made when they are needed. They do not keep a program from ending."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._unfinished = 0
        self._threads = 0
        self._closed = False
        self._process = os.getpid()

    async def run(self, work: Callable[[], T]) -> T:
        """Have a thread do work that does not raise. Work that is given up in time is never begun.

        Raises:
            KeysUnavailable: the threads were closed, or belong to the process this one came from.
        """
        if os.getpid() != self._process:
            raise KeysUnavailable("this process was forked: open the vault in it")
        done: Future[T] = Future()

        def job() -> None:
            if done.set_running_or_notify_cancel():
                done.set_result(work())

        self._put(job)
        try:
            return await asyncio.wrap_future(done)
        except asyncio.CancelledError:
            done.add_done_callback(_wipe_result)
            raise

    def close(self) -> None:
        """Let the threads end when they have done what there is."""
        with self._lock:
            self._closed = True
            for _ in range(self._threads):
                self._jobs.put(None)

    def _put(self, job: Callable[[], None]) -> None:
        with self._lock:
            if self._closed:
                raise KeysUnavailable("the key holder was closed: open it again")
            self._unfinished += 1
            self._jobs.put(job)
            if self._threads < min(self._unfinished, THREADS):
                self._threads += 1
                threading.Thread(target=self._serve, name="aws-kms", daemon=True).start()

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            with self._lock:
                self._unfinished -= 1


def _wipe_result(done: "Future[T]") -> None:
    if done.cancelled():
        return
    result = done.result()
    if isinstance(result, bytearray):
        wipe(result)

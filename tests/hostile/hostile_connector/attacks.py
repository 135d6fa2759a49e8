"""Eleven ways to harm whoever shares a machine, and two tools that are harmless."""

import ctypes
import os
import re
import signal
import sys
import threading
import time
from contextlib import suppress

from connector_vault.connector import Api
from hostile_connector.kernel import call

__all__ = [
    "answer_64_mb",
    "deadlock",
    "eat_memory",
    "flood",
    "fork_without_end",
    "greet",
    "ignore_the_end",
    "leak_descriptors",
    "leave",
    "outlive",
    "spin",
    "spin_in_c",
    "touch_nothing",
]


async def greet(api: Api, text: str = "") -> str:
    """Say the text again."""
    return text


async def spin(api: Api) -> None:
    """Compute without end."""
    while True:
        pass


async def spin_in_c(api: Api) -> None:
    """Hold the interpreter's lock in C, where no handler of a signal runs, and ignore SIGTERM."""
    _turn_a_deaf_ear()
    re.match(r"(a+)+$", "a" * 64 + "b")


async def outlive(api: Api) -> None:
    """Spin, having asked the kernel not to end this process with the vault."""
    with suppress(OSError):
        call("prctl", 1, 0, 0, 0, 0)
    await spin_in_c(api)


async def deadlock(api: Api) -> None:
    """Wait for oneself."""
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


async def ignore_the_end(api: Api) -> None:
    """Sleep on, whoever asks politely."""
    _turn_a_deaf_ear()
    while True:
        time.sleep(60)  # noqa: ASYNC251  # hostile


async def eat_memory(api: Api) -> None:
    """Take all there is."""
    taken = []
    while True:
        taken.append(bytearray(16 * 1024 * 1024))


async def leave(api: Api) -> None:
    """End the process."""
    os._exit(3)


async def touch_nothing(api: Api) -> None:
    """Read address 0."""
    ctypes.string_at(0)


async def fork_without_end(api: Api) -> list[int]:
    """Make processes. Gives how many, and what stopped it."""
    for made in range(50):
        try:
            if os.fork() == 0:
                time.sleep(60)  # noqa: ASYNC251  # hostile
                os._exit(0)
        except OSError as error:
            return [made, error.errno or 0]
    return [50, 0]


async def leak_descriptors(api: Api) -> list[int]:
    """Hold all the descriptors there are. Gives how many, and what stopped it."""
    for made in range(5000):
        try:
            os.dup(0)
        except OSError as error:
            return [made, error.errno or 0]
    return [5000, 0]


async def flood(api: Api) -> str:
    """Print for 0.3 seconds."""
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        sys.stdout.write("x" * 65536)
        os.write(2, b"y" * 65536)
    return "printed"


async def answer_64_mb(api: Api) -> str:
    """Answer more than anybody can read."""
    return "y" * (64 * 1024 * 1024)


def _turn_a_deaf_ear() -> None:
    for one in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)

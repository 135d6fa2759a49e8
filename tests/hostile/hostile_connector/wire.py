"""Speaking to the vault in the worker's place, on the socket that takes its answers."""

import gc
import json
import os
import signal
import socket
import stat
import struct
import time

from connector_vault.connector import Api

__all__ = ["answer_late", "answer_twice", "say", "say_and_leave", "say_and_stay"]

_HEAD = struct.Struct(">I")


async def say(api: Api, text: str, more: int = 0) -> str:
    """Write this, as it is, before the worker answers. `ID` stands for the order's number, and
    `MORE` for as many characters."""
    said = text.replace("ID", _asked()).replace("MORE", "x" * more)
    _orders().sendall(said.encode("latin-1"))
    return "the worker's own answer"


async def say_and_leave(api: Api, text: str) -> None:
    """Write this, and end the process."""
    _orders().sendall(text.encode("latin-1"))
    os._exit(0)


async def say_and_stay(api: Api, text: str) -> None:
    """Write this, and never end."""
    _orders().sendall(text.encode("latin-1"))
    time.sleep(60)  # noqa: ASYNC251  # hostile


async def answer_twice(api: Api, times: int = 1) -> str:
    """Answer, and answer again with the same number."""
    answer = _frame({"id": _asked(), "value": "forged", "spent": False})
    _orders().sendall(answer * times)
    return "second"


async def answer_late(api: Api) -> str:
    """Answer, and again at some time during whatever comes next."""
    orders, answer = _orders(), _frame({"id": _asked(), "value": "late", "spent": False})
    signal.signal(signal.SIGALRM, lambda *_: orders.sendall(answer))
    signal.setitimer(signal.ITIMER_REAL, 0.03)
    return "in time"


def sockets() -> list[socket.socket]:
    """Give the worker's sockets: first that of its orders, then its way out."""
    found = {os.fstat(one).st_ino: one for one in reversed(range(64)) if _is_socket(one)}
    return [socket.socket(fileno=os.dup(one)) for one in sorted(found.values())[:2]]


def _orders() -> socket.socket:
    one, _ = sockets()
    one.setblocking(True)
    return one


def _is_socket(number: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(number).st_mode)
    except OSError:
        return False


def _asked() -> str:
    """Find the number of the order this process was given, where it lies in memory."""
    found = [one for one in gc.get_objects() if isinstance(one, dict) and _is_order(one)]
    return str(found[-1]["id"])


def _is_order(one: dict[str, object]) -> bool:
    return "id" in one and "arguments" in one and "tool" in one


def _frame(document: object) -> bytes:
    body = json.dumps(document).encode()
    return _HEAD.pack(len(body)) + body

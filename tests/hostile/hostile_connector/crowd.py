"""Harm by what is shared: the vault's loop, and what the kernel counts per user."""

import array
import ctypes
import socket
import time
from itertools import takewhile

from connector_vault.connector import Api, Json
from hostile_connector.way_out import exchanged
from hostile_connector.wire import sockets

__all__ = [
    "answer_escapes",
    "answer_lists",
    "ask_in_crumbs",
    "ask_much",
    "hold_descriptors",
    "make_threads",
]

_STACK = 1024
"""Bytes."""

_THREAD = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000
"""CLONE_VM, CLONE_FS, CLONE_FILES, CLONE_SIGHAND, CLONE_THREAD, CLONE_SYSVSEM."""


async def answer_escapes(api: Api, size: int) -> str:
    """Answer what looks like an address all through."""
    return "%41" * (size // 3)


async def answer_lists(api: Api, size: int) -> list[Json]:
    """Answer as many objects as fit."""
    return [[]] * (size // 3)


async def ask_in_crumbs(api: Api, size: int) -> int:
    """Send a body in pieces of one byte. Gives the size of the answer."""
    head = "POST https://api.hostile.example/v1/echo HTTP/1.1\r\nhost: x\r\n"
    crumbs = b"1\r\nx\r\n" * size + b"0\r\n\r\n"
    return len(exchanged(head.encode() + b"transfer-encoding: chunked\r\n\r\n" + crumbs, 1))


async def ask_much(api: Api, size: int) -> int:
    """Send many requests at once, until it is hung up on. Gives the size of the answers."""
    head = "GET https://api.hostile.example/v1/none HTTP/1.1\r\nhost: x\r\n\r\n"
    return len(exchanged(head.encode() * size, 0))


async def hold_descriptors(api: Api) -> str:
    """Have as many descriptors under way as a message carries, and never arrive."""
    _, out = sockets()
    out.setblocking(True)
    out.sendall(b"GET https://api.hostile.example/v1/slow HTTP/1.1\r\nhost: x\r\n\r\n")
    many = array.array("i", [0] * 253)
    out.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, many)])
    time.sleep(60)  # noqa: ASYNC251  # hostile
    return "never"


async def make_threads(api: Api, most: int) -> int:
    """Make threads as cheaply as the kernel lets one. Gives how many."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.clone.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p]
    stacks = ctypes.create_string_buffer(_STACK * (most + 1))
    base = (ctypes.addressof(stacks) + 63) // 64 * 64
    tops = (base + _STACK * number for number in range(1, most + 1))
    made = (libc.clone(ctypes.cast(libc.pause, ctypes.c_void_p), top, _THREAD, 0) for top in tops)
    return sum(1 for _ in takewhile(lambda number: number > 0, made))

"""Asking the provider without the worker's own client: raw bytes on the way out."""

import re
import select
import signal
import socket

from connector_vault.connector import Api
from hostile_connector.wire import sockets

__all__ = ["ask", "ask_without_end", "change", "exchanged", "half_ask"]

_PIECE = 65536


async def ask(api: Api, text: str, answers: int = 1) -> str:
    """Send this as it is, and give what comes back: so many answers, or all until the end."""
    return exchanged(text.encode("latin-1"), answers).decode("latin-1")


async def half_ask(api: Api, text: str) -> str:
    """Send this, and answer at once."""
    _out().sendall(text.encode("latin-1"))
    return "answered"


async def ask_without_end(api: Api, text: str) -> str:
    """Have an alarm go on asking, and answer."""
    out, message = _out(), text.encode("latin-1")
    signal.signal(signal.SIGALRM, lambda *_: out.sendall(message))
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    return "answered"


async def change(api: Api, text: str) -> str:
    """Send a change as it is, and answer without waiting for what came of it."""
    _out().sendall(text.encode("latin-1"))
    return "nothing happened"


def _out() -> socket.socket:
    _, out = sockets()
    out.setblocking(True)
    return out


def exchanged(message: bytes, answers: int) -> bytes:
    """Send and receive at once, so that neither side waits for the other. 0 answers: all."""
    out, heard = _out(), b""
    out.setblocking(False)
    while not answers or _complete(heard) < answers:
        readable, writable, _ = select.select([out], [out] if message else [], [])
        try:
            if writable:
                message = message[out.send(message[:_PIECE]) :]
            if readable:
                if not (piece := out.recv(_PIECE)):
                    break
                heard += piece
        except OSError:
            break
    return heard


def _complete(heard: bytes) -> int:
    """Count the answers that are whole."""
    count, end = 0, _end(heard, 0)
    while end:
        count, end = count + 1, _end(heard, end)
    return count


def _end(heard: bytes, begin: int) -> int:
    """Give where the answer ends that begins here; 0: it is not whole."""
    head, found, _ = heard[begin:].partition(b"\r\n\r\n")
    if not found:
        return 0
    body = begin + len(head) + len(found)
    length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
    if length is None:
        return heard.find(b"0\r\n\r\n", body) + 5 if b"0\r\n\r\n" in heard[body:] else 0
    end = body + int(length[1])
    return end if end <= len(heard) else 0

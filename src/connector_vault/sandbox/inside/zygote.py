"""The zygote: it has imported what workers need, runs no tool, and forks a worker when told.

It is exec'd with an empty environment by `nursery.py`, so that nothing of the vault is in its
memory; and it has one thread, so that forking is safe.
"""

import gc
import json
import os
import signal
import socket
import sys
from typing import NoReturn

from connector_vault.connector import Json
from connector_vault.sandbox.frames import HELLO, pack
from connector_vault.sandbox.inside import kernel
from connector_vault.sandbox.inside.hardening import Hardening
from connector_vault.sandbox.inside.rehearsal import play, rehearse
from connector_vault.sandbox.inside.worker import Worker

__all__ = ["READY", "main"]

READY = b"ready"

_MAX_ORDER = 65536
"""Bytes."""


def main() -> NoReturn:
    """Prepare, then fork a worker for each message, until the vault hangs up."""
    control = socket.socket(fileno=int(sys.argv[1]))
    play()
    hardening = Hardening.prepare(int(sys.argv[2]))
    # Nobody waits for workers: the kernel clears them away.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _settle()
    _be_quiet()
    control.send(READY)
    known: set[tuple[str, str]] = set()
    while True:
        order, sockets, _, _ = socket.recv_fds(control, _MAX_ORDER, 2)
        if not order:
            os._exit(0)
        said = json.loads(order)
        module, name = said["preload"] or ("", "")
        if module and (module, name) not in known:
            # What a connector needs is built when it is first called, and not before.
            known.add((module, name))
            rehearse(module, name)
            _settle()
        _fork(control, hardening, said, sockets)


def _settle() -> None:
    # Pages that no collection touches stay shared with every worker.
    gc.collect()
    gc.freeze()


def _fork(control: socket.socket, hardening: Hardening, said: Json, sockets: list[int]) -> None:
    zygote = os.getpid()
    try:
        if os.fork() == 0:
            _be_worker(control, hardening, said, sockets, zygote)
    except OSError:
        # No more processes: the vault sees its sockets closed.
        pass
    finally:
        for one in sockets:
            os.close(one)


def _be_worker(
    control: socket.socket, hardening: Hardening, said: Json, sockets: list[int], zygote: int
) -> NoReturn:
    try:
        control.close()
        kernel.die_with_parent(zygote)
        orders, out = (socket.socket(fileno=one) for one in sockets)
        worker = Worker.made(orders, out)
        # With it the vault ends this process, and hears that it has ended.
        handle = os.pidfd_open(os.getpid())
        # A hardened process can hand over nothing more.
        socket.send_fds(orders, [HELLO], [handle])
        os.close(handle)
        attained = hardening.apply(said["readable"])
        orders.sendall(pack({"pid": os.getpid(), **attained._asdict()}))
        worker.serve()
    finally:
        os._exit(0)


def _be_quiet() -> None:
    # What a tool prints goes nowhere: a full pipe would stop it.
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)
    os.close(nothing)

"""Where workers come from: a zygote, started when the first is wanted and again if it dies."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

from connector_vault.connector import Json
from connector_vault.errors import Crashed, Misconfigured
from connector_vault.sandbox.process import Process, readable

__all__ = ["NEWEST", "Nursery"]

NEWEST = 7
"""The latest Landlock ABI this was written for. Later ones may only forbid more."""

_START = 30.0
"""Seconds a zygote may take to be ready."""

_END = 2.0
"""Seconds it may take to leave."""

_PROGRAM = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[3]); "
    "from connector_vault.sandbox.inside.zygote import main; main()"
)
"""Isolated mode (`-I`) drops PYTHONPATH and the script's folder: the path of this process is handed
over instead, as it is now."""

_KEPT = ("LD_LIBRARY_PATH",)
"""Some Pythons do not start without it. Of the environment nothing else is handed over."""

_READY = b"ready"

_MAX_WORDS = 300
"""Characters of what a zygote says that cannot start."""


class Nursery:
    """Has workers forked by a process that never held a secret."""

    def __init__(self, *, landlock: int = NEWEST) -> None:
        self._landlock = landlock
        self._zygote: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._turn = asyncio.Lock()
        self._closed = False

    async def start(self) -> None:
        """Start the zygote, if it is not there.

        Raises:
            Misconfigured: it cannot be started.
        """
        async with self._turn:
            if self._closed:
                raise Misconfigured("the gateway was closed: make another")
            if self._zygote is None or self._zygote.poll() is not None:
                await self._leave()
                await self._exec()

    async def fork(
        self, readable: Sequence[str] = (), preload: tuple[str, str] | None = None
    ) -> Process:
        """Have a worker forked. `readable`: what it may read although it is hardened.

        `preload`: module and name of a connector that the zygote imports first, once for all.

        Raises:
            Misconfigured: no worker can be made here.
            Crashed: this one was not.
        """
        await self.start()
        try:
            (orders, its_orders), (out, its_out) = socket.socketpair(), socket.socketpair()
        except OSError as error:
            what = error.strerror or "no sockets"
            raise Crashed(f"no process for a tool can be made now ({what}): try again") from error
        for one in (orders, out):
            one.setblocking(False)
        try:
            with its_orders, its_out:
                order: dict[str, Json] = {"readable": list(readable), "preload": preload}
                await self._tell(order, its_orders, its_out)
            process = await Process.met(orders, out)
        except BaseException:
            # A worker whose other ends are closed leaves by itself.
            orders.close()
            out.close()
            raise
        process.zygote = self._zygote
        return process

    def is_live(self, process: Process) -> bool:
        """Tell whether the zygote of a worker lives. If not, the worker is about to die."""
        zygote = self._zygote
        return zygote is not None and process.zygote is zygote and zygote.poll() is None

    def kill(self) -> None:
        """End the zygote, and with it all workers, without waiting for anything."""
        self._closed = True
        if self._zygote is not None:
            _hush(self._zygote)
            self._zygote.kill()
            self._zygote.wait()
        if self._control is not None:
            self._control.close()

    async def close(self) -> None:
        """Let the zygote leave, and wait until it has."""
        async with self._turn:
            self._closed = True
            await self._leave()

    async def _exec(self) -> None:
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        said = (str(its.fileno()), str(self._landlock), _path())
        program = (sys.executable, "-I", "-B", "-c", _PROGRAM, *said)
        with its:
            # Started here and not in a thread, with which its death signal would be tied up.
            self._zygote = subprocess.Popen(  # noqa: ASYNC220, S603  # our own interpreter
                program,
                env={name: os.environ[name] for name in _KEPT if name in os.environ},
                cwd="/",
                pass_fds=[its.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        self._control = ours
        if not await _is_ready(ours):
            words = await asyncio.to_thread(_last_words, self._zygote)
            await self._leave()
            raise Misconfigured(f"no process for tools can be started: {words}")
        _hush(self._zygote)

    async def _tell(self, order: dict[str, Json], *sockets: socket.socket) -> None:
        message, numbers = json.dumps(order).encode(), [one.fileno() for one in sockets]
        while self._control is not None:
            try:
                socket.send_fds(self._control, [message], numbers)
            except BlockingIOError:
                # It has many to fork.
                await asyncio.sleep(0.001)
            except OSError:
                break
            else:
                return
        raise Crashed("the process that makes others for tools has ended: try again")

    async def _leave(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        zygote, self._zygote = self._zygote, None
        if zygote is None:
            return
        _hush(zygote)
        try:
            await _gone(zygote)
        finally:
            zygote.kill()
            # It is gone or going: this waits for nothing but the kernel.
            zygote.wait()


def _path() -> str:
    return json.dumps([os.path.abspath(one) for one in sys.path])  # noqa: PTH100  # "" is here


async def _is_ready(control: socket.socket) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(_START):
            await readable(control)
            return control.recv(len(_READY)) == _READY
    return False


async def _gone(zygote: subprocess.Popen[bytes]) -> None:
    if zygote.poll() is not None:
        return
    handle = os.pidfd_open(zygote.pid)
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(_END):
                await readable(handle)
    finally:
        os.close(handle)


def _last_words(zygote: subprocess.Popen[bytes]) -> str:
    zygote.kill()
    _, said = zygote.communicate()
    lines = said.decode(errors="replace").strip().splitlines()
    words = "".join(one for one in (lines or [""])[-1] if one.isprintable())
    return words[:_MAX_WORDS] or f"{sys.executable} ended with {zygote.returncode}"


def _hush(zygote: subprocess.Popen[bytes]) -> None:
    # Once it is ready it says nothing more.
    if zygote.stderr is not None:
        zygote.stderr.close()

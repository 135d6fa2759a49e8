"""One worker, seen from the vault: asked, ended, and known to be gone."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from secrets import token_hex

from pydantic import TypeAdapter

from connector_vault.connector import Json
from connector_vault.errors import Crashed
from connector_vault.sandbox.frames import HEAD, HELLO, MAX_RESULT, pack, unpack
from connector_vault.sandbox.level import Isolation, Mode

__all__ = ["Process", "readable"]

_PIECE = 256 * 1024
"""Bytes read at a time."""

_READER = TypeAdapter(dict[str, Json])

_DIED = "the tool ended its own process: tell its author"


@dataclass(slots=True, kw_only=True, eq=False)
class Process:
    """A worker. It is trusted to have hardened itself, and with nothing it says later."""

    orders: socket.socket
    out: socket.socket
    """What it asks providers comes here."""
    handle: int
    """A pidfd: it names this process and never another that was given its number."""
    born: float
    """A time of the loop's clock."""
    pid: int = 0
    landlock: int = 0
    seccomp: bool = False
    calls: int = 0
    spent: bool = False
    """Whether it must not be used again."""
    zygote: object = None
    """What forked it. It dies with that."""

    @classmethod
    async def met(cls, orders: socket.socket, out: socket.socket) -> "Process":
        """Hear the first words of a worker that was just forked.

        Raises:
            Crashed: it ended without any.
        """
        await readable(orders)
        _, handles, _, _ = socket.recv_fds(orders, len(HELLO), 1)
        if not handles:
            raise Crashed("a process for tools could not be started: see `connector-vault doctor`")
        now = asyncio.get_running_loop().time()
        self = cls(orders=orders, out=out, handle=handles[0], born=now)
        try:
            said = await self._read(bytes)
            self.pid, self.landlock = said["pid"], said["landlock"]
            self.seccomp = said["seccomp"]
        except BaseException:
            self.kill()
            os.close(self.handle)
            raise
        return self

    @property
    def silent(self) -> bool:
        """Whether it lives, and has said nothing that nobody asked for."""
        return not any(_has_bytes(one) for one in (self.orders, self.out))

    def isolation(self, mode: Mode) -> Isolation:
        """Give what this worker attained."""
        return Isolation(mode=mode, landlock=self.landlock, seccomp=self.seccomp)

    async def ask(
        self,
        order: Mapping[str, Json],
        files: Sequence[int] = (),
        clean: Callable[[bytes], bytes] = bytes,
    ) -> Mapping[str, Json]:
        """Give an order, and what the worker says of it.

        `files`: descriptors it is given. `clean`: takes out of its words what must not pass.

        Raises:
            Crashed: it died, or said what is no answer.
        """
        self.calls += 1
        # Not to be guessed: an answer that was sent too early, or twice, is not the next one's.
        number = token_hex(8)
        await self._send(pack({**order, "id": number}), files)
        said = await self._read(clean)
        if said.get("id") != number:
            raise Crashed("the tool's process answered what it was not asked: tell its author")
        self.spent = self.spent or said.get("spent") is not False
        return said

    def kill(self) -> None:
        """End it, whatever it does. No signal handler of its own can put that off."""
        self.spent = True
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.handle, signal.SIGKILL)

    async def end(self) -> None:
        """End it, wait until the kernel says that it is gone, and close what leads to it."""
        self.kill()
        await readable(self.handle)
        for one in (self.orders, self.out):
            one.close()
        os.close(self.handle)

    async def _send(self, frame: bytes, files: Sequence[int]) -> None:
        loop = asyncio.get_running_loop()
        try:
            if files:
                # The first byte carries them: a worker's buffer always has room for it.
                socket.send_fds(self.orders, [frame[:1]], list(files))
                frame = frame[1:]
            await loop.sock_sendall(self.orders, frame)
        except OSError:
            raise Crashed(_DIED) from None

    async def _read(self, clean: Callable[[bytes], bytes]) -> Mapping[str, Json]:
        said = bytearray(await self._piece(_PIECE))
        while len(said) < HEAD.size:
            said += await self._piece(_PIECE)
        (size,) = HEAD.unpack_from(said)
        # Before more of it is read.
        if size > MAX_RESULT:
            msg = f"the tool's result is longer than {MAX_RESULT:,} bytes: ask for less"
            raise Crashed(msg)
        while (more := HEAD.size + size - len(said)) > 0:
            # A piece comes at once while there is more: the loop and the deadline need a turn.
            await asyncio.sleep(0)
            said += await self._piece(min(more, _PIECE))
        # Whoever says more than was asked is not asked again.
        self.spent = self.spent or more < 0
        try:
            return _READER.validate_python(unpack(clean(bytes(said[HEAD.size : HEAD.size + size]))))
        except ValueError:
            raise Crashed("the tool's process did not answer in JSON: tell its author") from None

    async def _piece(self, most: int) -> bytes:
        try:
            piece = await asyncio.get_running_loop().sock_recv(self.orders, most)
        except OSError:
            piece = b""
        if not piece:
            raise Crashed(_DIED)
        return piece


async def readable(descriptor: socket.socket | int) -> None:
    """Wait until there is something to read; of a pidfd, until its process is gone."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
    loop.add_reader(number, _settle, ready)
    try:
        await ready
    finally:
        loop.remove_reader(number)


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def _has_bytes(one: socket.socket) -> bool:
    try:
        one.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True

"""Many callers who want one token at the same moment, in a process of their own.

It prints `ready`, waits for a line, and prints what its callers were given.
"""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from connector_vault.demo.stage import CLIENT, OWNER
from connector_vault.room import now_ms
from connector_vault.vault import Vault

__all__ = ["Gang", "crowd"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gang:
    """What one process's callers were given."""

    pid: int
    answers: int
    fingerprints: list[str]
    """Of the different tokens they were given."""
    generations: list[int]


async def crowd(
    processes: int, callers: int, *, folder: str, url: str, connection: str, shift: int
) -> list[Gang]:
    """Let processes of callers ask for a token, all released at once. `shift` is in seconds."""
    said = [folder, url, connection, str(callers), str(shift)]
    gangs = [await _spawn(said) for _ in range(processes)]
    for gang in gangs:
        await _line(gang)
    for gang in gangs:
        assert gang.stdin  # noqa: S101  # a pipe was asked for
        gang.stdin.write(b"go\n")
    answers = [json.loads(await _line(gang)) for gang in gangs]
    for gang in gangs:
        await gang.wait()
    return [Gang(**answer) for answer in answers]


async def _spawn(arguments: Sequence[str]) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, *arguments, stdin=pipe, stdout=pipe
    )


async def _line(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout  # noqa: S101  # a pipe was asked for
    line = await asyncio.wait_for(process.stdout.readline(), timeout=60)
    if not line:
        msg = f"a process of callers ended with {await process.wait()}"
        raise RuntimeError(msg)
    return line


async def _work(folder: str, url: str, connection: str, callers: int, shift: int) -> Gang:
    async with Vault.open(
        f"sqlite:///{folder}/vault.db",
        keys=f"local:{folder}/vault.key",
        clients=[CLIENT],
        emulator=url,
        clock=lambda: now_ms() + shift * 1000,
    ) as vault:
        print("ready", flush=True)  # noqa: T201  # this is what the other process reads
        await asyncio.to_thread(sys.stdin.readline)
        asked = (vault.token(connection, owner=OWNER, purpose="crowd") for _ in range(callers))
        tokens = await asyncio.gather(*asked)
    return Gang(
        pid=os.getpid(),
        answers=len(tokens),
        fingerprints=sorted(
            {sha256(one.secret.reveal().encode()).hexdigest()[:12] for one in tokens}
        ),
        generations=sorted({one.generation for one in tokens}),
    )


if __name__ == "__main__":
    folder_, url_, connection_, callers_, shift_ = sys.argv[1:]
    gang_ = asyncio.run(_work(folder_, url_, connection_, int(callers_), int(shift_)))
    print(json.dumps({name: getattr(gang_, name) for name in Gang.__slots__}))  # noqa: T201

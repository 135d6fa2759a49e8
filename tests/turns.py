"""Processes that rotate keys until they are killed: `python -m tests.turns`.

It reads a list of victims a line, makes each by a fork, lets it kill itself at a step or kills it
at a moment of its own, and prints how each ended. A victim says so once it begins.
"""

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from contextlib import contextmanager, suppress
from pathlib import Path

import anyio._backends._asyncio  # noqa: F401  # before the fork, here and below
import asyncpg  # noqa: F401

from connector_vault import Vault, rotation
from connector_vault.errors import NotAllowed
from connector_vault.keys.local import LocalKeys, file
from connector_vault.rotation import Rotation
from connector_vault.stores import Rewrap, sqlite
from connector_vault.stores.listing import Listing
from connector_vault.stores.postgres import PostgresStore
from connector_vault.stores.postgres.writer import Writer
from connector_vault.undertaking import Undertakings
from tests.deeds import ROOT

FILES = ("drafting", "drafted", "replaced", "settled", "wiped")
"""What replacing a key file goes through. A victim may die as soon as it has come to a step."""

TURN = (*FILES, "listed", "unwrapped", "rewrapped", "storing", "stored", "done")
RETIREMENT = ("resting", "retiring", *FILES, "retired")
MOVE = ("listed", "opened", "unwrapped", "held", "storing", "stored", "done")
"""To another holder: then a data key is seen in between."""

_PAGE = 50
"""Data keys. A few hundred are several pages."""

_LONGEST = 120.0
"""Seconds a victim lives if nobody kills it."""


class Fate:
    """The step at which this process dies, and how often it comes to it before."""

    def __init__(self, step, spared=0):
        self._step = step
        self._left = spared

    def meet(self, step):
        """Come to a step."""
        if step != self._step:
            return
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1


def watch(fate):
    """Let this process come to the steps of what it does. What is done stays as it is."""
    _call(tempfile, "mkstemp", fate, after="drafting")
    _call(file, "_write", fate, after="drafted")
    _call(Path, "replace", fate, after="replaced")
    _call(file, "_sync", fate, after="settled")
    _call(os, "pwrite", fate, after="wiped")
    _call(LocalKeys, "_unwrap", fate, after="unwrapped")
    _call(sqlite, "apply", fate, after="storing", of=lambda _, changes, __: _rewraps(*changes))
    _follow(Listing, "page", fate, after="listed")
    _follow(LocalKeys, "rewrap", fate, after="rewrapped")
    _follow(LocalKeys, "unwrap", fate, after="opened")
    _follow(LocalKeys, "wrap", fate, after="held")
    _follow(LocalKeys, "retire", fate, before="retiring", after="retired")
    _follow(Rotation, "rewrap", fate, after="done")
    _follow(Undertakings, "rest", fate, before="resting")
    _follow(Writer, "_once", fate, meanwhile="storing")
    for store in (sqlite.SqliteStore, PostgresStore):
        _follow(store, "commit", fate, after="stored", of=lambda _, *changes: _rewraps(*changes))


def _rewraps(*changes):
    return any(isinstance(one, Rewrap) for one in changes)


def _call(owner, name, fate, *, after, of=lambda *_: True):
    done = getattr(owner, name)

    def called(*given, **said):
        result = done(*given, **said)
        if of(*given):
            fate.meet(after)
        return result

    setattr(owner, name, called)


def _follow(owner, name, fate, *, before="", meanwhile="", after="", of=lambda *_: True):
    done = getattr(owner, name)

    async def followed(*given, **said):
        fate.meet(before)
        task = asyncio.create_task(done(*given, **said))
        if meanwhile:
            # It has been sent, and maybe made, and no answer was heard.
            await asyncio.sleep(0.001)
            fate.meet(meanwhile)
        result = await task
        if of(*given):
            fate.meet(after)
        return result

    setattr(owner, name, followed)


_WORKS = {
    "rotate": [Vault.rotate],
    "rewrap": [lambda vault: vault.rotation.rewrap()],
    "retire": [lambda vault: vault.rotation.retire()],
    "both": [Vault.rotate, lambda vault: vault.rotation.retire()],
}


async def _live(place, deed, turns):
    """Open a vault, and do a deed so often."""
    database, keys, journal = place
    async with Vault.open(database, keys=keys, journal=journal, background=False) as vault:
        _say()
        async with asyncio.timeout(_LONGEST):
            for _ in range(turns):
                for work in _WORKS[deed]:
                    # Another may have rotated since.
                    with suppress(NotAllowed):
                        await work(vault)


def _say():
    os.write(1, b".")


def _fork(told):
    """Make a victim. Give its number, and a file that says when it has begun."""
    begun, says = os.pipe()
    number = os.fork()
    if number:
        os.close(says)
        return number, begun
    code = 1
    try:
        os.dup2(says, 1)
        rotation._UNDER_WAY = 0.0
        rotation._PAGE = told.get("page", _PAGE)
        watch(Fate(told.get("last"), told.get("spared", 0)))
        asyncio.run(_live(told["place"], told["deed"], told.get("turns", 1)))
        code = 0
    except BaseException:  # noqa: BLE001  # a child of a fork must not return
        traceback.print_exc()
    finally:
        os._exit(code)


def kill(victims):
    """Make victims, kill each at its time after it began, and give how they ended."""
    made = [(*_fork(told), told.get("after")) for told in victims]
    waiting = {begun: (number, after) for number, begun, after in made}
    due = []
    while waiting or due:
        soon = max(0.0, min(due)[0] - time.monotonic()) if due else None
        for begun in select.select([*waiting], [], [], soon)[0]:
            number, after = waiting.pop(begun)
            os.close(begun)
            if after is not None:
                due.append((time.monotonic() + after, number))
        for moment, number in [one for one in due if one[0] <= time.monotonic()]:
            due.remove((moment, number))
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
    return [os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) for number, *_ in made]


@contextmanager
def victims():
    """Have such a process. Gives what runs victims, and says how they ended."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen((sys.executable, "-m", "tests.turns"), cwd=ROOT, **pipes) as process:
        assert process.stdout.readline() == b"ready\n"

        async def run(*wanted):
            process.stdin.write(json.dumps(wanted).encode() + b"\n")
            process.stdin.flush()
            return json.loads(await asyncio.to_thread(process.stdout.readline))

        yield run
        process.stdin.close()


def main():
    """Do what each line says, until there is no more."""
    print("ready", flush=True)  # noqa: T201  # the test reads it, here and below
    for line in sys.stdin:
        print(json.dumps(kill(json.loads(line))), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()

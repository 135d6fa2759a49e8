"""Where hostile tools are let loose: a vault, a gateway, neighbours, and everybody watched."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from connector_vault import Gateway, Owner, Secret, Vault, emulator
from connector_vault.errors import ConnectorVaultError
from connector_vault.sandbox.process import Process
from tests.deeds import ADA, CALLBACK, CLIENT, until

NAMES = ("hostile", "hostile_named", "hostile_stalled")
HOW = ("hostile", "hostile_named")
"""A third party's tools are given as functions, or only named."""

MALLORY = Owner(tenant="other", user="mallory")
NEIGHBOURS = tuple(Owner(tenant="acme", user=name) for name in ("ada", "bob", "carol"))
ISSUES = {"owner": "octocat", "repo": "hello-world"}
TOKEN = Secret("hst_A1b2C3d4E5f6G7h8I9j0KLMNopqr")


@dataclass
class Watched:
    """A worker, and a handle of our own on its process."""

    process: Process
    handle: int
    died: float | None = None
    """When the kernel said so, by the loop's clock."""

    def note_death(self):
        loop = asyncio.get_running_loop()
        self.died = loop.time()
        self.let_go()

    def let_go(self):
        asyncio.get_running_loop().remove_reader(self.handle)
        os.close(self.handle)


@dataclass
class Lab:
    """A vault with everybody's connections, and a gateway as it is by default."""

    vault: Vault
    gateway: Gateway
    world: emulator.World
    keys: Path
    workers: list[Watched] = field(default_factory=list)

    async def attack(self, tool, arguments=None, **options):
        """Have Mallory call a tool: give the result or the error."""
        try:
            return await self.gateway.call(MALLORY, tool, arguments or {}, **options)
        except ConnectorVaultError as error:
            return error

    async def value(self, tool, **arguments):
        """Give what a tool of the hostile connector gave."""
        result = await self.gateway.call(MALLORY, f"hostile.{tool}", arguments, timeout=10)
        return result.value

    @property
    def sandbox(self):
        return self.gateway._runner._sandbox

    @property
    def zygote(self):
        return self.sandbox._nursery._zygote.pid

    def spins(self):
        """Whether some worker computes without end."""
        return any(ticks(one.process.pid) > 5 for one in self.workers if not one.died)

    async def settle(self):
        """Wait until every process that is no longer used is gone, by a handle of our own."""
        while tasks := list(self.sandbox._pool._tasks):
            await asyncio.wait(tasks)
        await until(lambda: all(one.died for one in self.workers if one.process.spent))

    def descriptors(self):
        """Count those of this process, but for what leads to a worker: sockets and handles."""
        return descriptors() - 4 * sum(not one.died for one in self.workers)


@asynccontextmanager
async def laboratory(folder, *played, **options):
    """Open one. `played`: whose providers answer."""
    with pytest.MonkeyPatch.context() as patch:
        workers = []
        patch.setattr(Process, "met", _watched(Process.met, workers))
        keys, database = f"local:{folder / 'vault.key'}", f"sqlite:///{folder / 'vault.db'}"
        async with emulator.running("github", "hostile", *played) as world:
            said = {"keys": keys, "clients": [CLIENT], "emulator": world.url}
            async with Vault.open(database, **said) as vault:
                for name in NAMES:
                    await vault.add(name, MALLORY, secret=TOKEN)
                async with Gateway(vault, **options) as gateway:
                    yield Lab(vault, gateway, world, folder / "vault.key", workers)
        for one in workers:
            if not one.died:
                one.let_go()


def _watched(met, workers):
    async def watched(*args):
        process = await met(*args)
        with suppress(ProcessLookupError):
            one = Watched(process, os.pidfd_open(process.pid))
            workers.append(one)
            asyncio.get_running_loop().add_reader(one.handle, one.note_death)
        return process

    return watched


async def connected(vault, world, owner=ADA):
    """Connect an owner's emulated GitHub account."""
    await world.act("github", "sign_in", login="octocat")
    pending = await vault.connect("github", owner, redirect_uri=CALLBACK)
    async with httpx2.AsyncClient(verify=False) as browser:
        back = (await browser.get(pending.url)).headers["location"]
    (connection,) = await vault.finish(back, owner=owner)
    return connection


def processes(parent) -> Iterator[tuple[int, str]]:
    """List a process's children: number and state (proc(5))."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            _, _, rest = (folder / "stat").read_text().rpartition(") ")
            state, of, *_ = rest.split()
            if int(of) == parent:
                yield int(folder.name), state


def ticks(pid):
    """Give the ticks a process has computed: a hundredth of a second each (proc(5))."""
    try:
        _, _, rest = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")
    except OSError:
        return 0
    return int(rest.split()[11])


def descriptors():
    """Count those of this process."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


def held():
    """Name what this process has: its open files, by number and by what they are, and children.

    A child that ended and was not waited for counts, too. What another test left behind may go at
    any time; what comes and stays is this one's.
    """
    files = set()
    for one in Path("/proc/self/fd").iterdir():
        # That of the listing is closed again.
        with suppress(FileNotFoundError):
            files.add((one.name, str(one.readlink())))
    return files | {pid for pid, _ in processes(os.getpid())}


def p99(values):
    return sorted(values)[int(len(values) * 0.99)]


def outside(site, facts, names):
    """Try probes without any sandbox, in a process of their own."""
    program = [
        sys.executable,
        "-m",
        "hostile_connector.control",
        json.dumps(facts),
        json.dumps(names),
    ]
    done = subprocess.run(
        program,
        cwd=site,
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
        env=dict(os.environ),
    )
    return json.loads(done.stdout)

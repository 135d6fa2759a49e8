"""Runs tools in workers."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from connector_vault.connector import File, Json
from connector_vault.egress import Egress
from connector_vault.errors import Crashed, Misconfigured, OutcomeUnknown, Unreachable
from connector_vault.model import Owner
from connector_vault.sandbox.broker import Broker
from connector_vault.sandbox.files import handed
from connector_vault.sandbox.frames import heard
from connector_vault.sandbox.level import Isolation, Mode
from connector_vault.sandbox.nursery import NEWEST, Nursery
from connector_vault.sandbox.pool import Breed, Pool
from connector_vault.sandbox.process import Process

__all__ = ["Job", "Sandbox", "is_possible"]

_DESCRIBE = 10.0
"""Seconds that a third party's code may take to be imported and to describe its tools."""


def is_possible() -> bool:
    """Whether this system has what workers are ended by: a pidfd (Linux 5.3)."""
    return sys.platform == "linux"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One call of one tool."""

    connector: tuple[str, str]
    """Module and name."""
    called: str
    """What the tool is called by its caller, for errors: `github.create_issue`."""
    tool: str
    arguments: Mapping[str, Json]
    files: Mapping[str, File] = field(default_factory=dict[str, File])
    owner: Owner
    mode: Mode
    breed: Breed


class Sandbox:
    """Runs tools in workers. Nothing is started before it is needed."""

    def __init__(self, *, landlock: int = NEWEST) -> None:
        self._nursery = Nursery(landlock=landlock)
        self._pool = Pool(self._nursery)
        self._loop: asyncio.AbstractEventLoop | None = None
        """The one it works in, from its first use on."""

    async def start(self) -> None:
        """Start what forks workers, so that the first call need not wait for it.

        Raises:
            Misconfigured: it cannot be started.
        """
        self._check_loop()
        await self._nursery.start()

    async def close(self) -> None:
        """End every process, and wait until they are gone."""
        if self._loop not in (None, asyncio.get_running_loop()):
            # Nothing of another loop can be waited for. With its parent every worker dies.
            self._nursery.kill()
            return
        await self._pool.close()
        await self._nursery.close()

    async def run(self, job: Job, egress: Egress) -> tuple[Json, Isolation]:
        """Run a tool. A caller that is cancelled, as at a deadline, ends its process.

        Raises:
            ConnectorVaultError: what the tool met.
            Crashed: it died, or did not keep to the protocol.
            NotAllowed: its breed asks for a sandbox, and this kernel has none.
        """
        self._check_loop()
        key = (job.owner, job.called.partition(".")[0]) if job.mode == "pooled" else None
        async with self._pool.lent(job.breed, key) as process:
            isolation = process.isolation(job.mode)
            async with _let_out(process, egress):
                said = await _asked(process, job, egress)
        if "error" in said:
            error = heard(said["error"])
            # What the worker took for a broken line, this side knows better.
            raise egress.broken if egress.broken and isinstance(error, Unreachable) else error
        return said.get("value"), isolation

    async def describe(self, connector: tuple[str, str], breed: Breed) -> Sequence[Json]:
        """Have a worker import a third party's tools, and say what they take and give.

        Raises:
            ConnectorVaultError: it cannot.
        """
        self._check_loop()
        order = {"connector": connector, "called": connector[0], "describe": True}
        try:
            async with asyncio.timeout(_DESCRIBE), self._pool.lent(breed, None) as process:
                said = await process.ask(order)
        except TimeoutError:
            module, _ = connector
            words = f"{module} did not describe its tools within {_DESCRIBE:.0f} s"
            raise Crashed(f"{words}: tell its author") from None
        if "error" in said:
            raise heard(said["error"])
        tools: Sequence[Json] = said.get("tools", ())
        return tools

    async def level(self) -> Isolation:
        """Find out what a worker attains here.

        Raises:
            Misconfigured, Crashed: none can be made.
        """
        self._check_loop()
        async with self._pool.lent(Breed(), None) as process:
            return process.isolation("pooled")

    def _check_loop(self) -> None:
        loop = asyncio.get_running_loop()
        self._loop = self._loop or loop
        if self._loop is not loop:
            raise Misconfigured("this gateway belongs to another event loop: make one in this loop")


@asynccontextmanager
async def _let_out(process: Process, egress: Egress) -> AsyncGenerator[None]:
    loop = asyncio.get_running_loop()
    serving: dict[Broker, asyncio.Task[None]] = {}

    def begin() -> None:
        loop.remove_reader(process.out)
        broker = Broker(process.out, egress)
        serving[broker] = loop.create_task(broker.serve())

    # Not before it asks for something: many calls end without.
    loop.add_reader(process.out, begin)
    try:
        yield
    except BaseException:
        # First of all: whatever it does, it ends now.
        process.kill()
        raise
    finally:
        loop.remove_reader(process.out)
        for broker, task in serving.items():
            task.cancel()
            await asyncio.wait([task])
            process.spent = process.spent or not broker.quiet
    if egress.undecided:
        words = "the tool ended while a change was under way"
        raise OutcomeUnknown(f"{words}: look whether it happened before repeating it")


async def _asked(process: Process, job: Job, egress: Egress) -> Json:
    order: dict[str, Json] = {
        "connector": job.connector,
        "called": job.called,
        "tool": job.tool,
        "arguments": job.arguments,
        "account": egress.account,
        "api": egress.connector.api,
        "seconds": egress.left,
        "files": [(name, file.name, file.size) for name, file in job.files.items()],
    }
    if not job.files:
        return await process.ask(order, clean=egress.clean)
    async with handed(job.files.values()) as descriptors:
        return await process.ask(order, descriptors, egress.clean)

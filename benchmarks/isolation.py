"""What it costs to run a tool in a worker, and to ask the provider through the vault.

Inline is the same tool called in this process. Calls are made in turns of 20; those in fresh
workers one by one, with a pause in which the worker that was used up is replaced.
"""

import asyncio
import re
import time
from functools import partial
from pathlib import Path
from statistics import median

import httpx2

from benchmarks.connect import REDIRECT
from benchmarks.ground import OWNER, Ground, ground
from benchmarks.idle import connector
from benchmarks.measure import Times, in_turns, table
from connector_vault.connector import Json
from connector_vault.egress import Direct, Egress
from connector_vault.model import AccessToken
from connector_vault.sandbox.box import Job, Sandbox
from connector_vault.sandbox.level import Mode
from connector_vault.sandbox.nursery import Nursery
from connector_vault.sandbox.pool import Breed
from connector_vault.signature import signature_of

_PLACE = ("benchmarks.idle", "connector")
_PAUSE = 0.02
"""Seconds between two turns."""

_CALLS = 400
_SIZES = re.compile(r"^(Pss|Private_Dirty):\s+(\d+) kB", re.MULTILINE)


async def measure() -> str:
    """Measure both, and what a worker takes."""
    begun = time.perf_counter()
    sandbox = Sandbox()
    await sandbox.start()
    started = (time.perf_counter() - begun) * 1e3
    try:
        async with ground() as here:
            token = await _token(here)
            times = await _times(here, sandbox, token)
        footprint = await _footprint()
    finally:
        await sandbox.close()
    return "\n".join([*_tables(times), f"  a zygote is ready in {started:.0f} ms; {footprint}"])


async def _token(here: Ground) -> AccessToken:
    pending = await here.vault.connect("github", OWNER, redirect_uri=REDIRECT)
    async with httpx2.AsyncClient(trust_env=False) as browser:
        page = await browser.get(pending.url)
    (connection,) = await here.vault.finish(page.headers["location"], owner=OWNER)
    return await here.vault.token(connection.id, owner=OWNER, purpose="bench")


async def _times(here: Ground, sandbox: Sandbox, token: AccessToken) -> Times:
    async def held(_: int | None) -> AccessToken:
        return token

    async def run(tool: int, mode: Mode) -> None:
        found, arguments = connector.tools[tool], {"number": 1}
        deadline = asyncio.get_running_loop().time() + 10
        egress = Egress(connector, found, here.vault.room.http, held, deadline=deadline)
        async with asyncio.timeout_at(deadline):
            if mode == "inline":
                signature, function = signature_of(found.load()), found.load()
                bound = signature.bind(arguments)
                signature.dump(await function(Direct(egress), **bound))
            else:
                await sandbox.run(_job(found.name, arguments, mode), egress)

    async def turns(*modes: Mode, each: int) -> Times:
        contestants = {
            f"{name}, {mode}": partial(run, tool, mode)
            for tool, name in enumerate(("nothing", "one GET"))
            for mode in modes
        }
        return await in_turns(
            contestants, turns=_CALLS // each, each=each, between=lambda: asyncio.sleep(_PAUSE)
        )

    return {**await turns("inline", "pooled", each=20), **await turns("fresh", each=1)}


def _job(tool: str, arguments: dict[str, Json], mode: Mode) -> Job:
    return Job(
        connector=_PLACE,
        called=f"idle.{tool}",
        tool=tool,
        arguments=arguments,
        owner=OWNER,
        mode=mode,
        breed=Breed(ours=_PLACE, sandboxed=True),
    )


def _tables(times: Times) -> list[str]:
    beyond = {name: median(found) for name, found in times.items()}
    pooled = beyond["nothing, pooled"] - beyond["nothing, inline"]
    fresh = beyond["nothing, fresh"] - beyond["nothing, inline"]
    hop = beyond["one GET, pooled"] - beyond["one GET, inline"] - pooled
    said = (
        f"  beyond inline: pooled {pooled * 1e3:.2f} ms (owed 0.3), fresh {fresh * 1e3:.2f} ms "
        f"(owed 2); the egress hop {hop * 1e3:.2f} ms (owed 1)"
    )
    return [table("running a tool", times, floor="nothing, inline", unit=1e-3), said]


async def _footprint() -> str:
    nursery = Nursery()
    worker = await nursery.fork()
    try:
        path = Path(f"/proc/{worker.pid}/smaps_rollup")
        said = await asyncio.to_thread(path.read_text, encoding="ascii")
    finally:
        await worker.end()
        await nursery.close()
    sizes = {name: int(size) / 1024 for name, size in _SIZES.findall(said)}
    return f"a worker takes {sizes['Private_Dirty']:.1f} MiB of its own, {sizes['Pss']:.1f} MiB PSS"

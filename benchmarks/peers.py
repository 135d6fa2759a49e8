"""Getting a token, and a crowd that wants one that has ended: beside what others publish on PyPI.

Each is installed into an environment of its own below `build/peers`, in the versions that
`driven/NAME.txt` names, and driven by `driven/NAME.py`. All ask one provider, a process of its
own, which answers after 50 ms, rotates refresh tokens, and ends a grant whose refresh token comes
twice (RFC 9700 section 4.14.2). One that cannot be installed or run says why.
"""

import asyncio
import shutil
import sys
import tempfile
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from statistics import median, quantiles
from typing import NamedTuple, TypeVar

from pydantic import TypeAdapter

from benchmarks.postgres import DISK
from benchmarks.program import ROOT, Failed, program
from benchmarks.provider import Provider, access_token, providing
from connector_vault.connector import Json

__all__ = ["measure"]

T = TypeVar("T")

_TURNS = 3
_READS = 300
_DELAY = 0.05
"""Seconds a provider takes."""

_CROWDS = ((20, 1), (200, 1), (200, 4))
"""Callers, and among how many processes they are divided."""

_PATIENCE = 180.0
"""Seconds for one process to say something."""

_INSTALLING = 600.0
"""Seconds."""

_HOUR = 3600
"""Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Something to be measured."""

    name: str
    """Of its module in `driven`."""
    title: str
    python: tuple[int, int] = (3, 11)
    """What it needs at least."""
    refreshes: bool = True


_OURS = Peer(name="ours", title="connector_vault, vault.token")
_PEERS = (
    Peer(name="hermes_vault", title="hermes-vault, get_secret"),
    Peer(name="connectkit", title="connectkit, get_token"),
    Peer(name="authsome", title="authsome, get_connection", python=(3, 13)),
    Peer(name="openbao", title="OpenBao KV v2 on raft, by hvac", refreshes=False),
)


class _Crowd(NamedTuple):
    """What callers got who wanted one token at once."""

    tokens: list[str]
    errors: list[str]


class _Contestant:
    """One that is installed, driven by the Python that has it."""

    def __init__(self, peer: Peer, python: str, provider: Provider, folder: Path) -> None:
        self.peer = peer
        self._command = (python, "-m", f"benchmarks.driven.{peer.name}")
        self._provider = provider
        self._folder = folder

    async def keep(self, grant: str, seconds: int) -> Path:
        """Let it keep a token that ends in so many seconds. Gives the folder it is in."""
        folder = self._folder / f"{self.peer.name}-{grant}"
        folder.mkdir()
        await self._run("keep", folder, grant, str(seconds))
        return folder

    async def read(self, folder: Path) -> list[float]:
        """Give seconds of warm reads."""
        said = await self._run("read", folder, str(_READS))
        return TypeAdapter(list[float]).validate_python(said)

    async def crowd(self, folder: Path, callers: int, processes: int) -> _Crowd:
        """Let so many callers ask at once."""
        command = (*self._command, "crowd", self._provider.url, str(folder))
        async with AsyncExitStack() as stack, asyncio.timeout(_PATIENCE):
            running = [
                await stack.enter_async_context(program(*command, str(callers // processes)))
                for _ in range(processes)
            ]
            for process in running:
                await process.hear()
            for process in running:
                await process.say("begin")
            heard = [_crowd_of(await process.hear()) for process in running]
        tokens = [token for crowd in heard for token in crowd.tokens]
        return _Crowd(tokens, [error for crowd in heard for error in crowd.errors])

    async def _run(self, deed: str, folder: Path, *said: str) -> Json:
        command = (*self._command, deed, self._provider.url, str(folder), *said)
        async with program(*command) as process, asyncio.timeout(_PATIENCE):
            return await process.hear()


class _Contest:
    """Those that still take part, and why the others do not."""

    def __init__(self) -> None:
        self.contestants: list[_Contestant] = []
        self.unfit: dict[str, str] = {}

    async def each(self, work: Callable[[_Contestant], Awaitable[T]]) -> dict[_Contestant, T]:
        """Let one after another do something. Whoever fails is out."""
        done: dict[_Contestant, T] = {}
        for one in list(self.contestants):
            try:
                done[one] = await work(one)
            except (Failed, TimeoutError) as error:
                self.contestants.remove(one)
                self.unfit[one.peer.title] = str(error)[:160] or "it did not answer"
        return done


async def measure() -> str:
    """Install them, and measure."""
    with tempfile.TemporaryDirectory(prefix="connector-vault-bench-", dir=DISK) as folder:
        async with providing(_DELAY) as provider:
            contest = await _gathered(provider, Path(folder))
            lines = [_reads(await _warm(contest))]
            for callers, processes in _CROWDS:
                lines.append(await _crowds(contest, provider, callers, processes))
    said = [f"  {title}: not measured: {why}" for title, why in contest.unfit.items()]
    return "\n".join([*lines, *said])


async def _gathered(provider: Provider, folder: Path) -> _Contest:
    contest = _Contest()
    contest.contestants.append(_Contestant(_OURS, sys.executable, provider, folder))
    for peer in _PEERS:
        try:
            python = await _installed(peer)
        except (Failed, TimeoutError, OSError) as error:
            contest.unfit[peer.title] = str(error) or "it took too long to install"
        else:
            contest.contestants.append(_Contestant(peer, python, provider, folder))
    return contest


async def _warm(contest: _Contest) -> Mapping[str, list[float]]:
    folders = await contest.each(lambda one: one.keep(_grant(), _HOUR))
    times: dict[str, list[float]] = {}
    for _ in range(_TURNS):
        found = await contest.each(lambda one: one.read(folders[one]))
        for one, taken in found.items():
            times.setdefault(one.peer.title, []).extend(taken)
    return times


def _reads(times: Mapping[str, list[float]]) -> str:
    ours = median(times[_OURS.title])
    lines = [f"get a token that is good, in turns\n  {'':38}{'p50':>9}{'p99':>12}"]
    for title, taken in times.items():
        middle, late = median(taken), quantiles(taken, n=100)[-1]
        lines.append(f"  {title:38}{middle * 1e6:9.1f}{late * 1e6:12.1f} µs{middle / ours:9.2f} x")
    return "\n".join(lines)


async def _crowds(contest: _Contest, provider: Provider, callers: int, processes: int) -> str:
    async def one(contestant: _Contestant) -> str:
        if not contestant.peer.refreshes:
            return f"  {contestant.peer.title:38}   refreshes nothing"
        return await _crowded(contestant, provider, callers, processes)

    where = "one process" if processes == 1 else f"{processes} processes"
    head = "".join(f"{name:>9}" for name in ("POSTs", "valid", "invalid", "errors", "alive"))
    lines = [f"{callers} callers, {where}, one token that has ended\n  {'':38}{head}"]
    return "\n".join([*lines, *(await contest.each(one)).values()])


async def _crowded(
    contestant: _Contestant, provider: Provider, callers: int, processes: int
) -> str:
    grant = _grant()
    folder = await contestant.keep(grant, -60)
    await provider.told()
    crowd = await contestant.crowd(folder, callers, processes)
    told = await provider.told()
    after = await contestant.crowd(folder, 1, 1)
    ended = {*told.ended, *(await provider.told()).ended}
    valid = _valid(crowd, grant, ended)
    alive = "yes" if _valid(after, grant, ended) else "no"
    counts = (told.posts.get(grant, 0), valid, len(crowd.tokens) - valid, len(crowd.errors))
    shown = "".join(f"{count:9}" for count in counts)
    return f"  {contestant.peer.title.partition(',')[0]:38}{shown}{alive:>9}"


def _valid(crowd: _Crowd, grant: str, ended: set[str]) -> int:
    """Count the answers whose token the provider accepts: none of a grant that it ended."""
    if grant in ended:
        return 0
    return sum(token != access_token(grant) for token in crowd.tokens)


def _crowd_of(said: Json) -> _Crowd:
    found = TypeAdapter(dict[str, list[str]]).validate_python(said)
    return _Crowd(found["tokens"], found["errors"])


def _grant() -> str:
    return f"g{token_hex(4)}"


async def _installed(peer: Peer) -> str:
    """Give the Python that has it, after making that if need be."""
    wanted = ROOT / "benchmarks" / "driven" / f"{peer.name}.txt"
    place = ROOT / "build" / "peers" / peer.name
    python, mark = place / "bin" / "python", place / ".made"
    text = wanted.read_text()
    if mark.exists() and mark.read_text() == text:
        return str(python)
    base = await _python(peer)
    print(f"installing {peer.name.replace('_', '-')} into {place} ...", flush=True)
    shutil.rmtree(place, ignore_errors=True)
    await _command(base, "-m", "venv", str(place))
    quiet = ("--quiet", "--disable-pip-version-check")
    await _command(str(python), "-m", "pip", "install", *quiet, "-r", str(wanted))
    mark.write_text(text)
    return str(python)


async def _python(peer: Peer) -> str:
    """Find a Python that is new enough.

    Raises:
        Failed: there is none.
    """
    if sys.version_info[:2] >= peer.python:
        return sys.executable
    name = "python{}.{}".format(*peer.python)
    kept = Path.home() / ".pyenv" / "versions"
    found = [path for path in (shutil.which(name), *map(str, kept.glob(f"*/bin/{name}"))) if path]
    for python in found:
        try:
            await _command(python, "-c", "import venv")
        except (Failed, OSError):
            continue
        return python
    raise Failed(f"it needs {name}, and there is none")


async def _command(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=STDOUT)
    async with asyncio.timeout(_INSTALLING):
        said, _ = await process.communicate()
    if process.returncode:
        lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()]
        raise Failed(lines[-1] if lines else f"{command[0]} failed")

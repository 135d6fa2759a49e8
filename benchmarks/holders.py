"""`vault.token`, warm and cold, with each holder: beside a secret that hvac reads from OpenBao.

Cold: the data key is not at hand, as after a start or after five minutes in which nobody asked, and
the holder is asked for it.
"""

import asyncio
import math
from base64 import b64encode
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import cycle
from statistics import median, quantiles
from typing import NamedTuple

from benchmarks import kms, openbao, softhsm
from benchmarks.driven.driving import foreign
from benchmarks.ground import OWNER, placed
from benchmarks.measure import Times, in_turns
from benchmarks.openbao import Bao
from connector_vault import Secret, Vault
from connector_vault.envelope import wrap_context

__all__ = ["measure"]

_TURNS = 20
_EACH = 25

_CROWDS = (64, 128)
"""Callers at once."""

_COUNTED = (1, 64, 128, 129, 300)
"""Callers at once, when requests are counted."""

_THREADS = 8

_PEER = "peer: a secret in OpenBao's KV v2, read by hvac"
_FLOOR = "floor: transit/decrypt of one key, http.client"

_Deed = Callable[[], Awaitable[object]]


class _Held(NamedTuple):
    """A vault whose keys one holder has."""

    holder: str
    vault: Vault
    ids: Sequence[str]
    keys: Sequence[bytes]
    """The ids of their data keys."""

    async def ask(self, number: int, *, cold: bool) -> None:
        """Have one token."""
        if cold:
            self.vault.room.keyring.keys.forget(self.keys[number])
        await self.vault.token(self.ids[number], owner=OWNER, purpose="bench")

    async def crowd(self, size: int) -> None:
        """Have so many at once, and no data key at hand."""
        await asyncio.gather(*(self.ask(number, cold=True) for number in range(size)))


async def measure() -> str:
    """Measure all holders in turns, in one process."""
    async with AsyncExitStack() as stack:
        bao = stack.enter_context(openbao.serving())
        hsm = stack.enter_context(softhsm.serving())
        aws = stack.enter_context(kms.serving())
        key = bao.key() if bao else None
        uris = {"local": "", "OpenBao": key, "SoftHSM": hsm, "moto as KMS": aws}
        some = [_opened(name, uri) for name, uri in uris.items() if uri is not None]
        held = [await stack.enter_async_context(one) for one in some]
        single = {name: deed for one in held for name, deed in _alone(one).items()}
        crowds = {name: crowd for one in held for name, crowd in _crowds(one).items()}
        notes: list[str] = []
        if bao:
            beside = await stack.enter_async_context(_beside(bao, held[1]))
            single, crowds = {**beside.single, **single}, {**beside.crowds, **crowds}
            notes.append(await _counted(bao, held[1]))
        parts = {openbao.MISSING: bao, softhsm.MISSING: hsm, kms.MISSING: aws}
        notes += [f"  {words}" for words, part in parts.items() if part is None]
        return "\n".join([*_table(await _times(single, crowds)), *notes])


@asynccontextmanager
async def _opened(name: str, uri: str) -> AsyncGenerator[_Held]:
    async with (
        placed() as place,
        Vault.open(
            place.database, keys=uri or place.keys, journal=place.journal, background=False
        ) as vault,
    ):
        ids, room = list[str](), vault.room
        for number in range(max(_COUNTED) if name == "OpenBao" else max(_CROWDS)):
            secret = Secret(f"sk-{number:040}")
            ids.append((await vault.add("openrouter", OWNER, secret=secret)).id)
        rows = [await room.credential(one, OWNER) for one in ids]
        yield _Held(name, vault, ids, [row.dek_id for row in rows])


def _alone(held: _Held) -> Mapping[str, _Deed]:
    warm, cold = (cycle(range(max(_CROWDS))) for _ in range(2))
    return {
        f"{held.holder}, warm": lambda: held.ask(next(warm), cold=False),
        f"{held.holder}, cold": lambda: held.ask(next(cold), cold=True),
    }


class _Crowd(NamedTuple):
    """What so many do at once. What it takes is told for each of them."""

    size: int
    deed: _Deed


def _crowds(held: _Held) -> Mapping[str, _Crowd]:
    return {f"{held.holder}, {size} cold at once": _crowd(held, size) for size in _CROWDS}


def _crowd(held: _Held, size: int) -> _Crowd:
    return _Crowd(size, lambda: held.crowd(size))


class _Beside(NamedTuple):
    """What stands beside it: the same server, asked for a secret, or for keys and no more."""

    single: Mapping[str, _Deed]
    crowds: Mapping[str, _Crowd]


@asynccontextmanager
async def _beside(bao: Bao, held: _Held) -> AsyncGenerator[_Beside]:
    size = max(_CROWDS)
    for number in range(size):
        bao.keep(f"secret{number}", {"access_token": f"sk-{number:040}"})
    name = held.vault.room.keyring.keys.holders.current.id.rpartition("/")[2]
    items = await _items(held, size)
    numbers, chosen, loop = cycle(range(size)), cycle(items), asyncio.get_running_loop()
    read = _reading(bao)
    with ThreadPoolExecutor(_THREADS) as pool, bao.asking("decrypt", name) as ask:

        async def peer() -> None:
            read(next(numbers))

        async def peers() -> None:
            await asyncio.gather(*(loop.run_in_executor(pool, read, one) for one in range(size)))

        async def floor() -> None:
            ask(next(chosen))

        async def floors() -> None:
            ask({"batch_input": items})

        crowds = {
            f"{_PEER}, {size} in {_THREADS} threads": _Crowd(size, peers),
            f"floor: transit/decrypt of {size} keys in one request": _Crowd(size, floors),
        }
        yield _Beside({_PEER: peer, _FLOOR: floor}, crowds)


def _reading(bao: Bao) -> Callable[[int], object]:
    client = foreign("hvac:Client")(url=bao.url, token=bao.token)
    read = client.secrets.kv.v2.read_secret_version
    # Else it warns that it will be so.
    return lambda number: read(f"secret{number}", mount_point="kv", raise_on_deleted_version=True)


async def _items(held: _Held, number: int) -> list[Mapping[str, str]]:
    """Give wrapped keys as Transit is asked about them."""
    store, items = held.vault.room.store, list[Mapping[str, str]]()
    for dek_id in held.keys[:number]:
        row = await store.key(dek_id)
        assert row
        context = wrap_context(store.id, row.tenant, row.connection, row.dek_id)
        said = {"ciphertext": row.wrapped.decode(), "context": b64encode(context).decode()}
        items.append(said)
    return items


async def _times(single: Mapping[str, _Deed], crowds: Mapping[str, _Crowd]) -> Times:
    """Measure those that are alone and those in crowds by turns."""
    sizes = {name: crowd.size for name, crowd in crowds.items()}
    many = {name: crowd.deed for name, crowd in crowds.items()}
    times: dict[str, list[float]] = {name: [] for name in (*single, *many)}
    await in_turns({**single, **many}, turns=1, each=1)
    for _ in range(_TURNS):
        for some, each in ((single, _EACH), (many, 1)):
            # What was noted for the audit is stored meanwhile.
            found = await in_turns(some, turns=1, each=each, between=lambda: asyncio.sleep(0.05))
            for name, seconds in found.items():
                times[name] += [one / sizes.get(name, 1) for one in seconds]
    return times


def _table(times: Times) -> list[str]:
    beside = {one.partition(":")[0]: median(times[one]) for one in (_PEER, _FLOOR) if one in times}
    title = "vault.token with each holder, SQLite; of those at once, each"
    heads = "".join(f"{f'x {one}':>10}" for one in beside)
    lines = [f"{title:67}{'':32}{heads}".rstrip()]
    return [*lines, *(_line(name, found, [*beside.values()]) for name, found in times.items())]


def _line(name: str, found: list[float], beside: Sequence[float]) -> str:
    tenths, middle = quantiles(found, n=10), median(found)
    spread = f"[{tenths[0] * 1e6:.1f}..{tenths[-1] * 1e6:.1f}]"
    ratios = "".join(f"{middle / one:10.3f}" for one in beside)
    return f"  {name:65}{middle * 1e6:9.1f} µs {spread:>20}{ratios}"


async def _counted(bao: Bao, held: _Held) -> str:
    """Say how many requests crowds cost, as the server counts them."""
    found: list[int] = []
    for size in _COUNTED:
        before = bao.asked()
        await held.crowd(size)
        found.append(bao.asked() - before)
    if found != [math.ceil(size / 128) for size in _COUNTED]:
        raise AssertionError(found)
    pairs = ", ".join(f"{size} in {number}" for size, number in zip(_COUNTED, found, strict=True))
    return f"  cold tokens at once, in requests that OpenBao has counted: {pairs}"

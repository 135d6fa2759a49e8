"""One schedule from its beginning to its end, and what is to be said of it."""

import asyncio
from dataclasses import dataclass, field

from connector_vault.errors import ConnectorVaultError, NotConnected, RateLimited, Reconnect
from connector_vault.handout import Handout
from tests.torture.actors import Caller, Consenter, Ender, replay
from tests.torture.fate import draw
from tests.torture.loop import Stuck

__all__ = ["Outcome", "simulate"]

STEPS = 60_000
SECONDS = 40_000.0
"""How long a schedule may take until somebody is said to wait for ever."""

PROMPTLY = 10.0
"""Seconds in which all is done where nothing fails."""

_KNOWN_GOOD = ("disk full", "sync fails")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a schedule showed."""

    seed: int
    setting: object
    failures: tuple[tuple[str, str], ...]
    reached: object
    steps: int
    seconds: float
    trace: list[str] = field(repr=False)


def simulate(ground, seed, *, trace=False, **wanted):
    """Run the schedule of a seed."""
    setting = draw(seed, **wanted)
    world = ground.begin(seed, setting, [] if trace else None)
    try:
        world.loop.run(_play(world), steps=STEPS, until=SECONDS)
    except Stuck as stuck:
        world.fail("STUCK", str(stuck))
    except Exception as error:  # noqa: BLE001  # this is what is looked for
        world.fail("UNEXPECTED", f"in the end: {error!r}")
    for one in world.loop.failures:
        error = one.get("exception")
        world.fail("UNEXPECTED", f"{one.get('message')}: {error!r}")
    _check_promptness(world)
    left = ground.end()
    if left and not world.failures and not any(world.reached[one] for one in _KNOWN_GOOD):
        world.fail("LITTER", f"{len(left)} journals were left")
    return Outcome(
        seed=seed,
        setting=setting,
        failures=tuple(world.failures),
        reached=world.reached,
        steps=world.step,
        seconds=world.loop.time(),
        trace=world.trace or [],
    )


def _check_promptness(world):
    """Nobody hears an excuse where nothing failed and nobody came between."""
    setting = world.setting
    disturbed = setting.faults or setting.enders or setting.consent or setting.nameless
    if disturbed or setting.tempo == "slow":
        return
    told = [what for what in world.reached if what.startswith("told ")]
    if told or world.loop.time() > PROMPTLY:
        world.fail("PROMPT", f"nothing failed: {told}, {world.loop.time():.0f} s")


async def _play(world):
    world.safe.add(world.provider.consent()["refresh_token"])
    crew = [_Seat(world, number, targets) for number, targets in enumerate(world.setting.targets)]
    for _ in range(world.setting.enders):
        crew[world.fate.rng.randrange(len(crew))].add(Ender(world))
    if world.setting.consent:
        crew[world.fate.rng.randrange(len(crew))].add(Consenter(world))
    keepers = [asyncio.create_task(seat.keep()) for seat in crew]
    await world.all_done.wait()
    await asyncio.gather(*keepers)
    await _settle(world)
    await _look(world)


class _Seat:
    """A process and its successors, with those who work there."""

    def __init__(self, world, number, targets):
        self._world = world
        self._name = "ABCDEF"[number]
        self._host = number % world.setting.hosts
        self._actors = []
        for target in targets:
            self.add(Caller(world, target))

    def add(self, actor):
        self._actors.append(actor)
        self._world.actors.append(actor)

    async def keep(self):
        """Start a process again whenever it dies, until its work is done."""
        world, life = self._world, 0
        while True:
            name = f"{self._name}{life or ''}"
            nameless = world.setting.nameless == self._name
            process = world.new_process(name, self._host, nameless=nameless)
            if life:
                process.replaying = process.start(replay(process))
            for actor in self._actors:
                if not actor.done:
                    process.start(_late(actor, process))
            while process.alive and not world.all_done.is_set():
                await self._next(process)
            if process.alive:
                return
            life += 1
            await asyncio.sleep(world.fate.rng.choice((0, 0.5, 10, 36, 60, 800)))

    async def _next(self, process):
        process.ended = asyncio.get_running_loop().create_future()
        over = asyncio.create_task(self._world.all_done.wait())
        await asyncio.wait([over, process.ended], return_when=asyncio.FIRST_COMPLETED)
        over.cancel()


async def _late(actor, process):
    delay = process.world.fate.between(0, 0.2) if process.world.setting.tempo != "lockstep" else 0
    await asyncio.sleep(delay)
    await actor.act(process)


async def _settle(world):
    """Let everybody end what was begun."""
    while busy := [
        task
        for process in world.processes
        if process.alive
        for task in (process.replaying, *process.room.work._tasks)
        if task and not task.done()
    ]:
        # A look now and then: one of them may die meanwhile.
        await asyncio.wait(busy, timeout=5)


async def _look(world):
    """Open the vault once more, replay what was left, and see what became of the connection."""
    world.calm, world.away_until = True, 0.0
    lasts = [world.new_process(f"last{host}", host) for host in range(world.setting.hosts)]
    for last in lasts:
        await last.start(replay(last))
    await lasts[0].start(_examine(world, lasts[0]))
    for process in world.processes:
        if process.alive:
            await process.start(process.journal.close())


async def _examine(world, process):
    row = await process.room.row(world.connection, world.owner)
    if row.state == "revoked":
        _check_end(world, row)
        return
    tokens, _ = await process.room.keyring.open(row)
    token = tokens.refresh.reveal() if tokens.refresh else "none"
    world.say("end", f"{row.state}, generation {row.generation}, {token}")
    if world.asked_to_end:
        return
    grant = world.provider.grant_of(token) if tokens.refresh else None
    _check_row(world, row, token, grant)
    if row.state == "active" and grant and world.provider.lives(token):
        await _check_use(world, process, row, token)


def _check_row(world, row, token, grant):
    grant = grant or max(world.provider.grants.values(), key=lambda one: one.number)
    good = world.provider.lives(token) if token != "none" else False
    if grant.alive and world.is_owed(grant) and not good:
        world.fail("LOST", f"the row holds {token}, and {grant.newest} was received")
    if row.state == "reconnect" and good:
        world.fail("WRONG", f"reconnect, though {token} is good")
    for other in world.provider.grants.values():
        late = other.alive and other.newest in world.safe and other.newest not in world.stored
        if late and other.number < grant.number and other.current > 1:
            world.fail("LATE", f"{other.newest} came too late, and lives")
    for kept in world.kept:
        if world.provider.grant_of(kept).number > grant.number:
            world.fail("LOST", f"the consent that gave {kept} is not in the row")


def _check_end(world, row):
    receipt = world.receipt
    world.say("end", f"revoked, by a receipt that says {receipt and receipt.outcome}")
    for grant in world.provider.grants.values():
        if not grant.alive:
            continue
        if world.is_owed(grant) and not world.consents:
            world.fail("ALIVE", f"{grant.newest} was received, and lives behind a receipt")
        elif receipt and receipt.outcome == "revoked" and not receipt.note and not world.consents:
            world.fail("UNSAID", f"{grant.newest} lives, and the receipt does not say so")


async def _check_use(world, process, row, token):
    give = Handout(process.room, process.refresher).give
    for _ in range(20):
        try:
            _, given = await give(world.connection, world.owner, row.generation)
        except RateLimited as later:
            await asyncio.sleep(later.retry_after + 1)
        except (ConnectorVaultError, Reconnect, NotConnected) as error:
            world.say("end", f"is told {error!r}")
            await asyncio.sleep(30)
        else:
            if given.generation != row.generation + 1:
                world.fail("USE", f"generation {given.generation} after {row.generation}")
            return
    if world.provider.lives(token):
        world.fail("USE", "what lives cannot be refreshed")

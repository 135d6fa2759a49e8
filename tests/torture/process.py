"""One process of the real code: a vault of its own, on what all share."""

import asyncio

from connector_vault import Vault
from connector_vault.audit import Audit
from connector_vault.catalog import Catalog
from connector_vault.clients import Clients
from connector_vault.datakeys import DataKeys
from connector_vault.errors import KeysUnavailable, OutcomeUnknown, TimedOut, Unreachable
from connector_vault.keyring import Keyring
from connector_vault.keys.several import Holders
from connector_vault.refresh import Refresher
from connector_vault.room import Room
from connector_vault.undertaking import Undertakings
from tests.torture.database import ATTEMPT, CHECKED, LOOKED, SimStore
from tests.torture.disk import SimJournal
from tests.torture.fate import COLD
from tests.torture.loop import Lane
from tests.torture.provider import ORIGIN, client_of

__all__ = ["Holder", "Killed", "Process"]


class Killed(BaseException):
    """Say to what runs in a dead process that it may do nothing any more."""


class Holder:
    """Keeps keys by not hiding them: nobody looks."""

    id = "torture"

    def __init__(self, process=None):
        self._process = process

    async def version(self):
        return 1

    async def wrap(self, items):
        return [bytes(item.key) for item in items]

    async def unwrap(self, items):
        if self._process:
            await self._process.point("asks for a key")
            if self._process.world.strikes("keys away", self._process):
                raise KeysUnavailable("they are away")
        return [bytearray(item.key) for item in items]


class Process:
    """What is killed, stopped and started again."""

    def __init__(self, world, name, host, *, nameless=False):
        self.world, self.name, self.host = world, name, host
        self.nameless = nameless
        """Whether it cannot make a file in the journal's folder."""
        self.shared = world.setting.hosts > 1
        self.lane = Lane(name)
        self.lane.process = self
        self.lane.rank = world.fate.rng.random()
        world.loop.lanes.append(self.lane)
        self.heat = COLD
        self.ended = None
        """A future that somebody waits for."""
        self.own_file = None
        self.replaying = None
        """The task that lands what others left."""
        self.received = set()
        """Refresh tokens that were in an answer to it."""
        self.kept = set()
        """Those of them that it made safe."""
        self.journal = SimJournal(self, world.folders[host])
        self.room = self._room()
        self.refresher = Refresher(self.room)
        self.vault = Vault(self.room, self.refresher)

    @property
    def alive(self):
        return not self.lane.dead

    def start(self, coro):
        """Start a task in this process."""
        return self.world.loop.start(self.lane, coro)

    async def point(self, what):
        """Come to a point: others go on, time passes, or the process dies or is stopped."""
        if self.lane.dead:
            raise Killed
        self.world.come_to(self, what)
        if self.lane.dead:
            raise Killed
        delay = self.world.fate.delay()
        self.world.loop.switch = True
        await asyncio.sleep(delay)
        if self.lane.dead:
            raise Killed

    def sync_point(self, what):
        """Come to a point in a function that cannot wait. Nobody else can go on there."""
        if self.lane.dead:
            raise Killed
        self.world.come_to(self, what, wait=False)
        if self.lane.dead:
            raise Killed

    def die(self):
        """End it at once, as `kill -9` does, or a power cut."""
        self.lane.end()
        self.journal.die()
        for flight in self.world.network.flights:
            if flight.sender is self and not flight.over:
                self.world.network.give_up(flight)
        if self.ended is not None and not self.ended.done():
            self.ended.set_result(None)

    def say(self, what):
        self.world.say(self.name, what)

    def _room(self):
        world = self.world
        store = SimStore(self, world.database, world.clock)
        work = Undertakings()
        keys = DataKeys(store, Holders(Holder(self)), work, world.loop.time)
        if not world.setting.cold:
            for key in world.keys:
                keys._keep(key).ends = float("inf")
        return Room(
            store=store,
            keyring=Keyring(store, keys),
            http=SimHttp(self),
            audit=Audit(store, world.clock),
            clients=Clients([client_of(world.setting.policy)]),
            catalog=Catalog(),
            journal=self.journal,
            work=work,
            clock=world.clock,
            chance=world.fate.rng.random,
        )


class SimHttp:
    """Sends over the simulated network, by the rules of the real one."""

    def __init__(self, process):
        self._process = process

    async def send(self, request, *, origins, deadline, limit=None):
        process, world = self._process, self._process.world
        what = request.url.removeprefix(ORIGIN)
        looked = (CHECKED.get(), LOOKED.get())
        if world.loop.time() >= deadline:
            raise TimedOut("the deadline had passed")
        await process.point(f"is about to send {what}")
        if world.strikes("no line", process):
            raise Unreachable("no connection")
        flight = world.network.launch(request, process, ATTEMPT.get(), *looked)
        world.note_posted(flight)
        await process.point(f"sent {what} {flight.token or ''}")
        reply = await self._answer(flight, deadline)
        if not flight.won:
            process.heat = COLD
        await process.point(f"got the answer {reply.status}")
        return reply

    async def _answer(self, flight, deadline):
        network, loop = self._process.world.network, self._process.world.loop
        try:
            async with asyncio.timeout_at(deadline):
                reply = await flight.answer
        except TimeoutError:
            reply = None
        late = loop.time() > deadline and self._process.world.fate.coin()
        if reply is None or late:
            network.give_up(flight)
            self._process.say("gets no answer")
            raise OutcomeUnknown("no answer came")
        flight.over = flight.read = True
        self._process.world.note_read(flight)
        return reply

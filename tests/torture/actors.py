"""Who wants something of a vault, and asks again until it is had or cannot be."""

import asyncio

from connector_vault import consent, registry, revocation
from connector_vault.begun import Begun
from connector_vault.errors import (
    ConnectorVaultError,
    Corrupt,
    Misconfigured,
    NotAllowed,
    NotConnected,
    RateLimited,
    Reconnect,
    Shredded,
)
from connector_vault.grants import Found
from connector_vault.handout import Handout
from connector_vault.journal import JournalUnavailable
from connector_vault.maintenance import Maintenance
from connector_vault.model import Secret, Tokens
from tests.torture.process import Killed
from tests.torture.provider import client_of
from tests.torture.world import ENDING

__all__ = ["ADA_S_PATIENCE", "Actor", "Caller", "Consenter", "Ender", "replay"]

_UNEXPECTED = (Corrupt, JournalUnavailable, Misconfigured, Shredded)
"""What nobody is told whatever fails here. (That a key was destroyed may be told of what ended.)"""

_TRIES = 25
"""How often a disconnect is asked for until whoever asks is content with `revoking`."""

ADA_S_PATIENCE = 8000.0
"""Seconds after which somebody who gets nothing but excuses is said to wait for ever."""


class Actor:
    """Somebody who is at one process, and goes to its successor when it dies."""

    def __init__(self, world):
        self.world = world
        self.done = False
        self.begun = None
        self.told = []
        """The errors that were answered, by their names."""

    async def act(self, process):
        """Ask until it is done. Nothing of this outlives the process."""
        loop = self.world.loop
        if self.begun is None:
            self.begun = loop.time()
        while not self.done:
            try:
                await self.ask(process)
            except Killed:
                return
            except (ConnectorVaultError, JournalUnavailable) as error:
                self._hear(process, error)
                await asyncio.sleep(self._pause(error))
            except Exception as error:  # noqa: BLE001  # this is what is looked for
                if not process.alive:
                    return
                self.world.fail("UNEXPECTED", f"{type(self).__name__} got {error!r}")
                self.done = True
            if loop.time() - self.begun > ADA_S_PATIENCE:
                self.world.fail("STUCK", f"{type(self).__name__} heard {self.told[-1:]}")
                self.done = True
        self.world.look_who_is_done()

    async def ask(self, process):
        raise NotImplementedError

    def _hear(self, process, error):
        self.told.append(type(error).__name__)
        self.world.note(f"told {type(error).__name__}")
        process.say(f"is told: {type(error).__name__}: {error}")
        ended = isinstance(error, Shredded) and self.world.asked_to_end
        if isinstance(error, _UNEXPECTED) and not ended:
            self.world.fail("UNEXPECTED", f"a caller got {error!r}")

    def _pause(self, error):
        if isinstance(error, RateLimited):
            return error.retry_after + 0.1
        return self.world.fate.between(0.1, 20)


class Caller(Actor):
    """Wants tokens until it has seen one of a generation."""

    def __init__(self, world, target):
        super().__init__(world)
        self._target = target
        self._known = None if world.setting.expired else 1

    async def ask(self, process):
        world = self.world
        before, step = world.row(), world.step
        try:
            given = await self._given(process)
        except Reconnect:
            self.done = True
            process.say("is told to reconnect")
            if world.row()[0] == "active" and world.dead_at < step:
                world.fail("MISTOLD", "a caller is told to reconnect what lives")
            return
        except NotConnected:
            self.done = True
            if not world.asked_to_end:
                raise
            return
        self._check(given, before)
        process.say(f"has a token of generation {given.generation}")
        self._known = given.generation
        self.done = given.generation >= self._target

    async def _given(self, process):
        give = Handout(process.room, process.refresher).give
        _, given = await give(self.world.connection, self.world.owner, self._known)
        return given

    def _check(self, given, before):
        world = self.world
        if given.secret.reveal() not in world.provider.issued:
            world.fail("FORGED", "no provider gave this token")
        if given.generation <= (self._known or 0) or given.generation < before[1]:
            words = f"generation {given.generation} after {self._known} and {before[1]}"
            world.fail("OLD", words)


class Ender(Actor):
    """Wants the connection to end, and says so a few times, or once and leaves it to others."""

    def __init__(self, world):
        super().__init__(world)
        self._tries = 0

    async def ask(self, process):
        world, room = self.world, process.room
        ENDING.set(True)
        self._tries += 1
        if world.asked_to_end and world.setting.once:
            await Maintenance(room, process.refresher).round()
        else:
            row = await room.row(world.connection, world.owner)
            receipt = await revocation.disconnect(room, process.refresher, row)
            process.say(f"gets a receipt: {receipt.outcome} ({receipt.note})")
            world.note(f"receipt: {receipt.outcome}")
            world.take_receipt(receipt)
        self.done = world.row()[0] == "revoked" or self._tries >= _TRIES
        if not self.done:
            await asyncio.sleep(world.fate.between(1, 60))


class Consenter(Actor):
    """Consents once more: the code was exchanged, and its tokens are to be taken in."""

    def __init__(self, world):
        super().__init__(world)
        self._tries = 0

    async def ask(self, process):
        world, room = self.world, process.room
        self._tries += 1
        if self._tries > 1:
            # A consent is begun anew, by a person, and not by us.
            self.done = True
            return
        said = world.provider.consent()
        process.say(f"consents anew: {said['refresh_token']}")
        world.consents.append(said["refresh_token"])
        policy = world.setting.policy
        begun = Begun(
            client_id=client_of(policy).id,
            provider=policy,
            reconnect=world.connection,
            redirect_uri="",
            scopes="",
            verifier=Secret(""),
            endpoint="",
        )
        tokens = Tokens(
            access=Secret(said["access_token"]),
            refresh=Secret(said["refresh_token"]),
            expires_at=world.clock() + said["expires_in"] * 1000,
        )
        deadline = world.loop.time() + 20
        try:
            await consent._take_all(
                room, registry.load(policy), begun, world.owner, [Found(tokens)], deadline
            )
        except NotAllowed:
            if not world.asked_to_end:
                raise
        else:
            world.kept.add(said["refresh_token"])
            world.safe.add(said["refresh_token"])
        self.done = True


async def replay(process):
    """Land what others left, as a vault does when it is opened."""
    while process.alive:
        try:
            await process.refresher.landings.replay()
        except (ConnectorVaultError, JournalUnavailable) as error:
            process.say(f"cannot replay: {error}")
            await asyncio.sleep(5)
        except Killed:
            return
        else:
            return

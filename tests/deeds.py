"""What tests do again and again, and with whom."""

import asyncio
from contextlib import contextmanager
from pathlib import Path

from connector_vault import Client, Owner, Secret
from connector_vault.errors import KeysUnavailable
from connector_vault.stores import Update

ROOT = Path(__file__).parents[1]
THIRD_PARTY = ROOT / "tests" / "thirdparty"

CLIENT = Client(provider="github", id="Iv1.emulator", secret=Secret("emulator-secret"))
ADA = Owner(tenant="acme", user="ada")
ACME_SECRET = Secret('sk/with+signs=&and"quotes"\\more%')
CALLBACK = "http://127.0.0.1:9/callback"
TOKEN = "/login/oauth/access_token"


async def until(happened):
    """Wait for what nobody announces, such as another thread's progress."""
    async with asyncio.timeout(30):
        while not happened():  # noqa: ASYNC110  # there is no event to wait for
            await asyncio.sleep(0)


@contextmanager
def hastened(seconds=1000):
    """Let so much time have passed for all that waits on this loop: no test needs short deadlines.

    A short one may be over before what it is to interrupt has begun, on a machine that is busy.
    """
    loop = asyncio.get_running_loop()
    now = loop.time
    loop.time = lambda: now() + seconds
    try:
        yield
    finally:
        del loop.time


async def little(measure, bound, times=5):
    """Measure until it is below a bound, and at most so often; give the least.

    What else a busy machine does meanwhile is measured, too, but not each time.
    """
    least = await measure()
    for _ in range(times - 1):
        if least < bound:
            break
        least = min(least, await measure())
    return least


async def patiently(ask):
    """Ask until there is an answer: a busy machine may need longer than a short deadline."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await ask()
            except KeysUnavailable:
                continue


async def renew(vault, connection, newer_than=1):
    """Ask for a token that is newer than the first."""
    return await vault.token(
        connection.id, owner=connection.owner, purpose="test", newer_than=newer_than
    )


async def secret_of(vault, connection):
    """Take out the token of a connection."""
    return (await renew(vault, connection, None)).secret


async def forgive(vault, connection):
    """Let a provider that failed be asked again at once."""
    known = {"retry_at": 0, "failures": 0}
    await vault.room.store.commit(Update(connection.id, {}, known))


async def row_of(vault, connection):
    """Read what is stored of a connection."""
    return await vault.room.row(connection.id, connection.owner)


async def all_of(vault, owner=ADA):
    """List an owner's connections."""
    return [connection async for connection in vault.connections(owner=owner)]


async def live(world, login="octocat"):
    """Count somebody's tokens that live at the provider, and end them."""
    return (await world.act("github", "revoke", login=login))["tokens"]


async def refreshes(world):
    """Count the refreshes the provider was asked for."""
    return sum("refresh_token" in entry.fields for entry in await world.log(path=TOKEN))


class Begun:
    """Work that its provider has heard. The reply is held until somebody waits, or gives up."""

    def __init__(self, world, task):
        self._world = world
        self.task = task

    def cancel(self):
        """Give up waiting; what cannot be given up goes on."""
        self.task.cancel()
        self._answered = asyncio.create_task(self._world.release())

    async def over(self):
        """Wait for its end, whichever."""
        await self._world.release()
        await asyncio.wait([self.task])

    def __await__(self):
        return self._ended().__await__()

    async def _ended(self):
        await self._world.release()
        return await self.task


async def begun(world, work, path, **fault):
    """Begin what something happens to on its way; give it once the provider has heard it."""
    heard = len(await world.log(path=path))
    await world.fault(path=path, **{"seconds": 30, **fault})
    task = asyncio.create_task(work)
    await world.heard(path=path, times=heard + 1)
    return Begun(world, task)


async def impatient(store):
    """Let a store wait for nobody's lock."""
    wait = "pragma busy_timeout = 0"
    await store._writer.run(lambda writer: writer.execute(wait), alone=True)

"""A key holder that counts what it is asked, and can be slow, away or unwilling."""

import asyncio

from connector_vault.datakeys import DataKeys
from connector_vault.keyring import Keyring
from connector_vault.keys import open_keys
from connector_vault.keys.several import Holders


class Holder:
    """Hands everything on to the holder at `uri`."""

    def __init__(self, uri):
        self._held = open_keys(uri)
        self.id = self._held.id
        self.error = None
        self.unwrapped = self.calls = 0
        self.asked, self.answers = asyncio.Event(), asyncio.Event()
        self.answers.set()

    async def version(self):
        return await self._held.version()

    async def wrap(self, items):
        return await self._held.wrap(items)

    async def unwrap(self, items):
        self.unwrapped += len(items)
        self.calls += 1
        self.asked.set()
        await asyncio.sleep(0)
        await self.answers.wait()
        if self.error:
            raise self.error
        return await self._held.unwrap(items)

    async def rewrap(self, items):
        return await self._held.rewrap(items)

    async def health(self):
        return await self._held.health()

    async def close(self):
        await self._held.close()


def keyring_of(vault, holder, *clock):
    """Make a keyring that holds nothing yet."""
    room = vault.room
    return Keyring(room.store, DataKeys(room.store, Holders(holder), room.work, *clock))

"""A process with a vault, whose memory is searched: `python -m tests.remembering PLACES CONTROL`.

It tells what it has done, and stands still until it is told to go on. Its tokens and keys are its
own: no other process has told it any, nor is told.
"""

import asyncio
import gc
import sys
import time
from secrets import token_hex

from connector_vault import Secret, Vault, datakeys
from connector_vault.envelope import wipe
from tests.deeds import ADA

CONNECTIONS = 8
MASK = 0x5A


async def main(database, keys, control):
    """Do all that happens to keys and tokens, one thing after another."""
    planted = bytearray(one ^ MASK for one in bytes.fromhex(control))
    pause("planted")
    wipe(planted)
    pause("wiped")
    async with Vault.open(database, keys=keys, background=False) as vault:
        await work(vault)
    gc.collect()
    pause("closed")


async def work(vault):
    added = [await vault.add("openrouter", ADA, secret=fresh()) for _ in range(CONNECTIONS)]
    pause("added")
    evict(vault.room.keyring.keys)
    pause("evicted")
    tokens = await asyncio.gather(*(token(vault, one) for one in added))
    pause("handed out")
    del tokens
    gc.collect()
    pause("dropped")
    await vault.disconnect(added[0].id, owner=ADA)
    pause("disconnected")


def fresh():
    return Secret("sk-or-" + token_hex(16))


async def token(vault, connection):
    return await vault.token(connection.id, owner=ADA, purpose="test")


def evict(keys):
    """Let the time pass for which data keys are kept, and the sweep come by."""
    keys._clock = lambda: time.monotonic() + datakeys.LIFE + datakeys.GRACE
    keys._drop_old()
    keys._clock = time.monotonic


def pause(moment):
    print(moment, flush=True)  # noqa: T201  # the test reads it
    sys.stdin.readline()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

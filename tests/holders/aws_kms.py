"""A new key at moto's KMS; and what tests of this holder do again and again."""

from contextlib import asynccontextmanager

from connector_vault.envelope import wrap_context
from connector_vault.keys import Raw, Wrapped, open_keys
from tests.kms import server, told

RETIRES = False
"""AWS keeps every version until the whole key is deleted."""

DEK = bytes(range(100, 132))
CONTEXT = wrap_context(b"s" * 16, "acme", "con_1", b"i" * 16)


@asynccontextmanager
async def opened(folder):
    kms = server()
    with told():
        async with opening() as open_one:
            yield open_one(kms.address(kms.make(), timeout=60))


@asynccontextmanager
async def opening():
    """Open holders, and close them in the end."""
    holders = []

    def open_one(address):
        holders.append(open_keys(address))
        return holders[-1]

    try:
        yield open_one
    finally:
        for holder in holders:
            await holder.close()


async def wrapped(holder):
    """Have a data key wrapped."""
    (key,) = await holder.wrap([Raw(bytearray(DEK), CONTEXT)])
    return Wrapped(key, CONTEXT)

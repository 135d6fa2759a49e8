"""A key in a token of SoftHSM."""

from contextlib import asynccontextmanager

from connector_vault.keys import open_keys
from tests.softhsm import softhsm


@asynccontextmanager
async def opened(folder):
    holder = open_keys(softhsm(folder).address(), create=True)
    try:
        yield holder
    finally:
        await holder.close()

"""A key file in a folder."""

from contextlib import asynccontextmanager

from connector_vault.keys import open_keys


@asynccontextmanager
async def opened(folder):
    holder = open_keys(f"local:{folder / 'vault.key'}", create=True)
    try:
        yield holder
    finally:
        await holder.close()

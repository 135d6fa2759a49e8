"""Places where a vault may be kept, for tests that use each of them; and how hard those try."""

import os
import random
from contextlib import asynccontextmanager
from typing import NamedTuple

import pytest

from connector_vault import Vault
from connector_vault.stores.postgres.address import address_of
from connector_vault.stores.postgres.schema import upgrade
from tests.deeds import CLIENT
from tests.postgres import serving

TORTURE = os.environ.get("CONNECTOR_VAULT_TORTURE") == "1"
"""Whether to try so often that it takes many minutes."""

SEED = int(os.environ.get("CONNECTOR_VAULT_SEED") or random.randrange(10**9))
"""What is random in a test that prints it."""

torture = pytest.mark.skipif(not TORTURE, reason="it takes long: make torture")


class Place(NamedTuple):
    """Where a vault is kept."""

    database: str
    keys: str
    journal: str

    def open(self, url, **options):
        """Open it: once more is as good as another process."""
        told = {"keys": self.keys, "journal": self.journal, "emulator": url}
        return Vault.open(
            self.database, **{**told, "clients": [CLIENT], "background": False, **options}
        )


def place_in(folder, database):
    """Give a place whose files are in this folder, and whose rows are anywhere."""
    return Place(database, f"local:{folder / 'vault.key'}", str(folder / "journal"))


@asynccontextmanager
async def sqlite(folder):
    """Keep a vault in a file."""
    yield place_in(folder, f"sqlite:///{folder / 'vault.db'}")


@asynccontextmanager
async def postgres(folder):
    """Keep a vault in a server that nobody else uses."""
    with serving() as server:
        yield place_in(folder, await made(server))


STORES = {"sqlite": sqlite, "postgres": postgres}


async def made(server):
    """Make a schema, and give its address."""
    url = server.address()
    await upgrade(address_of(url))
    return url

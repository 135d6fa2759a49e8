"""A vault to measure, in a temporary folder, and what is below it."""

import sqlite3
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from connector_vault import Client, Owner, Secret, Vault, emulator
from connector_vault.emulator import World

OWNER = Owner(tenant="acme", user="ada")
CLIENT = Client(provider="github", id="Iv1.emulator", secret=Secret("emulator-secret"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a benchmark stands on."""

    vault: Vault
    world: World
    database: sqlite3.Connection
    """A plain connection to the same file."""
    folder: Path


@asynccontextmanager
async def ground() -> AsyncGenerator[Ground]:
    """Open a vault against an emulated GitHub."""
    with tempfile.TemporaryDirectory(prefix="connector-vault-bench-") as place:
        path = Path(place) / "vault.db"
        keys = f"local:{place}/vault.key"
        async with (
            emulator.running("github") as world,
            Vault.open(
                f"sqlite:///{path}", keys=keys, clients=[CLIENT], emulator=world.url
            ) as vault,
        ):
            with closing(sqlite3.connect(path, isolation_level=None)) as database:
                database.execute("pragma synchronous = full")
                yield Ground(vault=vault, world=world, database=database, folder=Path(place))

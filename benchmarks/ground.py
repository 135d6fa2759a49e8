"""A vault to measure, in a temporary folder, and what is below it."""

import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.postgres import DISK, Server
from connector_vault import Client, Owner, Secret, Vault, emulator
from connector_vault.emulator import World
from connector_vault.stores.versions import upgrade

OWNER = Owner(tenant="acme", user="ada")
CLIENT = Client(provider="github", id="Iv1.emulator", secret=Secret("emulator-secret"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a vault lies."""

    folder: Path
    database: str
    """Its URL."""

    @property
    def keys(self) -> str:
        return f"local:{self.folder}/vault.key"

    @property
    def journal(self) -> str:
        return f"{self.folder}/journal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a benchmark stands on."""

    vault: Vault
    world: World
    place: Place

    @property
    def folder(self) -> Path:
        return self.place.folder


@asynccontextmanager
async def placed(server: Server | None = None) -> AsyncGenerator[Place]:
    """Make room for a vault: in a file of SQLite's, or in a schema of a server."""
    with tempfile.TemporaryDirectory(prefix="connector-vault-bench-", dir=DISK) as folder:
        database = server.address() if server else f"sqlite:///{folder}/vault.db"
        if server:
            await upgrade(database)
        yield Place(folder=Path(folder), database=database)


@asynccontextmanager
async def ground(server: Server | None = None) -> AsyncGenerator[Ground]:
    """Open a vault against an emulated GitHub."""
    async with (
        placed(server) as place,
        emulator.running("github") as world,
        Vault.open(
            place.database,
            keys=place.keys,
            journal=place.journal,
            clients=[CLIENT],
            emulator=world.url,
        ) as vault,
    ):
        yield Ground(vault=vault, world=world, place=place)

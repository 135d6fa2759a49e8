"""Ours: sealed, audited, on SQLite."""

import time
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from benchmarks.driven.driving import Door, Kept, Peer, drive
from benchmarks.ground import CLIENT, OWNER
from benchmarks.people import Grant, settle
from connector_vault import Vault


async def _keep(kept: Kept) -> None:
    ends = int((time.time() + kept.seconds) * 1000)
    name = kept.refresh.split("_")[2]
    async with _vault(kept.url, kept.folder) as vault:
        (connection,) = await settle(vault.room, [Grant(name=name, due_at=ends, expires_at=ends)])
    (kept.folder / "id").write_text(connection)


@asynccontextmanager
async def _open(url: str, folder: Path) -> AsyncGenerator[Door]:
    connection = (folder / "id").read_text()
    async with _vault(url, folder) as vault:

        async def fresh() -> str:
            token = await vault.token(connection, owner=OWNER, purpose="bench")
            return token.secret.reveal()

        yield Door(read=lambda: vault.token(connection, owner=OWNER, purpose="bench"), fresh=fresh)


def _vault(url: str, folder: Path) -> AbstractAsyncContextManager[Vault]:
    return Vault.open(
        f"sqlite:///{folder}/vault.db",
        keys=f"local:{folder}/vault.key",
        clients=[CLIENT],
        emulator=url,
        background=False,
    )


if __name__ == "__main__":
    drive(Peer(keep=_keep, open=_open))

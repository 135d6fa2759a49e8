"""connectkit: `get_token`, and its runtime's `try_refresh_token` for what has ended."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.driven.driving import CLIENT, Door, Foreign, Kept, Peer, drive, foreign

_SPEC = """
name: github
display: GitHub
auth:
  type: oauth2
  oauth2:
    authorize_url: {url}/authorize
    token_url: {url}/token
    scopes: [repo]
"""


async def _keep(kept: Kept) -> None:
    (kept.folder / "specs").mkdir()
    (kept.folder / "specs" / "github.yaml").write_text(_SPEC.format(url=kept.url))
    tokens = {"access_token": kept.access, "refresh_token": kept.refresh, "client_id": CLIENT}
    _vault(kept.folder).store_token("github", "oauth2", {**tokens, "expires_in": kept.seconds})


@asynccontextmanager
async def _open(_: str, folder: Path) -> AsyncGenerator[Door]:
    vault = _vault(folder)
    runtime = foreign("connectkit.runtime:ConnectorRuntime")(
        spec_dir=folder / "specs", vault=vault, user_id="ada"
    )
    (spec,) = runtime.get_specs()

    async def read() -> object:
        return vault.get_token("github")

    async def fresh() -> str:
        await runtime.try_refresh_token(spec)
        return str(vault.get_token("github")["access_token"])

    yield Door(read=read, fresh=fresh)


def _vault(folder: Path) -> Foreign:
    os.environ["CONNECTKIT_VAULT_KEY"] = "bench-bench-bench"
    return foreign("connectkit.vault:CredentialVault")(folder)


if __name__ == "__main__":
    drive(Peer(keep=_keep, open=_open))

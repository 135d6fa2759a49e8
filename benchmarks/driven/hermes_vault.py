"""hermes-vault: `get_secret`, and its refresh engine for what has ended, as its broker does it."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.driven.driving import CLIENT, Door, Foreign, Kept, Peer, drive, foreign

_PROVIDER = """
providers:
  github:
    name: GitHub
    authorization_endpoint: {url}/authorize
    token_endpoint: {url}/token
"""


async def _keep(kept: Kept) -> None:
    vault = _vault(kept.folder)
    ends = datetime.now(UTC) + timedelta(seconds=kept.seconds)
    record = vault.add_credential("github", kept.access, "oauth_access_token")
    vault.set_expiry(record.id, ends)
    tied = {"associated_access_token_alias": "default", "provider": "github"}
    refresh = ("github", kept.refresh, "oauth_refresh_token")
    vault.add_credential(*refresh, alias="refresh:default", metadata=tied)
    (kept.folder / "oauth-providers.yaml").write_text(_PROVIDER.format(url=kept.url))


@asynccontextmanager
async def _open(_: str, folder: Path) -> AsyncGenerator[Door]:
    os.environ["HERMES_VAULT_OAUTH_GITHUB_CLIENT_ID"] = CLIENT
    vault = _vault(folder)
    registry = foreign("hermes_vault.oauth.providers:OAuthProviderRegistry")
    engine = foreign("hermes_vault.oauth.oauth_refresh:RefreshEngine")(
        vault=vault, registry=registry(folder / "oauth-providers.yaml")
    )
    access = vault.resolve_credential("github", alias="default").id

    async def read() -> object:
        return vault.get_secret(access)

    def get() -> str:
        if engine.is_expired(vault.get_credential(access)):
            engine.refresh("github")
        return str(vault.get_secret(access).secret)

    yield Door(read=read, fresh=lambda: asyncio.to_thread(get))


def _vault(folder: Path) -> Foreign:
    vault = foreign("hermes_vault.vault:Vault")
    return vault(folder / "vault.db", folder / "salt", "bench-bench-bench")


if __name__ == "__main__":
    drive(Peer(keep=_keep, open=_open))

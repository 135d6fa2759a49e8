"""authsome: its service on its own stores, in this process: without its daemon and its HTTP.

`get_connection` gives a token as it is; `get_auth_headers`, as its proxy is given them, one that
is refreshed first if it has ended.
"""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from benchmarks.driven.driving import CLIENT, Door, Foreign, Kept, Peer, drive, foreign

_SETTINGS = {
    "AUTHSOME_MASTER_KEY": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "DO_NOT_TRACK": "1",
}
_ADA = {"identity": "ada", "principal_id": "ada", "vault_id": "ada"}


async def _keep(kept: Kept) -> None:
    now = foreign("authsome.utils:utc_now")
    async with _service(kept.folder) as (service, credentials):
        oauth = {"authorization_url": f"{kept.url}/authorize", "token_url": f"{kept.url}/token"}
        definition = foreign("authsome.auth.models.provider:ProviderDefinition")(
            name="bench", display_name="Bench", auth_type="oauth2", flow="pkce", oauth=oauth
        )
        await service._providers.save_custom(definition)  # noqa: SLF001  # its door wants https
        client = foreign("authsome.auth.models.connection:ProviderClientRecord")(
            provider="bench", client_id=CLIENT
        )
        await credentials.save_provider_client(client)
        record = foreign("authsome.auth.models.connection:ConnectionRecord")(
            provider="bench",
            connection_name="default",
            auth_type="oauth2",
            status="connected",
            access_token=kept.access,
            refresh_token=kept.refresh,
            expires_at=now() + timedelta(seconds=kept.seconds),
        )
        await credentials.save_connection(record)


@asynccontextmanager
async def _open(_: str, folder: Path) -> AsyncGenerator[Door]:
    async with _service(folder) as (service, _credentials):

        async def fresh() -> str:
            headers = await service.get_auth_headers("bench")
            return str(headers["Authorization"]).removeprefix("Bearer ")

        yield Door(read=lambda: service.get_connection("bench"), fresh=fresh)


@asynccontextmanager
async def _service(folder: Path) -> AsyncGenerator[tuple[Foreign, Foreign]]:
    os.environ.update(_SETTINGS, AUTHSOME_HOME=str(folder))
    foreign("loguru:logger").remove()
    store = await foreign("authsome.server.dependencies:create_store")(folder)
    vault = await foreign("authsome.server.dependencies:create_vault")(folder)
    credentials = foreign("authsome.server.credential_repository:CredentialRepository")(
        vault, **_ADA
    )
    providers = foreign("authsome.server.provider_repository:ProviderRepository")(
        store.provider_definitions
    )
    service = foreign("authsome.server.credential_service:CredentialService")(
        credentials=credentials,
        providers=providers,
        global_connections=store.global_provider_connections,
        **_ADA,
    )
    try:
        yield service, credentials
    finally:
        await store.close()


if __name__ == "__main__":
    drive(Peer(keep=_keep, open=_open))

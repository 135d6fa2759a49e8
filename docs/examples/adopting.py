"""Take over tokens that another system obtained, one JSON object a line: adopting.py < FILE."""

import asyncio
import json
import sys

from connector_vault import Connection, Owner, Secret, Tokens, Vault, errors


async def adopt(vault: Vault, line: str) -> Connection:
    said = json.loads(line)
    refresh, scopes = said.get("refresh_token"), said.get("scopes")
    tokens = Tokens(
        access=Secret(said["access_token"]),
        refresh=Secret(refresh) if refresh else None,
        expires_at=int(said.get("expires_at") or 0) * 1000,
        scopes=None if scopes is None else frozenset(scopes),
    )
    owner = Owner(tenant=said["tenant"], user=said["user"])
    return await vault.adopt(said["provider"], owner, tokens=tokens)


async def main() -> None:
    async with Vault.open() as vault:
        for number, line in enumerate(sys.stdin, start=1):
            try:
                connection = await adopt(vault, line)
            except errors.ConnectorVaultError as error:
                print(number, type(error).__name__, error, flush=True)
            else:
                print(number, "adopted", connection.id, connection.label, flush=True)


if __name__ == "__main__":
    asyncio.run(main())

"""Use a token in a request of your own, where no tool will do."""

import httpx2

from connector_vault import Owner, Vault


async def rate_limit(vault: Vault, http: httpx2.AsyncClient, connection: str, owner: Owner) -> int:
    """Give how many requests GitHub still allows this account."""
    token = await vault.token(connection, owner=owner, purpose="rate limit report")
    reply = await _ask(http, token.secret.reveal())
    if reply.status_code == 401:
        # Refreshes only if nobody else has: `newer_than` names the token that was refused.
        token = await vault.token(
            connection, owner=owner, purpose="rate limit report", newer_than=token.generation
        )
        reply = await _ask(http, token.secret.reveal())
    return int(reply.raise_for_status().headers["x-ratelimit-remaining"])


async def _ask(http: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await http.get("/user", headers={"Authorization": f"Bearer {token}"})

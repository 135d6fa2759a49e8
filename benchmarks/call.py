"""A tool call, inline: against the same request by httpx2 with the token in hand."""

import httpx2

from benchmarks.connect import REDIRECT
from benchmarks.ground import OWNER, ground
from benchmarks.measure import in_turns, table
from connector_vault import Gateway


async def measure() -> str:
    """Measure reading the account's own profile."""
    async with ground() as here, httpx2.AsyncClient(trust_env=False) as browser:
        pending = await here.vault.connect("github", OWNER, redirect_uri=REDIRECT)
        page = await browser.get(pending.url)
        (connection,) = await here.vault.finish(page.headers["location"], owner=OWNER)
        token = await here.vault.token(connection.id, owner=OWNER, purpose="bench")
        headers = {"Authorization": f"Bearer {token.secret.reveal()}", "User-Agent": "bench"}
        url = f"{here.world.url}/api.github.com/user"
        gateway = Gateway(here.vault, isolation="inline")
        times = await in_turns(
            {
                "floor: GET by httpx2": lambda: browser.get(url, headers=headers),
                "gateway.call, inline, audited": lambda: gateway.call(
                    OWNER, "github.get_authenticated_user", {}
                ),
            },
            turns=10,
            each=30,
        )
        return table("a tool call", times, floor=next(iter(times)), unit=1e-3)

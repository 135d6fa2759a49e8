"""A whole consent: against the same requests, sent without a vault."""

from secrets import token_hex
from urllib.parse import parse_qsl, urlsplit

import httpx2

from benchmarks.ground import CLIENT, Ground, ground
from benchmarks.measure import in_turns, table
from connector_vault import Connection, Owner

REDIRECT = "http://127.0.0.1:8765/callback/github"
_JSON = {"Accept": "application/json", "User-Agent": "bench"}


async def measure() -> str:
    """Measure connecting for one owner after another: three requests, three commits each."""
    async with ground() as here, httpx2.AsyncClient(trust_env=False, headers=_JSON) as browser:
        times = await in_turns(
            {
                "floor: authorize, exchange, identity by httpx2": lambda: _bare(here, browser),
                "connect + finish": lambda: _connect(here, browser, _somebody()),
            },
            turns=5,
            each=8,
        )
        floor = next(iter(times))
        return table("connect an account", times, floor=floor, unit=1e-3)


def _somebody() -> Owner:
    return Owner(tenant="acme", user=token_hex(4))


async def connect(here: Ground, owner: Owner) -> Connection:
    """Connect an account, with a browser of its own."""
    async with httpx2.AsyncClient(trust_env=False, headers=_JSON) as browser:
        return await _connect(here, browser, owner)


async def _connect(here: Ground, browser: httpx2.AsyncClient, owner: Owner) -> Connection:
    pending = await here.vault.connect("github", owner, redirect_uri=REDIRECT)
    page = await browser.get(pending.url)
    (connection,) = await here.vault.finish(page.headers["location"], owner=owner)
    return connection


async def _bare(here: Ground, browser: httpx2.AsyncClient) -> None:
    asked = {"client_id": CLIENT.id, "redirect_uri": REDIRECT, "scope": "repo", "state": "s"}
    page = await browser.get(f"{here.world.url}/github.com/login/oauth/authorize", params=asked)
    code = dict(parse_qsl(urlsplit(page.headers["location"]).query))["code"]
    form = {"client_id": CLIENT.id, "client_secret": CLIENT.secret.reveal(), "code": code}
    form["redirect_uri"] = REDIRECT
    where = f"{here.world.url}/github.com/login/oauth/access_token"
    token = (await browser.post(where, data=form)).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    await browser.get(f"{here.world.url}/api.github.com/user", headers=bearer)

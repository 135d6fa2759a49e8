"""A client of the emulated GitHub that knows its addresses."""

import base64
import hashlib
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlsplit

import httpx2

from connector_vault import emulator

HOME = "http://127.0.0.1:7777/callback"
APP = {"client_id": "Iv1.emulator", "client_secret": "emulator-secret"}
ASK = {"client_id": "Iv1.emulator", "redirect_uri": HOME, "state": "s-1"}
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())[:43].decode()
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
AUTHORIZE = "/github.com/login/oauth/authorize"
TOKEN = "/github.com/login/oauth/access_token"


class GitHub:
    """Asks the emulator as an app, as its user, or as anybody."""

    def __init__(self, world, http):
        self.world = world
        self.http = http

    async def authorize(self, **query):
        """Give the address the person is sent back to, and its query."""
        return back(await self.http.get(AUTHORIZE, params=ASK | query))

    async def exchange(self, accept="application/json", **form):
        """Ask the token address."""
        return await self.http.post(TOKEN, data=APP | form, headers={"accept": accept})

    async def tokens(self, client=None, **query):
        """Consent, and give the tokens that come of it."""
        _, said = await self.authorize(**query)
        return (await self.exchange(code=said["code"], **(client or {}))).json()

    async def refresh(self, tokens, **form):
        """Spend a refresh token."""
        wanted = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        return (await self.exchange(**wanted, **form)).json()

    async def ask(self, path, tokens=None, method="GET", headers=None, **more):
        """Ask the API, with a token if there is one."""
        known = {"authorization": f"Bearer {tokens['access_token']}"} if tokens else {}
        address = f"/api.github.com{path}"
        return await self.http.request(method, address, headers=known | (headers or {}), **more)


def back(reply):
    """Give the address a person is sent back to, and its query."""
    assert reply.status_code == 302
    place = urlsplit(reply.headers["location"])
    return f"{place.scheme}://{place.netloc}{place.path}", dict(parse_qsl(place.query))


@asynccontextmanager
async def playing(consent="auto"):
    """Start GitHub's emulator, and give a client of it."""
    async with (
        emulator.running("github", consent=consent) as world,
        httpx2.AsyncClient(base_url=world.url, headers={"user-agent": "test"}) as http,
    ):
        yield GitHub(world, http)

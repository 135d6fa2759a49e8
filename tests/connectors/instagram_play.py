"""A client of the emulated Instagram Login that knows its addresses, and one that calls tools."""

import asyncio
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlsplit

import httpx2

from connector_vault import Client, Secret, emulator, registry
from connector_vault.egress import Direct, Egress
from connector_vault.http import open_http
from connector_vault.model import AccessToken

INSTAGRAM = registry.load("instagram")
TOOLS = {tool.name: tool for tool in INSTAGRAM.tools}
APP = Client(provider="instagram", id="instagram-emulator", secret=Secret("emulator-secret"))

HOME = "http://127.0.0.1:7777/callback"
AUTHORIZE = "/www.instagram.com/oauth/authorize"
TOKEN = "/api.instagram.com/oauth/access_token"
GRAPH = "/graph.instagram.com"
LONG, RENEW = f"{GRAPH}/access_token", f"{GRAPH}/refresh_access_token"

ALL = frozenset(INSTAGRAM.oauth.scopes)
ASK = {
    "response_type": "code",
    "client_id": "instagram-emulator",
    "redirect_uri": HOME,
    "scope": ",".join(sorted(ALL)),
    "state": "s-1",
}
ROBIN, WAGTAIL = "17841405793187218", "17841400008460056"
JPEG, FILM = "https://media.example/seen.jpg", "https://media.example/seen.mp4"


class Play:
    """Asks the emulator as an app, or as its user."""

    def __init__(self, world, http):
        self.world = world
        self.http = http

    async def authorize(self, **query):
        wanted = {name: said for name, said in (ASK | query).items() if said is not None}
        return await self.http.get(AUTHORIZE, params=wanted)

    async def code(self, **query):
        return back(await self.authorize(**query))[1]["code"]

    async def exchange(self, code, **form):
        """Ask the token address."""
        known = {"grant_type": "authorization_code", "code": code, "redirect_uri": HOME}
        known |= {"client_id": "instagram-emulator", "client_secret": "emulator-secret"}
        said = {name: one for name, one in (known | form).items() if one is not None}
        return await self.http.post(TOKEN, data=said)

    async def short(self, **query):
        """Consent, and give the token for an hour."""
        return (await self.exchange(await self.code(**query))).json()["access_token"]

    async def lengthen(self, token, **query):
        known = {"grant_type": "ig_exchange_token", "client_secret": "emulator-secret"}
        return await self.http.get(LONG, params=known | {"access_token": token} | query)

    async def long(self, **query):
        """Consent, and give the token for 60 days."""
        return (await self.lengthen(await self.short(**query))).json()["access_token"]

    async def refresh(self, token, **query):
        known = {"grant_type": "ig_refresh_token", "access_token": token}
        return await self.http.get(RENEW, params=known | query)

    async def ask(self, path, token, method="GET", **more):
        """Ask the API."""
        headers = {"authorization": f"Bearer {token}"}
        return await self.http.request(method, f"{GRAPH}/v26.0{path}", headers=headers, **more)

    async def act(self, deed, **details):
        return await self.world.act("instagram", deed, **details)

    async def call(self, name, token, account=f"24/{ROBIN}", **arguments):
        """Call a tool, through the egress, which lets nothing pass that is undeclared."""
        secret = Secret(token)

        async def given(newer_than):
            return AccessToken(secret, None, 1, frozenset())

        deadline = asyncio.get_running_loop().time() + 30
        async with open_http(self.world.url) as http:
            door = Egress(INSTAGRAM, TOOLS[name], http, given, deadline=deadline, account=account)
            return await TOOLS[name].function(Direct(door), **arguments)


def back(reply):
    """Give the address a person is sent back to, and its query."""
    assert reply.status_code == 302, reply.text
    place = urlsplit(reply.headers["location"])
    return f"{place.scheme}://{place.netloc}{place.path}", dict(parse_qsl(place.query))


@asynccontextmanager
async def playing(consent="auto"):
    """Start Instagram's emulator, and give a client of it."""
    async with (
        emulator.running("instagram", consent=consent) as world,
        httpx2.AsyncClient(base_url=world.url, trust_env=False, verify=False) as http,
    ):
        yield Play(world, http)

"""A client of the emulated Notion that knows its addresses, and a door to it for tools."""

import base64
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlsplit

import httpx2

from connector_vault import Client, Secret, emulator, registry
from connector_vault.connector import Api, Reply
from connector_vault.signature import signature_of

connector = registry.load("notion")
functions = {tool.name: tool.function for tool in connector.tools}

ID, HUSH = "0f0e0d0c-0b0a-4908-8706-050403020100", "emulator-secret"
CLIENT = Client(provider="notion", id=ID, secret=Secret(HUSH))
HOME = "http://127.0.0.1:7777/callback"
ASK = {
    "client_id": ID,
    "redirect_uri": HOME,
    "response_type": "code",
    "owner": "user",
    "state": "s-1",
}
VERSION = {"notion-version": "2026-03-11"}
HANDBOOK, HOLIDAYS = "592e02ef-2531-51d1-83bb-2c29f3cbb38a", "5c368d39-64bd-59d4-96dc-311bdfd1ab53"
TASKS = "ebd50391-93db-5cc6-aa02-9c32bde86ecb"
ROWS = "491ae999-51e0-5e25-8948-a39d836d8796"
ADA = "b0000000-0000-4000-8000-000000000001"


def basic(name, secret):
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


class Notion:
    """Asks the emulator as an app, as its user, or as anybody."""

    def __init__(self, world, http):
        self.world = world
        self.http = http

    async def act(self, deed, **details):
        return await self.world.act("notion", deed, **details)

    async def authorize(self, **query):
        """Give the address the person is sent back to, and its query."""
        asked = {name: said for name, said in (ASK | query).items() if said is not None}
        return back(await self.http.get("/api.notion.com/v1/oauth/authorize", params=asked))

    async def oauth(self, what, body, client=(ID, HUSH), headers=VERSION):
        """Ask one of the three OAuth endpoints."""
        address = f"/api.notion.com/v1/oauth/{what}"
        return await self.http.post(address, json=body, headers=basic(*client) | headers)

    async def exchange(self, **body):
        wanted = {"grant_type": "authorization_code", "redirect_uri": HOME}
        return await self.oauth("token", wanted | body)

    async def tokens(self, **query):
        """Consent, and give the tokens that come of it."""
        _, said = await self.authorize(**query)
        return (await self.exchange(code=said["code"])).json()

    async def refresh(self, tokens):
        """Spend a refresh token."""
        spent = tokens["refresh_token"]
        body = {"grant_type": "refresh_token", "refresh_token": spent}
        return (await self.oauth("token", body)).json()

    async def lives(self, token):
        """Tell whether Notion says that a token is active."""
        return (await self.oauth("introspect", {"token": token})).json()["active"]

    async def ask(self, method, path, tokens=None, headers=VERSION, **more):
        """Ask the API, with a token if there is one."""
        known = {"authorization": f"Bearer {tokens['access_token']}"} if tokens else {}
        address = f"/api.notion.com{path}"
        return await self.http.request(method, address, headers=known | headers, **more)

    def door(self, tokens):
        return Door(self, tokens)


class Door(Api):
    """Our tools' door, straight to the emulator."""

    def __init__(self, notion, tokens):
        self.notion = notion
        self.tokens = tokens

    async def send(self, request):
        reply = await self.notion.ask(
            request.method,
            request.url,
            self.tokens,
            headers=connector.headers,
            params=request.query,
            json=request.json,
        )
        return connector.answer(Reply(reply.status_code, reply.content, dict(reply.headers)))


async def run(api, name, /, **arguments):
    """Call a tool as an agent does: arguments and result as JSON."""
    signature = signature_of(functions[name])
    return signature.dump(await functions[name](api, **signature.bind(arguments)))


def back(reply):
    """Give the address a person is sent back to, and its query."""
    assert reply.status_code == 302, reply.text
    place = urlsplit(reply.headers["location"])
    return f"{place.scheme}://{place.netloc}{place.path}", dict(parse_qsl(place.query))


@asynccontextmanager
async def playing(consent="auto"):
    """Start Notion's emulator, and give a client of it."""
    async with (
        emulator.running("notion", consent=consent) as world,
        httpx2.AsyncClient(base_url=world.url, trust_env=False, verify=False) as http,
    ):
        yield Notion(world, http)

"""The emulated Facebook for tests: its app, its people, films of any size, and who asks it."""

import hashlib
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlsplit

import httpx2

from connector_vault import Client, Secret, emulator, registry

APP = Client(
    provider="facebook", id="1234567890123456", secret=Secret("emulator-secret-of-facebook")
)
ADA, BERT = "10158000000000001", "10158000000000002"
BAKERY, GARAGE, CHOIR = "104000000000001", "104000000000002", "104000000000003"
TOKEN = "/v26.0/oauth/access_token"
DAY = 86_400

HOME = "http://127.0.0.1:7777/callback"
DIALOG = "/www.facebook.com/v26.0/dialog/oauth"
GRAPH = "/graph.facebook.com"
SECRET = APP.secret.reveal()
APP_TOKEN = f"{APP.id}|{SECRET}"
ASK = {
    "client_id": APP.id,
    "redirect_uri": HOME,
    "response_type": "code",
    "state": "s-1",
    "scope": ",".join(registry.load("facebook").oauth.scopes),
}


class Film:
    """A file of any size whose bytes tell one place from another."""

    name = "../../etc/passwd"

    def __init__(self, size):
        self.size = size

    def read(self, piece):
        first, last = piece.start // 8, -(-piece.stop // 8)
        text = b"".join(b"%08x" % block for block in range(first, last))
        return text[piece.start - first * 8 :][: len(piece)]

    def digest(self):
        return hashlib.sha256(self.read(range(self.size))).hexdigest()


class Play:
    """Asks as an app, or as its user."""

    def __init__(self, world, http):
        self.world = world
        self.http = http

    async def authorize(self, **query):
        wanted = {name: said for name, said in (ASK | query).items() if said is not None}
        return await self.http.get(DIALOG, params=wanted)

    async def code(self, **query):
        place = urlsplit((await self.authorize(**query)).headers["location"])
        return dict(parse_qsl(place.query))["code"]

    async def exchange(self, **form):
        known = {"client_id": APP.id, "client_secret": SECRET}
        return await self.http.post(f"{GRAPH}{TOKEN}", data=known | form)

    async def short(self, **query):
        said = await self.exchange(code=await self.code(**query), redirect_uri=HOME)
        return said.json()["access_token"]

    async def long(self, token=None):
        token = token or await self.short()
        said = await self.exchange(grant_type="fb_exchange_token", fb_exchange_token=token)
        return said.json()["access_token"]

    async def page(self, token=None):
        said = await self.ask("/me/accounts", token or await self.long())
        return said.json()["data"][0]["access_token"]

    async def ask(self, path, token, method="GET", version="/v26.0", **more):
        headers = {"authorization": f"Bearer {token}"}
        return await self.http.request(method, GRAPH + version + path, headers=headers, **more)

    async def act(self, deed, **details):
        return await self.world.act("facebook", deed, **details)


@asynccontextmanager
async def playing():
    """Start Facebook's emulator, and give a client of it."""
    async with (
        emulator.running("facebook") as world,
        httpx2.AsyncClient(base_url=world.url, trust_env=False, verify=False) as http,
    ):
        yield Play(world, http)


def error(reply):
    """Give the number of an error, and its subcode."""
    found = reply.json()["error"]
    assert reply.status_code in (400, 403)
    return found["code"], found.get("error_subcode", 0)

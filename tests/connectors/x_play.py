"""A client of the emulated X that knows its addresses, and one that calls tools by the real way."""

import asyncio
import base64
import hashlib
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from connector_vault import emulator, registry
from connector_vault.connector import Api, Secret
from connector_vault.egress import Direct, Egress
from connector_vault.http import open_http
from connector_vault.model import AccessToken

X = registry.load("x")
TOOLS = {tool.name: tool for tool in X.tools}

HOME = "http://127.0.0.1:7777/callback"
AUTHORIZE = "/x.com/i/oauth2/authorize"
TOKEN = "/api.x.com/2/oauth2/token"
REVOKE = "/api.x.com/2/oauth2/revoke"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
"""RFC 7636, appendix B."""

ALL = " ".join(X.oauth.scopes)
ASK = {
    "response_type": "code",
    "client_id": "x-emulator",
    "redirect_uri": HOME,
    "scope": ALL,
    "state": "s-1",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
WREN = "1460323737035677698"


PNG = b"\x89PNG\r\n\x1a\n"
GIF = b"GIF89a"
MP4 = b"\x00\x00\x00\x18ftypmp42"


def basic(name="x-emulator", secret="emulator-secret"):
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def challenge_of(verifier):
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class Made:
    """A file of any size: a beginning, and then bytes that tell one place from another."""

    name = "../../etc/passwd.exe"

    def __init__(self, head, size):
        self.head = head
        self.size = size
        self.read_to = 0

    def read(self, piece):
        self.read_to = max(self.read_to, piece.stop)
        first, last = piece.start // 8, -(-piece.stop // 8)
        text = b"".join(b"%08x" % block for block in range(first, last))
        text = text[piece.start - first * 8 :][: len(piece)]
        head = self.head[piece.start : piece.stop]
        return head + text[len(head) :]

    def digest(self):
        return hashlib.sha256(self.read(range(self.size))).hexdigest()


class Stop(Exception):
    """Carries the one request a tool sent."""


class Catch(Api):
    """Answers nothing: the first request ends the tool."""

    async def send(self, request):
        raise Stop(request)


def sent(name, **arguments):
    """Give the one request a tool sends."""
    with pytest.raises(Stop) as stop:
        asyncio.run(TOOLS[name].function(Catch(), **arguments))
    return stop.value.args[0]


class Play:
    """Asks the emulator as an app, or as its user."""

    def __init__(self, world, http):
        self.world = world
        self.http = http

    async def authorize(self, **query):
        """Give the address the person is sent back to, and its query."""
        wanted = {name: said for name, said in (ASK | query).items() if said is not None}
        return await self.http.get(AUTHORIZE, params=wanted)

    async def code(self, **query):
        return back(await self.authorize(**query))[1]["code"]

    async def exchange(self, code, headers=None, **form):
        """Ask the token address."""
        known = {"grant_type": "authorization_code", "code": code, "redirect_uri": HOME}
        wanted = known | {"code_verifier": VERIFIER} | form
        said = {name: one for name, one in wanted.items() if one is not None}
        return await self.http.post(
            TOKEN, data=said, headers=basic() if headers is None else headers
        )

    async def tokens(self, **query):
        """Consent, and give the tokens that come of it."""
        return (await self.exchange(await self.code(**query))).json()

    async def refresh(self, tokens, headers=None, **form):
        """Spend a refresh token."""
        wanted = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]} | form
        return await self.http.post(TOKEN, data=wanted, headers=headers or basic())

    async def revoke(self, token, headers=None, **form):
        wanted = {"token": token} | form
        return await self.http.post(
            REVOKE, data=wanted, headers=basic() if headers is None else headers
        )

    async def ask(self, path, tokens, method="GET", **more):
        """Ask the API."""
        headers = {"authorization": f"Bearer {tokens['access_token']}"}
        return await self.http.request(method, f"/api.x.com{path}", headers=headers, **more)

    async def act(self, deed, **details):
        return await self.world.act("x", deed, **details)

    @asynccontextmanager
    async def door(self, name, tokens):
        """Give a tool's own door: the egress, which lets nothing pass that is undeclared."""
        secret = Secret(tokens["access_token"])

        async def token(newer_than):
            return AccessToken(secret, None, 1, frozenset())

        deadline = asyncio.get_running_loop().time() + 30
        async with open_http(self.world.url) as http:
            yield Direct(Egress(X, TOOLS[name], http, token, deadline=deadline))

    async def call(self, name, tokens, **arguments):
        """Call a tool."""
        async with self.door(name, tokens) as api:
            return await TOOLS[name].function(api, **arguments)


def back(reply):
    """Give the address a person is sent back to, and its query."""
    assert reply.status_code == 302, reply.text
    place = urlsplit(reply.headers["location"])
    return f"{place.scheme}://{place.netloc}{place.path}", dict(parse_qsl(place.query))


@asynccontextmanager
async def playing(consent="auto"):
    """Start X's emulator, and give a client of it."""
    async with (
        emulator.running("x", consent=consent) as world,
        httpx2.AsyncClient(base_url=world.url, trust_env=False, verify=False) as http,
    ):
        yield Play(world, http)

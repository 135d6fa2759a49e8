"""A client of the emulated Slack that knows its addresses, and calls tools without a vault."""

import base64
import os
import re
from contextlib import asynccontextmanager
from html import unescape
from importlib import import_module
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from connector_vault import AccessToken, Client, Secret, emulator, registry
from connector_vault.connector import Api
from connector_vault.egress import Direct, Egress
from connector_vault.http import open_http

HOME = "http://127.0.0.1:7777/callback"
CLIENT = Client(provider="slack", id="1000.2000", secret=Secret("emulator-secret"))
AUTHORIZE = "/slack.com/oauth/v2/authorize"
API = "/slack.com/api"
ASK = {"client_id": CLIENT.id, "redirect_uri": HOME, "state": "s-1"}
GENERAL, RANDOM, SECRETS, DIRECT = "C00000001", "C00000002", "C00000003", "D00000004"
BOT = ",".join(
    [
        *("channels:history", "channels:join", "channels:read", "chat:write", "files:write"),
        *("groups:history", "groups:read", "reactions:write", "users:read", "users:read.email"),
    ]
)
PERSON = f"{BOT.replace('channels:join', 'channels:write')},im:read,im:history,search:read"
BOTH = {"scope": BOT, "user_scope": PERSON}
"""What a person's token is asked for: a person joins by channels:write."""

TOKENS = {
    "bot": "xoxb-123456789012-123456789012-" + "aB3" * 8,
    "person": "xoxp-123456789012-123456789012-" + "aB3" * 8,
    "rotating bot": "xoxe.xoxb-1-" + "aB3" * 50,
    "rotating person": "xoxe.xoxp-1-" + "aB3" * 50,
    "refresh": "xoxe-1-" + "aB3" * 48,
    "app": "xapp-1-A0123ABCD-1234567890123-" + "0f" * 32,
    "workflow": "xwfp-123456789012-" + "aB3" * 8,
    "session": "xoxc-123456789012-" + "aB3" * 8,
    "legacy": "xoxa-2-123456789012-" + "aB3" * 8,
    "hook": "hooks.slack.com/services/T0123ABCD/B0123ABCD/" + "aB3" * 8,
    "escaped hook": r"hooks.slack.com\/services\/T0123ABCD\/B0123ABCD\/" + "aB3" * 8,
}
"""One of each shape, as long as Slack makes them."""

slack = registry.load("slack")
tools = {tool.name: tool for tool in slack.tools}


class Stop(Exception):
    """Carries the one request a tool sent."""


class Catch(Api):
    """Answers nothing: the first request ends the tool."""

    async def send(self, request):
        raise Stop(request)


class Script(Api):
    """Answers with one reply, or error, after the other, and remembers what was asked."""

    def __init__(self, *replies):
        self.replies, self.asked = list(replies), []

    async def send(self, request):
        self.asked.append(request)
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return slack.answer(reply)


class Held:
    """A file of a test, which counts the pieces that were read of it."""

    def __init__(self, content, name="notes.txt"):
        self.content, self.name, self.size = content, name, len(content)
        self.pieces = []

    def read(self, piece):
        self.pieces.append(len(piece))
        return self.content[piece.start : piece.stop]


class Play:
    """Asks the emulator as an app, as a tool, or as anybody."""

    def __init__(self, world, http, wire):
        self.world, self.http, self._wire = world, http, wire

    async def act(self, deed, **details):
        return await self.world.act("slack", deed, **details)

    async def authorize(self, **query):
        """Give the address a person is sent back to, and its query."""
        wanted = query if query.keys() & {"scope", "user_scope"} else BOTH | query
        return back(await self.http.get(AUTHORIZE, params=ASK | wanted))

    async def exchange(self, secret="emulator-secret", **form):
        """Ask the token address, as the app."""
        headers = basic(CLIENT.id, secret)
        return await self.http.post(f"{API}/oauth.v2.access", data=form, headers=headers)

    async def tokens(self, **query):
        """Consent, and give what comes of it."""
        _, said = await self.authorize(**query)
        return (await self.exchange(code=said["code"], redirect_uri=HOME)).json()

    async def bot(self, **query):
        """Give a bot's token."""
        return (await self.tokens(**query))["access_token"]

    async def person(self, **query):
        """Give a person's token."""
        return (await self.tokens(**query))["authed_user"]["access_token"]

    async def refresh(self, token, **form):
        """Spend a refresh token."""
        wanted = {"grant_type": "refresh_token", "refresh_token": token}
        return (await self.exchange(**wanted, **form)).json()

    async def ask(self, method, token=None, **args):
        """Call a method by GET."""
        return await self.http.get(f"{API}/{method}", params=args, headers=bearer(token))

    async def post(self, method, token=None, **args):
        """Call a method by POST."""
        return await self.http.post(f"{API}/{method}", data=args, headers=bearer(token))

    async def do(self, tool, token, **arguments):
        """Call a tool with a token, as a gateway does, but for the rest of a vault."""
        return await tools[tool].function(self.door(tool, token), **arguments)

    def door(self, tool, token):
        async def current(_):
            return AccessToken(Secret(token), None, 1, None)

        # A time of the loop's clock that no test lives to see.
        return Direct(Egress(slack, tools[tool], self._wire, current, deadline=1e9))


def sdk(name):
    """Give a module of Slack's own library, or skip what needs it."""
    if os.environ.get("CONNECTOR_VAULT_REQUIRE_ALL") == "1":
        return import_module(name)
    return pytest.importorskip(name, reason="slack_sdk is not installed")


def back(reply):
    """Give the address a person is sent back to, and its query."""
    assert reply.status_code == 302
    place = urlsplit(reply.headers["location"])
    return f"{place.scheme}://{place.netloc}{place.path}", dict(parse_qsl(place.query))


def basic(name, secret):
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def bearer(token):
    return {"authorization": f"Bearer {token}"} if token else {}


def hidden(page):
    """Give the fields a consent page keeps."""
    found = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in found}


@asynccontextmanager
async def playing(consent="auto"):
    """Start Slack's emulator, and give a client of it."""
    async with (
        emulator.running("slack", consent=consent) as world,
        httpx2.AsyncClient(base_url=world.url, trust_env=False, verify=False) as http,
        open_http(world.url) as wire,
    ):
        yield Play(world, http, wire)

"""A client of the emulated TikTok that knows its addresses, and one that calls tools by a door."""

import asyncio
import hashlib
import json
import math
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlsplit

import httpx2

from connector_vault import emulator, registry
from connector_vault.connector import Api, Reply, Secret
from connector_vault.egress import Direct, Egress
from connector_vault.http import open_http
from connector_vault.model import AccessToken

TIKTOK = registry.load("tiktok")
TOOLS = {tool.name: tool for tool in TIKTOK.tools}
PUBLISH = "/v2/post/publish"
INIT, INBOX = f"{PUBLISH}/video/init/", f"{PUBLISH}/inbox/video/init/"
CONTENT, FETCH = f"{PUBLISH}/content/init/", f"{PUBLISH}/status/fetch/"
CREATOR, CANCEL = f"{PUBLISH}/creator_info/query/", f"{PUBLISH}/cancel/"
UPLOADS = "*upload*.tiktokapis.com"

HOME = "http://127.0.0.1:7777/callback"
WEB = "https://app.example/callback"
AUTHORIZE = "/www.tiktok.com/v2/auth/authorize/"
TOKEN = "/open.tiktokapis.com/v2/oauth/token/"
REVOKE = "/open.tiktokapis.com/v2/oauth/revoke/"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
"""RFC 7636, appendix B."""

HEX = hashlib.sha256(VERIFIER.encode()).hexdigest()
ALL = ",".join(TIKTOK.oauth.scopes)
EVERYTHING = f"{ALL},user.info.profile,user.info.stats"
KEY = {"client_key": "tiktok-emulator", "client_secret": "emulator-secret"}
ASK = {
    "response_type": "code",
    "client_key": "tiktok-emulator",
    "redirect_uri": HOME,
    "scope": EVERYTHING,
    "state": "s-1",
    "code_challenge": HEX,
    "code_challenge_method": "S256",
}
DUCK, QUAIL = "dancing.duck", "quiet_quail"
FILM = "https://media.example.com/films/dance.mp4"
PHOTOS = ["https://media.example.com/a.jpg", "https://media.example.com/b.webp"]
MP4 = b"\x00\x00\x00\x18ftypmp42"

_PERIOD = 1_000_003
"""Bytes. It is prime, so that no two chunks begin alike."""

_ONCE = bytes(range(251)) * (_PERIOD // 251 + 1)
_TWICE = _ONCE[:_PERIOD] * 2


class Made:
    """A film of any size: bytes that tell one place from another, made when they are read."""

    name = "../../etc/passwd.exe"

    def __init__(self, size, head=MP4):
        self.size = size
        self.head = head[:size]
        self.longest = 0

    def read(self, piece):
        self.longest = max(self.longest, len(piece))
        found, at = [], piece.start
        while at < piece.stop:
            begin = at % _PERIOD
            found.append(_TWICE[begin : begin + min(piece.stop - at, _PERIOD)])
            at += len(found[-1])
        head = self.head[piece.start : piece.stop]
        text = b"".join(found)
        return head + text[len(head) :]

    def digest(self):
        digest = hashlib.sha256()
        for at in range(0, self.size, _PERIOD):
            digest.update(self.read(range(at, min(at + _PERIOD, self.size))))
        return digest.hexdigest()


class Script(Api):
    """Answers each request with the next reply, or raises it, and keeps what it was asked."""

    left = math.inf

    def __init__(self, *script):
        self.script = list(script)
        self.asked = []

    async def send(self, request):
        self.asked.append(request)
        assert self.script, f"nothing more was expected, and here is {request}"
        found = self.script.pop(0)
        if isinstance(found, Exception):
            raise found
        return TIKTOK.answer(found)

    @property
    def addresses(self):
        return [request.url for request in self.asked]

    @property
    def ranges(self):
        """Give what was said of the chunks that were sent."""
        return [one.headers["Content-Range"] for one in self.asked if one.method == "PUT"]


def ok(data=None, status=200):
    """Give an answer that says that all is well."""
    error = {"code": "ok", "message": "", "log_id": "1"}
    return Reply(status, json.dumps({"data": data or {}, "error": error}).encode())


def no(code, status, message=""):
    """Give an answer that says no as the API does."""
    error = {"code": code, "message": message, "log_id": "1"}
    return Reply(status, json.dumps({"data": {}, "error": error}).encode())


CAN = ok(
    {
        "creator_username": "duck",
        "creator_nickname": "Duck",
        "privacy_level_options": ["PUBLIC_TO_EVERYONE", "SELF_ONLY"],
        "comment_disabled": True,
        "duet_disabled": True,
        "stitch_disabled": True,
        "max_video_post_duration_sec": 60,
    }
)
PLACE = ok(
    {
        "publish_id": "v_pub_file~v2-1.7",
        "upload_url": "https://open-upload.tiktokapis.com/video/?upload_id=7&upload_token=Xza%2B1",
    }
)
POSTED = ok({"status": "PUBLISH_COMPLETE", "publicaly_available_post_id": [7400000000000000009]})


def has(count, status="PROCESSING_UPLOAD", **more):
    """Give an answer that tells how much came."""
    return ok({"status": status, "uploaded_bytes": count, **more})


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
        known = KEY | {"grant_type": "authorization_code", "code": code, "redirect_uri": HOME}
        wanted = known | {"code_verifier": VERIFIER} | form
        said = {name: one for name, one in wanted.items() if one is not None}
        return await self.http.post(TOKEN, data=said)

    async def tokens(self, **query):
        """Consent, and give the tokens that come of it."""
        return (await self.exchange(await self.code(**query))).json()

    async def refresh(self, tokens, **form):
        """Spend a refresh token."""
        known = KEY | {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        return await self.http.post(TOKEN, data=known | form)

    async def revoke(self, token, **form):
        return await self.http.post(REVOKE, data=KEY | {"token": token} | form)

    async def ask(self, path, tokens, method="POST", **more):
        """Ask the API."""
        headers = {"authorization": f"Bearer {tokens['access_token']}"}
        place = f"/open.tiktokapis.com{path}"
        return await self.http.request(method, place, headers=headers, **more)

    async def act(self, deed, **details):
        return await self.world.act("tiktok", deed, **details)

    @asynccontextmanager
    async def door(self, name, tokens):
        """Give a tool's own door: the egress, which lets nothing pass that is undeclared."""
        secret = Secret(tokens["access_token"])

        async def token(newer_than):
            return AccessToken(secret, None, 1, frozenset())

        deadline = asyncio.get_running_loop().time() + 60
        async with open_http(self.world.url) as http:
            yield Direct(Egress(TIKTOK, TOOLS[name], http, token, deadline=deadline))

    async def call(self, name, tokens, **arguments):
        """Call a tool."""
        async with self.door(name, tokens) as api:
            return await TOOLS[name].function(api, **arguments)

    async def put(self, url, content, told, kind="video/mp4"):
        """Send a chunk."""
        headers = {"content-type": kind, "content-range": told}
        return await self.http.put(
            url.replace("https://", "/", 1), content=content, headers=headers
        )


def back(reply):
    """Give the address a person is sent back to, and its query."""
    assert reply.status_code == 302, reply.text
    place = urlsplit(reply.headers["location"])
    return f"{place.scheme}://{place.netloc}{place.path}", dict(parse_qsl(place.query))


@asynccontextmanager
async def playing(consent="auto"):
    """Start TikTok's emulator, and give a client of it."""
    async with (
        emulator.running("tiktok", consent=consent) as world,
        httpx2.AsyncClient(base_url=world.url, trust_env=False, verify=False) as http,
    ):
        yield Play(world, http)

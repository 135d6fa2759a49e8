"""Another's emulator of GitHub and Slack, from npm: that the happy path is not only true of ours.

https://www.npmjs.com/package/emulate, version 0.11.2. It knows no refresh and no revocation.
"""

import os
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from connector_vault import Client, Gateway, Owner, Secret, Vault
from tests.connectors.held import Held
from tests.deeds import ROOT

pytestmark = pytest.mark.others

ADA = Owner(tenant="acme", user="ada")
CALLBACK = "http://127.0.0.1/callback"
FOLDER = ROOT / "build" / "others"
PROGRAM = FOLDER / "node_modules" / "emulate" / "dist" / "index.js"
SEED = """
github:
  users:
    - login: octocat
      name: The Octocat
      email: octocat@github.com
  repos:
    - owner: octocat
      name: hello-world
      language: Python
      auto_init: true
  oauth_apps:
    - client_id: Iv1.emulate
      client_secret: emulate-secret
      name: Ours
      redirect_uris: [http://127.0.0.1/callback]
slack:
  team: {name: Acme, domain: acme}
  users:
    - {name: ada, real_name: Ada, email: ada@acme.example}
  channels:
    - {name: general, topic: All}
  oauth_apps:
    - client_id: "1.2"
      client_secret: emulate-secret
      name: Ours
      redirect_uris: [http://127.0.0.1/callback]
"""
CLIENTS = [
    Client(provider="github", id="Iv1.emulate", secret=Secret("emulate-secret")),
    Client(provider="slack", id="1.2", secret=Secret("emulate-secret")),
]


def free_port():
    """Find two free ports that follow each other: one for each service."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


@contextmanager
def emulate(folder):
    """Run it, and give the ports of GitHub and Slack."""
    (folder / "seed.yaml").write_text(SEED)
    port = free_port()
    command = [FOLDER / "node", PROGRAM, "start", "--service", "github,slack"]
    command += ["--port", str(port), "--seed", folder / "seed.yaml"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 30
            while not (is_open(port) and is_open(port + 1)):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield port, port + 1
        finally:
            process.terminate()


def is_open(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def behind(ports):
    """Stand for the internet: `/HOST/PATH` is asked of whoever plays that host."""
    github, slack = ports
    places = {
        "github.com": github,
        "api.github.com": github,
        "slack.com": slack,
        "files.slack.com": slack,
    }

    files = f"http://localhost:{slack}", "https://files.slack.com"

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            host, _, path = self.path[1:].partition("/")
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            kept = {
                k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")
            }
            url = f"http://127.0.0.1:{places[host]}/{path}"
            command = self.command
            if path.startswith("api/") and command == "GET":
                # Slack takes both, and this one only knows POST.
                url, _, form = url.partition("?")
                command, body = "POST", form.encode()
                kept |= {"content-type": "application/x-www-form-urlencoded"}
                kept.pop("content-length", None)
            with httpx2.Client() as client:
                reply = client.request(command, url, headers=kept, content=body)
            self.send_response(reply.status_code)
            gone = ("content-length", "transfer-encoding", "connection", "content-encoding")
            for name, said in reply.headers.items():
                if name.lower() not in gone:
                    self.send_header(name, said)
            # It names itself where Slack names its host for files.
            said = reply.content.replace(*(one.encode() for one in files))
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815  # the library's names

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="module")
def ports(tmp_path_factory):
    if not PROGRAM.exists():
        missing = pytest.fail if os.environ.get("CONNECTOR_VAULT_REQUIRE_ALL") else pytest.skip
        missing("the emulator of others is not installed: make others")
    with emulate(tmp_path_factory.mktemp("emulate")) as ports:
        yield ports


@pytest.fixture
async def vault(tmp_path, ports):
    with behind(ports) as url:
        database, keys = f"sqlite:///{tmp_path / 'vault.db'}", f"local:{tmp_path / 'vault.key'}"
        opened = Vault.open(database, keys=keys, clients=CLIENTS, emulator=url, background=False)
        async with opened as vault:
            yield vault


@pytest.fixture
async def call(vault):
    async with Gateway(vault) as gateway:

        async def call(tool, connection=None, **arguments):
            return (await gateway.call(ADA, tool, arguments, connection=connection)).value

        yield call


async def agree(pending, path, port, **who):
    """Agree, as the page's form would."""
    asked = dict(parse_qsl(urlsplit(pending.url).query))
    form = {name: asked.get(name, "") for name in ("redirect_uri", "scope", "state", "client_id")}
    form["user_scope"] = asked.get("user_scope", "")
    async with httpx2.AsyncClient() as browser:
        reply = await browser.post(f"http://127.0.0.1:{port}{path}", data={**form, **who})
    return reply.headers["location"]


async def test_github_of_others_is_connected_and_called(vault, call, ports):
    pending = await vault.connect("github", ADA, redirect_uri=CALLBACK)
    callback = await agree(pending, "/login/oauth/callback", ports[0], login="octocat")

    (connection,) = await vault.finish(callback, owner=ADA)

    assert connection.label == "octocat"
    repo = {"owner": "octocat", "repo": "hello-world"}
    made = await call("github.create_issue", **repo, title="It works")
    await call("github.comment_issue", **repo, issue_number=made["number"], body="Indeed.")
    closed = await call("github.close_issue", **repo, issue_number=made["number"])
    assert (closed["title"], closed["state"]) == ("It works", "closed")


async def test_slack_of_others_is_connected_and_called(vault, call, ports):
    scopes = ["chat:write", "channels:read", "channels:history", "files:write", "user:search:read"]
    pending = await vault.connect("slack", ADA, redirect_uri=CALLBACK, scopes=scopes)
    async with httpx2.AsyncClient() as browser:
        page = (await browser.get(pending.url)).text
    user = page.split('name="user_id" value="')[1].split('"')[0]
    callback = await agree(pending, "/oauth/v2/authorize/callback", ports[1], user_id=user)

    connections = await vault.finish(callback, owner=ADA)

    # Its person's token has the bot's scopes, so that either would do.
    bot, _ = (one.id for one in connections)
    channels = await call("slack.list_channels", bot)
    general = next(one["id"] for one in channels["channels"] if one["name"] == "general")
    posted = await call("slack.post_message", bot, channel=general, text="It works")
    history = await call("slack.channel_history", bot, channel=general)
    assert posted["ts"] in {one["ts"] for one in history["messages"]}
    held = Held(b"hello", "hello.txt")
    uploaded = await call("slack.upload_file", bot, file=held, channel=general)
    assert uploaded["id"]

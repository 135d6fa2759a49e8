"""What is left of a data key in the memory of a process, as another process sees it."""

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from tests.softhsm import KEY_WRAP_ONLY, softhsm

HOLDING = """
import asyncio, sys
from connector_vault.keys import Raw, Wrapped, open_keys
from connector_vault.keys.pkcs11.thread import wipe_all

def show(what):
    print(what, flush=True)
    sys.stdin.readline()

async def main(mask):
    keys = open_keys(sys.argv[1], create=True)
    raw = bytearray(one ^ 0x5A for one in mask)
    show("held")
    (wrapped,) = await keys.wrap([Raw(raw, b"c")])
    wipe_all([raw])
    show("wrapped")
    answers = await keys.unwrap([Wrapped(wrapped, b"c")] * 40)
    show("held")
    wipe_all(answers)
    show("unwrapped")
    await keys.rewrap([Wrapped(wrapped, b"c")] * 40)
    show("rewrapped")
    await keys.unwrap([Wrapped(wrapped, b"elsewhere")])
    show("refused")

asyncio.run(main(bytes.fromhex(sys.argv[2])))
"""
"""The key comes in disguise, so that what is found is not how it came."""


def copies(process, needle):
    """Count in all that a process may write to."""
    count = 0
    proc = Path(f"/proc/{process}")
    with (proc / "maps").open() as maps, (proc / "mem").open("rb", 0) as mem:
        for line in maps:
            place, rights = line.split()[:2]
            if rights.startswith("rw"):
                start, end = (int(one, 16) for one in place.split("-"))
                mem.seek(start)
                count += mem.read(end - start).count(needle)
    return count


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="looks into /proc, as Linux has it")
@pytest.mark.parametrize("mechanisms", ["ALL", KEY_WRAP_ONLY], ids=["gcm", "key-wrap"])
def test_no_copy_of_a_data_key_outlives_its_use(tmp_path, mechanisms):
    hsm, key = softhsm(tmp_path, mechanisms=mechanisms), secrets.token_bytes(32)
    mask = bytes(one ^ 0x5A for one in key).hex()
    command = (sys.executable, "-W", "ignore", "-c", HOLDING, hsm.address(), mask)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    found = []

    with subprocess.Popen(command, env=os.environ, **pipes) as process:
        while said := process.stdout.readline().strip():
            found.append((said, copies(process.pid, key)))
            process.stdin.write("\n")
            process.stdin.flush()

    assert [count for said, count in found if said == "held"] == [1, 40]
    assert [count for said, count in found if said != "held"] == [0, 0, 0, 0]

"""A forked child has no writer thread, and must not touch its parent's database handles."""

import subprocess
import sys

CHILD = """
import asyncio, os, sys
from connector_vault import Owner, Secret, Vault
from connector_vault.errors import StoreUnavailable

ADA = Owner(tenant="acme", user="ada")


async def use(vault, connection):
    for ask in (
        lambda: vault.token(connection, owner=ADA, purpose="fork"),
        lambda: vault.add("openrouter", ADA, secret=Secret("sk-5678")),
    ):
        try:
            await asyncio.wait_for(ask(), timeout=5)
            os._exit(1)
        except StoreUnavailable as error:
            assert "forked" in str(error)
    os._exit(7)


async def main(folder):
    async with Vault.open(f"sqlite:///{folder}/v.db", keys=f"local:{folder}/v.key") as vault:
        one = await vault.add("openrouter", ADA, secret=Secret("sk-1234"))
        if os.fork() == 0:
            try:
                asyncio.run(use(vault, one.id))
            finally:
                os._exit(2)
        return os.waitstatus_to_exitcode(os.wait()[1])


sys.exit(asyncio.run(main(sys.argv[1])))
"""


def test_a_forked_child_is_told_to_open_the_vault_itself(tmp_path):
    command = [sys.executable, "-W", "ignore", "-c", CHILD, str(tmp_path)]

    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)

    assert done.returncode == 7, done.stderr

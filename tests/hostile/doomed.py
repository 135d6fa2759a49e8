"""A vault whose tools spin, until somebody kills it: `doomed.py FOLDER`."""

import asyncio
import sys

from connector_vault import Gateway, Owner, Secret, Vault

ADA = Owner(tenant="acme", user="ada")


async def main(folder):
    async with Vault.open(f"sqlite:///{folder}/v.db", keys=f"local:{folder}/v.key") as vault:
        await vault.add("hostile", ADA, secret=Secret("hst_12345678"))
        async with Gateway(vault) as gateway:
            sys.stdout.write(f"{gateway._runner._sandbox._nursery._zygote.pid}\n")
            sys.stdout.flush()
            tools = ("hostile.spin_in_c", "hostile.outlive")
            await asyncio.gather(*(gateway.call(ADA, tool, {}, timeout=60) for tool in tools))


asyncio.run(main(sys.argv[1]))

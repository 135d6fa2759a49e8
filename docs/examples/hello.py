import asyncio

import httpx2

from connector_vault import Client, Gateway, Owner, Secret, Vault, emulator

ADA = Owner(tenant="acme", user="ada")
APP = Client(provider="github", id="Iv1.emulator", secret=Secret("emulator-secret"))
ISSUE = {"owner": "octocat", "repo": "hello-world", "title": "Hello"}


async def main() -> None:
    async with emulator.running("github") as world:
        database, keys = "sqlite:///hello.db", "local:hello.key"
        async with Vault.open(database, keys=keys, clients=[APP], emulator=world.url) as vault:
            pending = await vault.connect("github", ADA, redirect_uri="http://127.0.0.1/callback")
            back = httpx2.get(pending.url, trust_env=False)  # Ada follows the link, and agrees
            (connection,) = await vault.finish(back.headers["location"], owner=ADA)

            async with Gateway(vault) as gateway:
                result = await gateway.call(ADA, "github.create_issue", ISSUE)
                print(result.value["html_url"], result.isolation)

            receipt = await vault.disconnect(connection.id, owner=ADA)
            print(receipt.outcome, receipt.shredded)


asyncio.run(main())

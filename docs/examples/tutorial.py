"""The tutorial's steps in Python. Where the vault is, the settings say."""

import asyncio

from connector_vault import Connection, Gateway, Owner, Vault

ME = Owner(tenant="local", user="me")
HERE = {"owner": "octocat", "repo": "hello-world"}


async def connect(vault: Vault) -> Connection:
    pending = await vault.connect("github", ME, redirect_uri="http://127.0.0.1:8765/callback")
    print("Open this, and agree:", pending.url)
    callback = await asyncio.to_thread(input, "Then paste the address you ended at: ")
    (connection,) = await vault.finish(callback, owner=ME)
    return connection


async def main() -> None:
    async with Vault.open() as vault:
        connection = await connect(vault)
        print(connection.label, connection.state.value, connection.expires_at)

        gateway = Gateway(vault)  # it is closed with the vault
        for tool in await gateway.tools(ME):
            print(tool.name, tool.effect)

        await gateway.call(ME, "github.create_issue", {**HERE, "title": "Hello from Python"})
        found = await gateway.call(ME, "github.list_issues", HERE)
        print([issue["title"] for issue in found.value["issues"]])

        receipt = await vault.disconnect(connection.id, owner=ME)
        print(receipt.outcome, "confirmed" if receipt.confirmed else "not confirmed yet")


if __name__ == "__main__":
    asyncio.run(main())

"""Follow what becomes of connections, from where the last run of this program stopped."""

import asyncio
from pathlib import Path

from connector_vault import Event, Vault

PLACE = Path("cursor")  # here stands a table of yours


def seen() -> int:
    return int(PLACE.read_text()) if PLACE.exists() else 0


def act(event: Event) -> None:
    print(event.name, event.provider, event.owner, dict(event.detail), flush=True)
    draft = PLACE.with_suffix(".new")
    draft.write_text(str(event.cursor))
    draft.replace(PLACE)  # never half written, whenever this program is ended


async def main() -> None:
    async with Vault.open() as vault:
        async for event in vault.events(after=seen(), follow=True):
            act(event)


if __name__ == "__main__":
    asyncio.run(main())

"""The example of docs/how-to/take-over-tokens.md."""

import asyncio
import json
import sys

from connector_vault import Vault
from tests.deeds import ADA, CLIENT, ROOT, all_of, row_of
from tests.test_docs import _settings

EXAMPLE = ROOT / "docs" / "examples" / "adopting.py"


async def test_tokens_of_another_system_are_taken_over(vault, connect, world, tmp_path):
    connection, new = await connect(vault), tmp_path / "new"
    new.mkdir()
    tokens, _ = await vault.room.keyring.open(await row_of(vault, connection))
    line = json.dumps(
        {
            "provider": "github",
            "tenant": ADA.tenant,
            "user": ADA.user,
            "access_token": tokens.access.reveal(),
            "refresh_token": tokens.refresh.reveal(),
            "expires_at": tokens.expires_at // 1000,
        }
    )
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        EXAMPLE,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=_settings(world, new),
    )
    out, _ = await program.communicate(f"{line}\n{line}\n".encode())
    first, second = out.decode().splitlines()
    assert first.startswith("1 adopted con_")
    assert first.endswith(" octocat")
    # The same tokens once more are the same connection.
    assert second[1:] == first[1:]
    place = f"sqlite:///{new}/vault.db"
    async with Vault.open(
        place, keys=f"local:{new}/vault.key", clients=[CLIENT], emulator=world.url, background=False
    ) as ours:
        (adopted,) = await all_of(ours)
        assert (adopted.label, adopted.generation) == ("octocat", 2)
        assert tokens.access.reveal() not in out.decode()

"""The programs of docs/how-to/follow-events.md, in processes of their own."""

import asyncio
import os
import sys
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest

from connector_vault import Secret, Vault, Webhook
from connector_vault.deliveries import Deliveries
from connector_vault.settings import load_settings
from connector_vault.webhooks import named
from tests.deeds import ADA, ROOT, row_of, until
from tests.receiver import KEY, OTHER_KEY

EXAMPLES = ROOT / "docs" / "examples"
PIPES = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE}


@asynccontextmanager
async def running(*arguments, cwd, **environ):
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=cwd, env=os.environ | environ, **PIPES
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()


@pytest.fixture
async def receiver(tmp_path):
    """Run the receiver, and give its process and its address."""
    (tmp_path / "hook.secret").write_text(f"{KEY}\n")
    served = ("-m", "uvicorn", "--app-dir", str(EXAMPLES), "--port", "0", "--no-access-log")
    async with running(*served, "receiver:site", cwd=tmp_path) as process:
        while b" running on " not in (line := await process.stderr.readline()):
            assert line, "the program ended"
        yield process, f"{line.split()[4].decode()}/hook"


@pytest.fixture
async def row(vault):
    return await row_of(vault, await vault.add("openrouter", ADA, secret=Secret("sk-or-01234567")))


async def test_the_receiver_takes_what_is_genuine_and_does_it_once(vault, row, receiver):
    process, url = receiver
    room = vault.room
    sent = Deliveries(room, [Webhook(url=url, secret=Secret(KEY), name="hub")])
    await sent.enrol()
    for name in ("refreshed", "reconnect_needed", "recovered"):
        await room.store.commit(room.event(row, name))

    assert await sent.deliver() == 3
    assert await process.stdout.readline() == b"tell ada to connect again\n"


@pytest.mark.parametrize(("key", "ahead"), [(OTHER_KEY, 0), (KEY, 600_000)], ids=["key", "time"])
async def test_the_receiver_takes_nothing_else(vault, row, receiver, key, ahead):
    _, url = receiver
    room = replace(vault.room, clock=lambda: vault.room.clock() + ahead)
    sent = Deliveries(room, [Webhook(url=url, secret=Secret(key), name="hub")])
    await sent.enrol()
    await room.store.commit(room.event(row, "refreshed"))

    assert await sent.deliver() == 0


async def test_the_program_follows_and_goes_on_where_it_stopped(place, world, tmp_path):
    said = {"EMULATOR": world.url, "DATABASE": place.database, "KEYS": place.keys}
    environ = {f"CONNECTOR_VAULT_{name}": value for name, value in said.items()}
    said = {"keys": place.keys, "emulator": world.url, "background": False}
    async with Vault.open(place.database, **said) as vault:
        for _ in range(2):
            before = noted(tmp_path)
            await vault.add("openrouter", ADA, secret=Secret("sk-or-01234567"))
            async with running(str(EXAMPLES / "following.py"), cwd=tmp_path, **environ) as process:
                heard = await process.stdout.readline()
                assert heard == b"connected openrouter acme/ada {}\n"
                await until(lambda before=before: noted(tmp_path) != before)
                process.terminate()
                assert await process.stdout.read() == b""


def noted(folder):
    """Give what the program wrote down last."""
    cursor = folder / "cursor"
    return cursor.read_text() if cursor.exists() else ""


def test_the_webhooks_of_the_example_are_read(tmp_path):
    text = (EXAMPLES / "webhooks.toml").read_text().replace("/etc/agents", str(tmp_path))
    (tmp_path / "settings.toml").write_text(text)
    for name in ("hook", "desk"):
        (tmp_path / f"{name}.secret").write_text(f"{KEY}\n")

    said = load_settings({"CONNECTOR_VAULT_CONFIG": str(tmp_path / "settings.toml")})

    assert len(named(said.webhooks)) == 2

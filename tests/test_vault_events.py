"""Events, as a program meets them: `Vault.events`, `on_event` and webhooks."""

import asyncio

import pytest

from connector_vault import Event, Secret
from connector_vault.errors import BadArguments, Misconfigured
from tests.deeds import ADA, renew, until
from tests.receiver import receiving

KEY = Secret("sk-or-0123456789")


@pytest.fixture
async def receiver():
    async with receiving() as receiver:
        yield receiver


async def test_everybody_hears_of_a_life(receiver, opened, connect):
    heard, hook = [], receiver.hook(name="hub")
    async with opened(on_event=heard.append, webhooks=[hook], background=True) as vault:
        connection = await connect(vault)
        await renew(vault, connection)
        await vault.disconnect(connection.id, owner=ADA)
        await until(lambda: len(receiver.heard) == 4)
        names = [event.name async for event in vault.events(owner=ADA)]

    assert names == ["connected", "refreshed", "disconnecting", "disconnected"]
    assert [letter.data["name"] for letter in receiver.heard] == names
    assert [event.name for event in heard] == names
    assert all(isinstance(event, Event) for event in heard)


async def test_one_follows_from_a_cursor(opened):
    async with opened() as vault:
        await vault.add("openrouter", ADA, secret=KEY)
        (first,) = [event async for event in vault.events()]
        following = asyncio.create_task(anext(vault.events(after=first.cursor, follow=True)))
        second = await vault.add("openrouter", ADA, secret=KEY)

        assert (await following).connection == second.id
        with pytest.raises(BadArguments):
            await anext(vault.events(after=99))


async def test_maintaining_once_delivers(receiver, opened):
    async with opened(webhooks=[receiver.hook()]) as vault:
        await vault.add("openrouter", ADA, secret=KEY)

        assert (await vault.maintain()).delivered == 1
        assert (await vault.maintain()).delivered == 0


async def test_a_vault_does_not_open_with_a_weak_secret(opened):
    async with receiving("whsec_AAAA") as receiver:
        with pytest.raises(Misconfigured, match="openssl"):
            await opened(webhooks=[receiver.hook(name="hub")]).__aenter__()


async def test_the_webhooks_of_the_settings_are_told(receiver, opened, monkeypatch, tmp_path):
    (tmp_path / "hook.secret").write_text(receiver.key)
    said = f'[[webhooks]]\nurl = "{receiver.url}/hook"\nsecret_file = "{tmp_path}/hook.secret"\n'
    (tmp_path / "settings.toml").write_text(said)
    monkeypatch.setenv("CONNECTOR_VAULT_CONFIG", str(tmp_path / "settings.toml"))

    async with opened() as vault:
        await vault.add("openrouter", ADA, secret=KEY)
        assert (await vault.maintain()).delivered == 1

"""Keeping a token or key that somebody pasted."""

import pytest

from connector_vault import Owner, Secret
from connector_vault.errors import (
    BadArguments,
    Refused,
    TimedOut,
    Unreachable,
)
from tests.deeds import ADA, all_of, secret_of

EVE = Owner(tenant="acme", user="eve")


async def test_a_pasted_token_is_tried_at_once(vault, connect):
    pasted = await secret_of(vault, await connect(vault))

    connection = await vault.add("github", EVE, secret=pasted)

    assert (connection.kind, connection.label, connection.client) == ("token", "octocat", "")
    assert connection.scopes == {"repo"}
    assert connection.expires_at is None
    assert await secret_of(vault, connection) == pasted


async def test_a_pasted_token_that_is_dead_is_not_kept(vault):
    with pytest.raises(Refused, match="make a new one"):
        await vault.add("github", ADA, secret=Secret("gho_" + "x" * 36))

    assert await all_of(vault) == []


async def test_a_pasted_token_leaves_a_consents_grant_alone(vault, connect):
    first = await connect(vault)
    pasted = await secret_of(vault, await connect(vault, owner=EVE))

    second = await vault.add("github", ADA, secret=pasted)

    assert first.id != second.id
    assert await secret_of(vault, first) != pasted


async def test_pasting_again_keeps_the_connection(vault, connect):
    pasted = [await secret_of(vault, await connect(vault, owner=Owner(tenant=x))) for x in "ab"]

    first = await vault.add("github", ADA, secret=pasted[0])
    second = await vault.add("github", ADA, secret=pasted[1])

    assert (first.id, second.generation) == (second.id, 2)
    assert await secret_of(vault, second) == pasted[1]


@pytest.mark.parametrize(
    "fault",
    [{"kind": "drop"}, {"kind": "hang"}, {"kind": "reset"}],
    ids=lambda fault: fault["kind"],
)
async def test_a_pasted_token_whose_account_cannot_be_told_is_not_kept(
    vault, world, monkeypatch, fault
):
    monkeypatch.setattr("connector_vault.pasting._TIMEOUT", 0.3)
    await world.fault(path="/user", **fault)

    with pytest.raises((Unreachable, TimedOut)):
        await vault.add("github", ADA, secret=Secret("gho_" + "x" * 36))

    assert await all_of(vault) == []


async def test_a_provider_that_repeats_a_pasted_token_is_not_repeated(vault, world):
    pasted = "gho_" + "x" * 36
    body = {"message": f"we do not like {pasted} here"}
    await world.fault(path="/user", kind="status", status=403, body=body)

    with pytest.raises(Refused) as caught:
        await vault.add("github", ADA, secret=Secret(pasted))

    assert pasted not in str(caught.value)


@pytest.mark.parametrize("name", ["", "Open Router", "1st", "a" * 65, "añb", "a/b"])
async def test_what_is_no_name_is_refused(vault, name):
    with pytest.raises(BadArguments, match="name"):
        await vault.add(name, ADA, secret=Secret("sk-1"))


@pytest.mark.parametrize("secret", ["", "with space", "line\n", "é", "x" * 8193])
async def test_what_is_no_secret_is_refused_and_not_repeated(vault, secret):
    with pytest.raises(BadArguments) as caught:
        await vault.add("openrouter", ADA, secret=Secret(secret))

    assert not secret or secret not in str(caught.value)


@pytest.mark.parametrize("label", ["x" * 201, "two\nlines", "\x00"])
async def test_what_is_no_label_is_refused(vault, label):
    with pytest.raises(BadArguments, match="label"):
        await vault.add("openrouter", ADA, secret=Secret("sk-1"), label=label)


async def test_a_key_of_any_service_is_kept(vault, world):
    connection = await vault.add("openrouter", ADA, secret=Secret("sk-12345678"), label="the bot's")

    assert (connection.kind, connection.label) == ("api-key", "the bot's")
    assert await secret_of(vault, connection) == Secret("sk-12345678")
    assert await world.log() == ()

"""What goes wrong after a callback leaves no connection, no token and no secret behind."""

import asyncio
import sqlite3
from contextlib import closing
from urllib.parse import parse_qs, urlsplit

import pytest

from connector_vault.errors import (
    ConnectorVaultError,
    Misconfigured,
    OutcomeUnknown,
    RateLimited,
    Refused,
    StoreUnavailable,
    TimedOut,
    Unreachable,
)
from tests.deeds import ADA, CALLBACK, TOKEN, all_of, begun, impatient, live

JUNK = [
    pytest.param({"kind": "status", "status": 200, "body": {}}, id="{}"),
    pytest.param({"kind": "status", "status": 200, "body": []}, id="list"),
    pytest.param({"kind": "status", "status": 200, "body": {"access_token": 7}}, id="number"),
    pytest.param({"kind": "status", "status": 200, "body": {"access_token": "a b"}}, id="space"),
    pytest.param({"kind": "malformed"}, id="html"),
    pytest.param({"kind": "malformed", "body": "x" * 3_000_000}, id="3 MB"),
    pytest.param({"kind": "status", "status": 500, "body": "gone"}, id="500"),
    pytest.param({"kind": "drop"}, id="drop"),
    pytest.param({"kind": "truncate"}, id="truncate"),
    pytest.param({"kind": "hang"}, id="hang"),
]


async def begin(vault, owner=ADA, **options):
    return await vault.connect("github", owner, redirect_uri=CALLBACK, **options)


async def finish(vault, callback, owner=ADA):
    (connection,) = await vault.finish(callback, owner=owner)
    return connection


def query(url):
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}


@pytest.mark.parametrize("fault", JUNK)
async def test_junk_for_tokens_is_an_error_and_nothing_more(
    vault, world, agree, connect, monkeypatch, fault
):
    monkeypatch.setattr("connector_vault.consent._TIMEOUT", 0.5)
    callback = await agree(await begin(vault))
    await world.fault(path=TOKEN, **fault)

    with pytest.raises(Refused, match="start") as caught:
        await finish(vault, callback)

    told = f"{caught.value!r} {caught.value.__cause__!r}"
    assert not {query(callback)["code"], "emulator-secret"} & set(told.split())
    assert await all_of(vault) == []
    assert await connect(vault)


async def test_a_provider_that_was_not_reached_is_asked_again(vault, opened, agree):
    callback = await agree(await begin(vault))

    async with opened(emulator="http://127.0.0.1:9") as offline:
        for _ in range(2):
            with pytest.raises(Unreachable):
                await finish(offline, callback)

    assert await finish(vault, callback)


async def test_a_provider_that_says_later_is_asked_again(vault, world, agree):
    callback = await agree(await begin(vault))
    later = {"retry-after": "7"}
    await world.fault(path=TOKEN, kind="status", status=429, headers=later)

    with pytest.raises(RateLimited) as caught:
        await finish(vault, callback)

    assert caught.value.retry_after == 7
    assert await finish(vault, callback)


@pytest.mark.parametrize("kind", ["status", "malformed", "drop", "reset", "hang"])
async def test_an_account_that_cannot_be_told_is_not_connected(
    vault, world, agree, monkeypatch, kind
):
    """The code is spent by then: no error may say that the same callback can be tried again."""
    monkeypatch.setattr("connector_vault.consent._TIMEOUT", 0.5)
    callback = await agree(await begin(vault))
    await world.fault(path="/user", kind=kind)

    with pytest.raises(ConnectorVaultError) as caught:
        await finish(vault, callback)

    assert not isinstance(caught.value, (TimedOut, Unreachable, OutcomeUnknown))
    assert (await all_of(vault), await live(world)) == ([], 0)


async def test_a_token_that_could_not_be_stored_does_not_live_on(vault, world, place, agree):
    callback = await agree(await begin(vault))
    store = vault.room.store
    finishing = await begun(world, finish(vault, callback), "/user", kind="delay")
    await impatient(store)

    with closing(sqlite3.connect(place.file, isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(StoreUnavailable):
            await finishing

    assert (await all_of(vault), await live(world)) == ([], 0)


async def test_a_cancelled_consent_leaves_no_token_behind(vault, world, agree, monkeypatch):
    monkeypatch.setattr("connector_vault.consent._TIMEOUT", 0.5)
    callback = await agree(await begin(vault))
    await world.fault(path="/user", kind="hang")
    task = asyncio.create_task(finish(vault, callback))
    await world.heard(path="/user")

    task.cancel()
    await asyncio.wait([task])
    await vault.room.work.close()

    assert (await all_of(vault), await live(world)) == ([], 0)


async def test_a_consent_that_is_cancelled_while_it_is_stored_holds(
    vault, world, agree, begun_writer
):
    """What is stored must not be revoked because nobody waits for it any more."""
    callback = await agree(await begin(vault))
    finishing = await begun(world, finish(vault, callback), "/user", kind="delay")
    async with begun_writer(vault.room.store, meanwhile=world.release):
        finishing.cancel()
        await asyncio.sleep(0)
    await finishing.over()
    await vault.room.work.close()

    (connection,) = await all_of(vault)
    assert (connection.live, await live(world)) == (True, 1)


async def test_a_consent_that_is_cancelled_while_it_is_answered_leaves_no_token(
    vault, world, agree
):
    """The code is spent, and its token on the way to nobody."""
    callback = await agree(await begin(vault))
    finishing = await begun(world, finish(vault, callback), TOKEN, kind="delay")

    finishing.cancel()
    await finishing.over()
    await vault.room.work.close()

    assert await live(world) == len(await all_of(vault))


async def test_a_provider_that_repeats_a_new_token_is_not_repeated(vault, world, agree):
    tokens = {"access_token": "gho_" + "x" * 36, "token_type": "bearer", "scope": "repo"}
    callback = await agree(await begin(vault))
    await world.fault(path=TOKEN, kind="status", status=200, body=tokens)
    body = {"message": f"we do not like {tokens['access_token']} here"}
    await world.fault(path="/user", kind="status", status=403, body=body)

    with pytest.raises(Refused) as caught:
        await finish(vault, callback)

    assert tokens["access_token"] not in str(caught.value)


async def test_a_mistake_of_the_operators_costs_no_consent(vault, opened, agree):
    callback = await agree(await begin(vault))
    async with opened(clients=[]) as other:
        with pytest.raises(Misconfigured):
            await finish(other, callback)

    assert (await finish(vault, callback)).live

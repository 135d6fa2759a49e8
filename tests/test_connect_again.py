"""Connecting an account once more: to mend it, or under another client."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import pytest

from connector_vault import Client, Gateway, Owner, Secret, State
from connector_vault.errors import (
    BadArguments,
    ConnectorVaultError,
    Misconfigured,
    NotAllowed,
    NotConnected,
    Reconnect,
)
from tests.deeds import (
    ADA,
    CALLBACK,
    CLIENT,
    all_of,
    begun,
    live,
    renew,
    secret_of,
)

EVE = Owner(tenant="acme", user="eve")
OTHER = {
    "id": "Iv1.other",
    "secret": "other-secret",
    "redirect_uris": ["http://127.0.0.1/callback"],
}


async def begin(vault, owner=ADA, **options):
    return await vault.connect("github", owner, redirect_uri=CALLBACK, **options)


async def finish(vault, callback, owner=ADA):
    (connection,) = await vault.finish(callback, owner=owner)
    return connection


def query(url):
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}


async def test_connecting_again_keeps_the_connection(vault, connect):
    first = await connect(vault)

    second = await connect(vault, scopes=["gist", "offline_access"])

    assert (second.id, second.generation, second.scopes) == (first.id, 2, {"gist"})
    assert second.created_at == first.created_at
    assert [one.id for one in await all_of(vault)] == [first.id]


async def test_what_finish_gives_is_what_is_stored(vault, connect):
    await connect(vault)

    again = await connect(vault)

    assert await vault.get(again.id, owner=ADA) == again


async def test_connecting_again_ends_the_old_token(vault, world, connect):
    first = await secret_of(vault, await connect(vault))

    second = await secret_of(vault, await connect(vault))

    assert first != second
    assert await live(world) == 1


async def test_connecting_again_mends_a_dead_grant(vault, world, connect):
    connection = await connect(vault)
    await live(world)
    with pytest.raises(Reconnect):
        await vault.token(connection.id, owner=ADA, purpose="test", newer_than=1)

    again = await connect(vault)

    assert (again.id, again.state, again.reason) == (connection.id, State.ACTIVE, "")
    assert await secret_of(vault, again)


async def test_a_consent_that_meets_a_refresh_comes_after_it(
    vault, opened, world, connect, agree, held_writer
):
    """The other process stores generation 2 while the consent is about to."""
    connection = await connect(vault)
    callback = await agree(await begin(vault))
    finishing = await begun(world, finish(vault, callback), "/user", kind="delay", seconds=0.2)
    async with opened() as other, held_writer(vault.room.store) as queued:
        await queued(1)
        refreshed = await renew(other, connection)

    again = await finishing
    assert (refreshed.generation, again.generation) == (2, 3)
    assert await secret_of(vault, again) != refreshed.secret


async def test_two_accounts_are_two_connections(vault, connect):
    first, second = await connect(vault), await connect(vault, login="hubot")

    assert await all_of(vault) == [first, second]


async def test_one_account_of_two_owners_is_two_connections(vault, connect):
    mine, theirs = await connect(vault), await connect(vault, owner=EVE)

    assert mine.id != theirs.id
    assert await all_of(vault, EVE) == [theirs]


async def test_two_tabs_connect_one_account_once(vault, world, agree):
    callbacks = [await agree(await begin(vault)) for _ in range(2)]
    await world.fault(path="/user", kind="delay", seconds=0.2, times=2)

    one, other = await asyncio.gather(*(finish(vault, callback) for callback in callbacks))

    assert one.id == other.id
    assert len(await all_of(vault)) == 1


async def test_mending_takes_the_same_account(vault, connect):
    connection = await connect(vault)

    again = await connect(vault, reconnect=connection.id)

    assert (again.id, again.generation) == (connection.id, 2)


async def test_mending_takes_no_other_account(vault, world, connect):
    connection = await connect(vault)

    with pytest.raises(NotAllowed, match="octocat"):
        await connect(vault, login="hubot", reconnect=connection.id)

    assert await all_of(vault) == [connection]
    assert await live(world, "hubot") == 0


async def test_nobody_mends_what_is_anothers(vault, connect):
    connection = await connect(vault)

    with pytest.raises(NotConnected):
        await begin(vault, EVE, reconnect=connection.id)


async def test_what_was_disconnected_is_not_mended(vault, connect):
    connection = await connect(vault)
    await vault.disconnect(connection.id, owner=ADA)

    with pytest.raises(NotAllowed):
        await begin(vault, reconnect=connection.id)


async def test_what_is_disconnected_meanwhile_is_not_mended(vault, world, connect, agree):
    connection = await connect(vault)
    callback = await agree(await begin(vault, reconnect=connection.id))
    await vault.disconnect(connection.id, owner=ADA)

    with pytest.raises(ConnectorVaultError):
        await finish(vault, callback)

    assert (await vault.get(connection.id, owner=ADA)).state is State.REVOKED
    assert await live(world) == 0


async def test_what_is_being_disconnected_meanwhile_is_not_mended(vault, world, connect, agree):
    connection = await connect(vault)
    callback = await agree(await begin(vault, reconnect=connection.id))
    await world.fault(path="/applications/*/grant", kind="reset")
    await vault.disconnect(connection.id, owner=ADA)

    with pytest.raises(NotAllowed):
        await finish(vault, callback)

    assert (await vault.get(connection.id, owner=ADA)).state is State.REVOKING


async def test_a_connection_of_another_provider_is_not_mended(vault):
    connection = await vault.add("openrouter", ADA, secret=Secret("sk-1234567890"))

    with pytest.raises((BadArguments, NotAllowed)):
        await begin(vault, reconnect=connection.id)


async def test_a_consent_is_asked_under_the_client_that_was_named(opened, world, connect):
    await world.act("github", "register_client", **OTHER)
    other = Client(provider="github", id=OTHER["id"], secret=Secret(OTHER["secret"]), name="bot")
    async with opened(clients=[CLIENT, other]) as vault:
        connection = await connect(vault, client="bot")

        assert (connection.client, await secret_of(vault, connection)) != ("default", None)
        token = await vault.token(connection.id, owner=ADA, purpose="test", newer_than=1)

    assert (connection.client, token.generation) == ("bot", 2)


async def test_a_tenants_own_client_comes_first(opened, world):
    own = Client(provider="github", id=OTHER["id"], tenant="acme")
    async with opened(clients=[CLIENT, own]) as vault:
        mine, theirs = await begin(vault), await begin(vault, Owner(tenant="other"))

    assert query(mine.url)["client_id"] == OTHER["id"]
    assert query(theirs.url)["client_id"] == CLIENT.id


async def test_a_tenants_own_client_serves_no_other(opened):
    own = Client(provider="github", id=OTHER["id"], tenant="acme")
    async with opened(clients=[own]) as vault:
        with pytest.raises(Misconfigured):
            await begin(vault, Owner(tenant="other"))


async def test_a_consent_ends_under_the_client_it_began_with(opened, agree, world):
    async with opened() as vault:
        callback = await agree(await begin(vault))
    newer = Client(provider="github", id=OTHER["id"])

    async with opened(clients=[newer, CLIENT]) as vault:
        assert await finish(vault, callback)


async def test_a_pasted_token_that_a_consent_replaces_is_left_alive(vault, connect):
    """It was never ours to end."""
    theirs = await connect(vault, owner=EVE)
    pasted = await vault.add("github", ADA, secret=await secret_of(vault, theirs))

    again = await connect(vault, reconnect=pasted.id)

    assert (again.id, again.kind, again.client) == (pasted.id, "oauth", "default")
    assert (await Gateway(vault).call(EVE, "github.get_authenticated_user", {})).value


async def test_a_pasted_token_is_not_mended_into_a_second_connection(vault, connect):
    first = await connect(vault)
    theirs = await connect(vault, owner=EVE)
    pasted = await vault.add("github", ADA, secret=await secret_of(vault, theirs))

    with pytest.raises(NotAllowed, match=first.id):
        await connect(vault, reconnect=pasted.id)

    assert [one.kind for one in await all_of(vault)] == ["oauth", "token"]

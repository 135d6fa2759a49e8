"""Tokens that another system obtained are taken over, with the right to refresh them."""

import httpx2
import pytest

from connector_vault import Client, Owner, Secret, State, Tokens
from connector_vault.errors import (
    BadArguments,
    Misconfigured,
    NotAllowed,
    Reconnect,
    Refused,
)
from connector_vault.room import now_ms
from tests.deeds import ADA, CALLBACK, TOKEN, all_of, live, refreshes, renew
from tests.emulated import GitHub
from tests.times import Time

HOURS = 3600
OFFLINE = "repo offline_access"


@pytest.fixture
async def elsewhere(world):
    """Another system, with the same OAuth client."""
    async with httpx2.AsyncClient(base_url=world.url, verify=False) as http:
        yield GitHub(world, http)


def taken_from(said, lives=8 * HOURS):
    """Give what another system was given."""
    refresh = said.get("refresh_token")
    return Tokens(
        access=Secret(said["access_token"]),
        refresh=Secret(refresh) if refresh else None,
        expires_at=now_ms() + lives * 1000 if refresh else 0,
        scopes=frozenset({"repo"}),
    )


async def adopt(vault, said, **more):
    return await vault.adopt("github", ADA, tokens=taken_from(said), **more)


async def test_tokens_are_taken_over_by_refreshing_them_at_once(vault, world, elsewhere):
    connection = await adopt(vault, await elsewhere.tokens(scope=OFFLINE))

    assert (connection.state, connection.generation) == (State.ACTIVE, 2)
    assert (connection.label, connection.client) == ("octocat", "default")
    assert (await refreshes(world), await live(world)) == (1, 1)


async def test_what_was_taken_over_lives_on(vault, elsewhere):
    connection = await adopt(vault, await elsewhere.tokens(scope=OFFLINE))

    assert (await renew(vault, connection, newer_than=2)).generation == 3


async def test_the_other_systems_tokens_are_spent(vault, world, elsewhere):
    await world.act("github", "policy", reuse="plain")
    old = await elsewhere.tokens(scope=OFFLINE)

    connection = await adopt(vault, old)

    assert "error" in await elsewhere.refresh(old)
    assert (await renew(vault, connection, newer_than=2)).generation == 3


async def test_a_token_that_has_ended_is_taken_over(vault, world, elsewhere):
    """Whose it is can only be asked with its successor."""
    old = await elsewhere.tokens(scope=OFFLINE)
    await world.advance(9 * HOURS)

    connection = await vault.adopt("github", ADA, tokens=taken_from(old, lives=-HOURS))

    assert (connection.label, connection.state) == ("octocat", State.ACTIVE)
    assert connection.account != ""
    assert len(await all_of(vault)) == 1


async def test_a_token_without_a_refresh_token_is_kept_as_it_is(vault, world, elsewhere):
    said = await elsewhere.tokens(scope="repo")

    connection = await adopt(vault, said)

    assert (connection.generation, connection.label) == (1, "octocat")
    assert (await renew(vault, connection, None)).secret.reveal() == said["access_token"]
    assert await refreshes(world) == 0


async def test_a_dead_token_without_a_refresh_token_is_not_kept(vault, world, elsewhere):
    said = await elsewhere.tokens(scope="repo")
    await live(world)

    with pytest.raises(Refused, match="no refresh token"):
        await adopt(vault, said)

    assert await all_of(vault) == []


async def test_a_dead_grant_is_kept_for_its_owner_to_mend(vault, world, elsewhere, agree):
    said = await elsewhere.tokens(scope=OFFLINE)
    await live(world)
    with pytest.raises(Reconnect):
        await adopt(vault, said)
    (dead,) = await all_of(vault)

    pending = await vault.connect("github", ADA, redirect_uri=CALLBACK, reconnect=dead.id)
    (mended,) = await vault.finish(await agree(pending), owner=ADA)

    assert dead.state is State.RECONNECT
    assert (mended.id, mended.state, mended.label) == (dead.id, State.ACTIVE, "octocat")


async def test_tokens_that_were_refreshed_meanwhile_name_the_other_system(vault, world, elsewhere):
    old = await elsewhere.tokens(scope=OFFLINE)
    await elsewhere.refresh(old)

    with pytest.raises(Reconnect, match="maybe the system it was adopted from"):
        await adopt(vault, old)


async def test_a_system_that_goes_on_refreshing_is_named(vault, world, elsewhere):
    old = await elsewhere.tokens(scope=OFFLINE)
    connection = await adopt(vault, old)
    await elsewhere.refresh(old)

    with pytest.raises(Reconnect, match="maybe the system it was adopted from"):
        await renew(vault, connection, newer_than=2)


async def test_after_a_consent_no_other_system_is_named(vault, world, elsewhere, connect):
    await adopt(vault, await elsewhere.tokens(scope=OFFLINE))
    connection = await connect(vault)
    await live(world)

    with pytest.raises(Reconnect) as caught:
        await renew(vault, connection, newer_than=connection.generation)

    assert caught.value.reason == "bad_refresh_token"


async def test_an_account_that_is_connected_and_works_stays_as_it_is(
    vault, world, elsewhere, connect
):
    connection = await connect(vault)

    adopted = await adopt(vault, await elsewhere.tokens(scope=OFFLINE))

    assert (adopted, await refreshes(world)) == (connection, 0)


async def test_a_dead_connection_is_mended_by_an_adoption(vault, world, elsewhere, connect):
    connection = await connect(vault)
    await live(world)
    with pytest.raises(Reconnect):
        await renew(vault, connection)

    adopted = await adopt(vault, await elsewhere.tokens(scope=OFFLINE))

    assert (adopted.id, adopted.state, adopted.generation) == (connection.id, State.ACTIVE, 3)


@pytest.mark.parametrize("expired", [False, True])
async def test_tokens_that_are_adopted_twice_are_spent_once(opened, world, elsewhere, expired):
    """A migration that was interrupted is run again: its tokens are spent by then."""
    time = Time(world)
    said = await elsewhere.tokens(scope=OFFLINE)
    async with opened(clock=time.clock) as vault:
        if expired:
            await time.on(9 * HOURS)
        first = await adopt(vault, said)
        again = await adopt(vault, said)

        assert (again, await refreshes(world)) == (first, 1)
        assert (await renew(vault, first, newer_than=2)).generation == 3


async def test_a_client_that_nobody_registered_is_refused(vault, world, elsewhere):
    said = await elsewhere.tokens(scope=OFFLINE)

    with pytest.raises(Misconfigured):
        await adopt(vault, said, client="other")

    assert (await all_of(vault), await refreshes(world)) == ([], 0)


async def test_tokens_of_another_client_are_taken_over_under_its_name(opened, world, elsewhere):
    other = {"client_id": "Iv1.other", "client_secret": "other-secret"}
    uris = [CALLBACK]
    await world.act(
        "github", "register_client", id="Iv1.other", secret="other-secret", redirect_uris=uris
    )
    said = await elsewhere.tokens(
        client=other, client_id="Iv1.other", redirect_uri=CALLBACK, scope=OFFLINE
    )
    named = Client(provider="github", id="Iv1.other", secret=Secret("other-secret"), name="other")

    async with opened(clients=[named]) as vault:
        connection = await adopt(vault, said, client="other")

    assert (connection.client, connection.generation) == ("other", 2)


async def test_an_adopted_connection_is_its_accounts_alone(vault, elsewhere, agree):
    connection = await adopt(vault, await elsewhere.tokens(scope=OFFLINE))
    pending = await vault.connect("github", ADA, redirect_uri=CALLBACK, reconnect=connection.id)

    with pytest.raises(NotAllowed, match="another github account"):
        await vault.finish(await agree(pending, "hubot"), owner=ADA)

    assert (await vault.get(connection.id, owner=ADA)).label == "octocat"


async def test_a_take_over_that_fails_loses_nothing(vault, world, elsewhere):
    said = await elsewhere.tokens(scope=OFFLINE)
    await world.fault(path=TOKEN, kind="status", status=503)

    kept = await adopt(vault, said)

    assert [kept] == await all_of(vault)
    assert (kept.generation, kept.state) == (1, State.ACTIVE)
    assert (await renew(vault, kept, None)).secret.reveal() == said["access_token"]


async def test_a_take_over_that_failed_is_made_up_for(opened, world, elsewhere):
    time = Time(world)
    said = await elsewhere.tokens(scope=OFFLINE)
    await world.fault(path=TOKEN, kind="reset", times=2)
    async with opened(clock=time.clock) as vault:
        await adopt(vault, said)
        time.jump(120)

        report = await vault.maintain()

        assert (report.refreshed, (await all_of(vault))[0].generation) == (1, 2)


async def test_a_provider_that_does_not_say_whose_it_is_is_asked_again(vault, world, elsewhere):
    said = await elsewhere.tokens(scope=OFFLINE)
    await world.fault(path="/user", kind="status", status=503)

    with pytest.raises(Refused):
        await adopt(vault, said)
    assert (await all_of(vault), await refreshes(world)) == ([], 0)

    assert (await adopt(vault, said)).generation == 2


@pytest.mark.parametrize("text", ["", "with space", "two\nlines", "x" * 16_385, "ünïcode"])
async def test_what_can_be_no_token_is_not_repeated(vault, world, text):
    tokens = Tokens(access=Secret("good"), refresh=Secret(text))

    with pytest.raises(BadArguments) as caught:
        await vault.adopt("github", ADA, tokens=tokens)

    assert not text or text not in str(caught.value)
    assert await world.log() == ()


async def test_a_provider_without_oauth_has_nothing_to_adopt(acme_vault):
    with pytest.raises(Misconfigured):
        await acme_vault.adopt("acme", ADA, tokens=Tokens(access=Secret("good")))


async def test_an_adoption_is_told_without_a_secret(vault, elsewhere, raw, caplog):
    caplog.set_level(0)
    said = await elsewhere.tokens(scope=OFFLINE)

    await adopt(vault, said)

    told = str(raw("select * from event")) + str(raw("select * from audit")) + caplog.text
    assert not any(said[name] in told for name in ("access_token", "refresh_token"))


async def test_two_owners_may_adopt_the_same_account(vault, world, elsewhere):
    first = await adopt(vault, await elsewhere.tokens(scope=OFFLINE))
    eve = Owner(tenant="acme", user="eve")
    tokens = taken_from(await elsewhere.tokens(scope=OFFLINE))

    second = await vault.adopt("github", eve, tokens=tokens)

    assert first.id != second.id
    assert await live(world) == 2

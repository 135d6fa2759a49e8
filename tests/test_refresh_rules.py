"""What one refresh may do, rule by rule: with a refresh token, and without."""

import asyncio
from dataclasses import replace

import httpx2
import pytest

from connector_vault import Secret, State, Tokens
from connector_vault.errors import RateLimited, Reconnect
from connector_vault.room import now_ms
from connector_vault.stores import Update
from tests.deeds import ADA, CLIENT, TOKEN, refreshes, renew, row_of
from tests.emulated import GitHub

HOUR = 3600_000
GONE = "the token is no longer accepted, and there is no refresh token"


@pytest.fixture
def given(world):
    """Give a vault a token that works, and comes without a refresh token."""

    async def given(vault, expires_at):
        async with httpx2.AsyncClient(base_url=world.url, verify=False) as http:
            said = await GitHub(world, http).tokens(scope="repo")
        tokens = Tokens(access=Secret(said["access_token"]), expires_at=expires_at)
        return await vault.adopt("github", ADA, tokens=tokens)

    return given


async def asked(world):
    """Count how often the provider was asked whose token it is."""
    return len(await world.log(path="/user"))


async def test_a_token_that_is_accepted_is_noted_as_proven(vault, given):
    connection = await given(vault, now_ms() + HOUR)
    known = {"proven_at": 1, "failures": 3, "due_at": 5, "retry_at": 1}
    await vault.room.store.commit(Update(connection.id, {}, known))

    assert (await renew(vault, connection)).generation == 1

    row = await row_of(vault, connection)
    assert (row.failures, row.retry_at, row.due_at) == (0, 0, row.expires_at)
    assert now_ms() - row.proven_at < 10_000
    assert (row.attempt, row.intent, row.state) == ("", "", "active")


@pytest.mark.parametrize("left", [-HOUR, 0])
async def test_a_token_that_has_ended_is_not_asked_about(opened, world, given, left):
    now = now_ms()
    async with opened(clock=lambda: now) as vault:
        connection = await given(vault, now + left)
        before = await asked(world)

        with pytest.raises(Reconnect) as caught:
            await renew(vault, connection)

    assert (caught.value.reason, await asked(world)) == (GONE, before)


async def test_a_token_that_ended_long_ago_is_not_asked_about(vault, world, given):
    connection = await given(vault, 1)
    before = await asked(world)

    with pytest.raises(Reconnect):
        await renew(vault, connection)

    assert await asked(world) == before


async def test_a_key_of_a_service_that_nobody_can_ask_is_taken_for_dead(vault, world):
    connection = await vault.add("stripe", ADA, secret=Secret("sk_live_1"))

    with pytest.raises(Reconnect) as caught:
        await renew(vault, connection)

    assert (caught.value.reason, await world.log()) == (GONE, ())
    assert (await vault.get(connection.id, owner=ADA)).state is State.RECONNECT


async def test_a_provider_that_wants_a_rest_instead_of_answering_gets_it(vault, world, given):
    connection = await given(vault, 0)
    headers = {"retry-after": "100"}
    await world.fault(path="/user", kind="status", status=429, headers=headers)

    with pytest.raises(RateLimited):
        await renew(vault, connection)

    row = await row_of(vault, connection)
    assert 95_000 < row.retry_at - now_ms() <= 126_000
    assert (row.state, row.failures) == ("active", 1)


async def test_a_reply_that_names_no_scopes_changes_none(vault, world, connect):
    connection = await connect(vault)
    before = (await row_of(vault, connection)).scopes
    reply = {"access_token": "gho_new", "expires_in": 28_800, "token_type": "bearer"}
    await world.fault(path=TOKEN, kind="status", status=200, body=reply)

    token = await renew(vault, connection)

    assert (token.scopes, (await row_of(vault, connection)).scopes) == (frozenset({"repo"}), before)
    assert await refreshes(world) == 1


async def test_a_reply_without_a_refresh_token_moves_no_end_of_the_old_one(vault, world, connect):
    connection = await connect(vault)
    before = await row_of(vault, connection)
    reply = {"access_token": "gho_new", "expires_in": 28_800, "token_type": "bearer"}
    await world.fault(path=TOKEN, kind="status", status=200, body=reply)

    await renew(vault, connection)

    assert (await row_of(vault, connection)).dies_on == before.dies_on > 0


async def test_two_connections_are_refreshed_each_for_itself(vault, world, connect):
    first, second = await connect(vault), await connect(vault, login="hubot")
    await world.fault(path=TOKEN, kind="delay", seconds=0.2, times=2)

    tokens = await asyncio.gather(renew(vault, first), renew(vault, second))

    assert [token.generation for token in tokens] == [2, 2]
    assert tokens[0].secret != tokens[1].secret
    assert await refreshes(world) == 2


async def test_a_client_of_a_tenant_refreshes_what_it_connected(opened, connect):
    async with opened(clients=[replace(CLIENT, tenant=ADA.tenant)]) as vault:
        connection = await connect(vault)

        assert (await renew(vault, connection)).generation == 2


DAY = 24 * HOUR


@pytest.mark.parametrize(
    ("left", "refused"), [(0, False), (1, True), (500, True), (DAY, True), (DAY + 1, False)]
)
async def test_a_rest_is_kept_to_the_millisecond(opened, connect, left, refused):
    """One that is longer than a day was written by a clock that has been set back."""
    now = now_ms()
    async with opened(clock=lambda: now) as vault:
        connection = await connect(vault)
        await vault.room.store.commit(Update(connection.id, {}, {"retry_at": now + left}))

        turned_away = isinstance(await outcome(renew(vault, connection)), RateLimited)

    assert turned_away is refused


async def outcome(work):
    (found,) = await asyncio.gather(work, return_exceptions=True)
    return found

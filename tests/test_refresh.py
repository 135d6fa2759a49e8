"""One refresh for any number of callers, in any number of processes."""

import asyncio

import anyio
import pytest

from connector_vault import Secret, State
from connector_vault.errors import BadArguments, Reconnect, Refused
from connector_vault.keyring import seal
from connector_vault.room import now_ms
from connector_vault.stores import Update
from tests.deeds import ADA, TOKEN, begun, live, refreshes, renew
from tests.player import playing

DATABASES = ["sqlite", "postgres"]
"""Each test runs on both."""

HOURS = 3600
WHOLE = {"scope": "repo", "token_type": "bearer", "expires_in": 28800}


async def test_two_hundred_callers_cause_one_refresh(vault, world, connect):
    connection = await connect(vault)
    await world.fault(path=TOKEN, kind="delay", seconds=0.2)

    tokens = await asyncio.gather(*(renew(vault, connection) for _ in range(200)))

    assert {token.generation for token in tokens} == {2}
    assert len({token.secret.reveal() for token in tokens}) == 1
    assert await refreshes(world) == 1


async def test_two_processes_of_twenty_callers_cause_one_refresh(vault, world, place, connect):
    connection = await connect(vault)
    told = (place.database, place.keys, world.url, connection.id, 20)
    await world.fault(path=TOKEN, kind="delay", seconds=0.2)

    async with playing("refresh", *told) as one, playing("refresh", *told) as other:
        await asyncio.gather(one.go(), other.go())
        first, second = await asyncio.gather(one.end(), other.end())

    assert first == second
    assert [generation for generation, _ in first] == [2]
    assert await refreshes(world) == 1


async def test_a_loser_of_the_lease_uses_the_winners_token(vault, opened, world, connect):
    connection = await connect(vault)
    winner = await begun(world, renew(vault, connection), TOKEN, kind="delay", seconds=0.3)

    async with opened() as other:
        token = await renew(other, connection)

    assert (token.generation, token.secret) == (2, (await winner).secret)
    assert await refreshes(world) == 1


async def test_a_cancelled_caller_does_not_lose_the_answer(vault, world, connect):
    connection = await connect(vault)
    caller = await begun(world, renew(vault, connection), TOKEN, kind="delay")

    caller.cancel()

    assert (await renew(vault, connection)).generation == 2
    assert await refreshes(world) == 1
    assert caller.task.cancelled()


async def test_a_vault_that_closes_waits_for_the_answer(opened, world, connect):
    async with opened() as vault:
        connection = await connect(vault)
        caller = await begun(world, renew(vault, connection), TOKEN, kind="delay")
        caller.cancel()

    async with opened() as again:
        assert (await again.get(connection.id, owner=ADA)).generation == 2


async def cancelled_by_asyncio(work, ready):
    task = asyncio.create_task(work())
    await ready.wait()
    task.cancel()
    await asyncio.wait([task])


async def cancelled_by_anyio(work, ready):
    async with anyio.create_task_group() as group:
        group.start_soon(work)
        await ready.wait()
        group.cancel_scope.cancel()


@pytest.mark.parametrize("cancelled", [cancelled_by_asyncio, cancelled_by_anyio])
async def test_a_vault_that_is_cancelled_waits_for_the_answer(opened, world, connect, cancelled):
    """So servers end: by asyncio once, by anyio again at every await that follows."""
    connections, serving = [], asyncio.Event()

    async def serve():
        async with opened() as vault:
            connections.append(await connect(vault))
            await begun(world, renew(vault, connections[0]), TOKEN, kind="delay", seconds=0.3)
            serving.set()
            await asyncio.Event().wait()

    await cancelled(serve, serving)

    async with opened() as again:
        assert (await again.get(connections[0].id, owner=ADA)).generation == 2


async def test_a_reply_without_a_refresh_token_keeps_the_old_one(vault, world, connect):
    connection = await connect(vault)
    reply = {"access_token": "gho_new", **WHOLE}
    await world.fault(path=TOKEN, kind="status", status=200, body=reply)

    second = await renew(vault, connection)
    third = await renew(vault, connection, newer_than=2)

    assert second.secret == Secret("gho_new")
    assert third.generation == 3
    assert await refreshes(world) == 2


async def test_a_dead_grant_is_for_its_owner_to_mend(vault, world, connect):
    connection = await connect(vault)
    await live(world)

    with pytest.raises(Reconnect) as caught:
        await renew(vault, connection)

    assert (caught.value.reason, caught.value.connection) == ("bad_refresh_token", connection.id)
    now = await vault.get(connection.id, owner=ADA)
    assert (now.state, now.reason, now.generation) == (State.RECONNECT, "bad_refresh_token", 1)


async def test_a_dead_grant_is_not_asked_again(vault, world, connect):
    connection = await connect(vault)
    await live(world)

    for _ in range(3):
        with pytest.raises(Reconnect):
            await renew(vault, connection)

    assert await refreshes(world) == 1


@pytest.mark.parametrize("newer_than", [None, 0])
async def test_a_token_that_is_new_enough_is_not_refreshed(vault, world, connect, newer_than):
    connection = await connect(vault)

    assert (await renew(vault, connection, newer_than)).generation == 1
    assert await refreshes(world) == 0


async def test_a_generation_is_refreshed_once(vault, world, connect):
    connection = await connect(vault)

    first = await renew(vault, connection, newer_than=1)
    again = await renew(vault, connection, newer_than=1)

    assert first == again
    assert await refreshes(world) == 1


async def test_a_token_has_a_minute_left(vault, world, connect, later):
    connection = await connect(vault)

    early = await renew(later(vault, 8 * HOURS - 70), connection, None)
    late = await renew(later(vault, 8 * HOURS - 50), connection, None)

    assert (early.generation, late.generation) == (1, 2)


async def test_a_grant_without_a_refresh_token_is_for_its_owner_to_mend(vault, world, connect):
    connection = await connect(vault, scopes=["repo"])
    await world.act("github", "revoke", login="octocat")

    with pytest.raises(Reconnect, match="no refresh token"):
        await renew(vault, connection)

    assert await refreshes(world) == 0
    assert (await vault.get(connection.id, owner=ADA)).state is State.RECONNECT


async def test_a_callers_word_does_not_end_a_grant_that_works(vault, connect):
    connection = await connect(vault, scopes=["repo"])

    token = await renew(vault, connection)

    assert token.generation == 1
    assert (await vault.get(connection.id, owner=ADA)).live


async def test_a_provider_that_cannot_be_asked_ends_no_grant(vault, world, connect):
    connection = await connect(vault, scopes=["repo"])
    await world.fault(path="/user", kind="status", status=503)

    with pytest.raises(Refused):
        await renew(vault, connection)

    row = await vault.room.row(connection.id, ADA)
    assert (row.state, row.attempt, row.intent) == ("active", "", "")


async def test_a_token_set_there_never_was_is_not_replaced(vault, world, connect):
    connection = await connect(vault)

    with pytest.raises(BadArguments, match="99"):
        await renew(vault, connection, newer_than=99)

    assert await refreshes(world) == 0


async def test_a_consent_wins_over_a_refresh(vault, world, connect):
    connection = await connect(vault)
    refresh = await begun(world, renew(vault, connection), TOKEN, kind="delay")

    again = await connect(vault)
    await refresh

    assert (again.id, again.generation) == (connection.id, 2)
    newest = await renew(vault, connection, None)
    assert (await refresh).secret == newest.secret
    assert (await renew(vault, connection, newer_than=2)).generation == 3


async def test_a_refresh_that_a_consent_outran_leaves_no_token_behind(vault, world, connect):
    connection = await connect(vault)
    refresh = await begun(world, renew(vault, connection), TOKEN, kind="delay")

    await connect(vault)
    await refresh

    assert await live(world) == 1


async def test_a_refresh_is_written_down(vault, connect, raw):
    connection = await connect(vault)

    await renew(vault, connection)

    (line,) = raw("select connection, outcome, detail from audit where deed = 'refresh'")
    assert line == (connection.id, "ok", '{"generation":2}')


async def test_a_refresh_tells_no_log_what_it_got(vault, connect, caplog):
    caplog.set_level(0)
    connection = await connect(vault)

    token = await renew(vault, connection)

    assert token.secret.reveal() not in caplog.text
    assert "ghr_" not in caplog.text
    assert "emulator-secret" not in caplog.text


async def test_the_last_minute_of_a_token_without_a_refresh_token_is_used(vault, world, connect):
    connection = await connect(vault, scopes=["repo"])
    row = await vault.room.row(connection.id, ADA)
    ending = row._replace(expires_at=now_ms() + 50_000)
    key = await vault.room.keyring.get(row.dek_id, row.tenant, row.id)
    tokens, account = await vault.room.keyring.open(row)
    changed = {"expires_at": ending.expires_at, "sealed": seal(key, ending, tokens, account)}
    await vault.room.store.commit(Update(row.id, {"generation": 1}, changed))
    heard = len(await world.log())

    token = await vault.token(connection.id, owner=ADA, purpose="test")

    assert token.generation == 1
    assert len(await world.log()) == heard

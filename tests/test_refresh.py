"""One refresh for any number of callers, and no connection lost by one."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from tests.conftest import ADA
from tests.player import playing

from connector_vault import Secret, State, lease
from connector_vault.errors import (
    KeysUnavailable,
    Misconfigured,
    NotConnected,
    RateLimited,
    Reconnect,
    Unreachable,
)
from connector_vault.keyring import Keyring
from connector_vault.keys import open_keys
from connector_vault.refresh import Refresher
from connector_vault.room import now_ms

TOKEN = "/login/oauth/access_token"
HOURS = 3600
WHOLE = {"scope": "repo", "token_type": "bearer", "expires_in": 28800}
WRONG_CLIENT = {"error": "incorrect_client_credentials", "error_description": "They are wrong."}

UNPROCESSED = [
    pytest.param({"kind": "status", "status": 503}, Unreachable, id="503"),
    pytest.param({"kind": "status", "status": 200, "body": {}}, Unreachable, id="empty"),
    pytest.param({"kind": "status", "status": 200, "body": []}, Unreachable, id="list"),
    pytest.param({"kind": "malformed"}, Unreachable, id="html"),
    pytest.param({"kind": "malformed", "body": "x" * 3_000_000}, Unreachable, id="3 MB"),
    pytest.param({"kind": "hang"}, Unreachable, id="hang"),
    pytest.param({"kind": "reset"}, Unreachable, id="reset"),
    pytest.param({"kind": "status", "status": 429}, RateLimited, id="429"),
    pytest.param(
        {"kind": "status", "status": 200, "body": WRONG_CLIENT}, Misconfigured, id="client"
    ),
]
PROCESSED = [{"kind": "drop"}, {"kind": "truncate"}]


async def renew(vault, connection, newer_than=1):
    return await vault.token(connection.id, owner=ADA, purpose="test", newer_than=newer_than)


async def row_of(vault, connection):
    return await vault.room.row(connection.id, ADA)


async def posts(world):
    return sum("refresh_token" in entry.fields for entry in await world.log(path=TOKEN))


async def live(world):
    """Count the tokens that live at the provider, and end them."""
    return (await world.act("github", "revoke", login="octocat"))["tokens"]


async def begun(world, vault, connection, **fault):
    """Begin a refresh that something happens to, and give it once the provider has heard it."""
    heard = len(await world.log(path=TOKEN))
    await world.fault(path=TOKEN, **fault)
    task = asyncio.create_task(renew(vault, connection))
    await world.heard(path=TOKEN, times=heard + 1)
    return task


async def test_two_hundred_callers_cause_one_refresh(vault, world, connect):
    connection = await connect(vault)
    await world.fault(path=TOKEN, kind="delay", seconds=0.2)

    tokens = await asyncio.gather(*(renew(vault, connection) for _ in range(200)))

    assert {token.generation for token in tokens} == {2}
    assert len({token.secret.reveal() for token in tokens}) == 1
    assert await posts(world) == 1


async def test_two_processes_of_twenty_callers_cause_one_refresh(vault, world, place, connect):
    connection = await connect(vault)
    told = (place.database, place.keys, world.url, connection.id, 20)
    await world.fault(path=TOKEN, kind="delay", seconds=0.2)

    async with playing("refresh", *told) as one, playing("refresh", *told) as other:
        await asyncio.gather(one.go(), other.go())
        first, second = await asyncio.gather(one.end(), other.end())

    assert first == second
    assert [generation for generation, _ in first] == [2]
    assert await posts(world) == 1


async def test_a_loser_of_the_lease_uses_the_winners_token(vault, opened, world, connect):
    connection = await connect(vault)
    winner = await begun(world, vault, connection, kind="delay", seconds=0.3)

    async with opened() as other:
        token = await renew(other, connection)

    assert (token.generation, token.secret) == (2, (await winner).secret)
    assert await posts(world) == 1


async def test_a_cancelled_caller_does_not_lose_the_answer(vault, world, connect):
    connection = await connect(vault)
    caller = await begun(world, vault, connection, kind="delay", seconds=0.2)

    caller.cancel()

    assert (await renew(vault, connection)).generation == 2
    assert await posts(world) == 1
    assert caller.cancelled()


async def test_a_vault_that_closes_waits_for_the_answer(opened, world, connect):
    async with opened() as vault:
        connection = await connect(vault)
        caller = await begun(world, vault, connection, kind="delay", seconds=0.2)
        caller.cancel()

    async with opened() as again:
        assert (await again.get(connection.id, owner=ADA)).generation == 2


async def test_a_reply_without_a_refresh_token_keeps_the_old_one(vault, world, connect):
    connection = await connect(vault)
    reply = {"access_token": "gho_new", **WHOLE}
    await world.fault(path=TOKEN, kind="status", status=200, body=reply)

    second = await renew(vault, connection)
    third = await renew(vault, connection, newer_than=2)

    assert second.secret == Secret("gho_new")
    assert third.generation == 3
    assert await posts(world) == 2


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

    assert await posts(world) == 1


@pytest.mark.parametrize(("fault", "error"), UNPROCESSED)
async def test_a_failure_changes_nothing(vault, world, connect, monkeypatch, fault, error):
    monkeypatch.setattr(lease, "SEND", 0.5)
    connection = await connect(vault)
    before = await row_of(vault, connection)
    await world.fault(path=TOKEN, **fault)

    with pytest.raises(error):
        await renew(vault, connection)

    after = await row_of(vault, connection)
    same = ("state", "generation", "sealed", "expires_at", "attempt", "lease_until", "intent")
    assert [getattr(after, name) for name in same] == [getattr(before, name) for name in same]


@pytest.mark.parametrize(("fault", "error"), UNPROCESSED)
async def test_the_call_after_a_failure_works(vault, world, connect, monkeypatch, fault, error):
    monkeypatch.setattr(lease, "SEND", 0.5)
    connection = await connect(vault)
    await world.fault(path=TOKEN, **fault)
    with pytest.raises(error):
        await renew(vault, connection)

    assert (await renew(vault, connection)).generation == 2


@pytest.mark.parametrize("fault", PROCESSED, ids=lambda fault: fault["kind"])
async def test_a_lost_reply_leaves_the_connection_as_it_was(vault, world, connect, fault):
    connection = await connect(vault)
    await world.fault(path=TOKEN, **fault)

    with pytest.raises(Unreachable):
        await renew(vault, connection)

    row = await row_of(vault, connection)
    assert (row.state, row.generation, row.attempt, row.intent) == ("active", 1, "", "")
    assert (bool(row.doubt), row.ended) == (True, 1)


async def test_after_a_lost_reply_the_old_token_is_tried_once_more(vault, world, connect):
    """GitHub then says that it is spent: of that, no vault without a journal can be kept."""
    connection = await connect(vault)
    await world.fault(path=TOKEN, kind="drop")
    with pytest.raises(Unreachable):
        await renew(vault, connection)

    with pytest.raises(Reconnect):
        await renew(vault, connection)

    assert await posts(world) == 2


@pytest.mark.parametrize("newer_than", [None, 0])
async def test_a_token_that_is_new_enough_is_not_refreshed(vault, world, connect, newer_than):
    connection = await connect(vault)

    assert (await renew(vault, connection, newer_than)).generation == 1
    assert await posts(world) == 0


async def test_a_generation_is_refreshed_once(vault, world, connect):
    connection = await connect(vault)

    first = await renew(vault, connection, newer_than=1)
    again = await renew(vault, connection, newer_than=1)

    assert first == again
    assert await posts(world) == 1


async def test_a_token_has_a_minute_left(vault, world, connect, later):
    connection = await connect(vault)

    early = await renew(later(vault, 8 * HOURS - 70), connection, None)
    late = await renew(later(vault, 8 * HOURS - 50), connection, None)

    assert (early.generation, late.generation) == (1, 2)


async def test_a_grant_without_a_refresh_token_is_for_its_owner_to_mend(vault, world, connect):
    connection = await connect(vault, scopes=["repo"])

    with pytest.raises(Reconnect, match="no refresh token"):
        await renew(vault, connection)

    assert await posts(world) == 0
    assert (await vault.get(connection.id, owner=ADA)).state is State.RECONNECT


async def test_a_verdict_is_for_the_holder_of_the_lease(vault, world, connect, raw):
    connection = await connect(vault)
    refresh = await begun(world, vault, connection, kind="late", seconds=0.3)
    raw("update connection set attempt = 'another', lease_until = ?", now_ms() + 30_000)
    await live(world)

    with pytest.raises(Reconnect):
        await refresh

    row = await row_of(vault, connection)
    assert (row.state, row.attempt) == ("active", "another")


async def test_a_success_is_kept_although_the_lease_moved(vault, world, connect, raw):
    connection = await connect(vault)
    refresh = await begun(world, vault, connection, kind="delay", seconds=0.3)
    raw("update connection set attempt = 'another', lease_until = ?", now_ms() + 30_000)

    assert (await refresh).generation == 2
    assert (await row_of(vault, connection)).attempt == ""


async def test_a_success_is_kept_although_the_grant_was_called_dead(vault, world, connect, raw):
    connection = await connect(vault)
    refresh = await begun(world, vault, connection, kind="delay", seconds=0.3)
    raw("update connection set state = 'reconnect', reason = 'late', attempt = 'another'")

    with pytest.raises(Reconnect):
        await refresh

    assert (await row_of(vault, connection)).generation == 2


async def test_a_consent_wins_over_a_refresh(vault, world, connect):
    connection = await connect(vault)
    refresh = await begun(world, vault, connection, kind="delay", seconds=0.5)

    again = await connect(vault)
    await refresh

    assert (again.id, again.generation) == (connection.id, 2)
    newest = await renew(vault, connection, None)
    assert (await refresh).secret == newest.secret
    assert (await renew(vault, connection, newer_than=2)).generation == 3


async def test_a_refresh_that_a_consent_outran_leaves_no_token_behind(vault, world, connect):
    connection = await connect(vault)
    refresh = await begun(world, vault, connection, kind="delay", seconds=0.5)

    await connect(vault)
    await refresh

    assert await live(world) == 1


async def test_a_dead_holders_lease_runs_out(vault, world, connect, raw):
    connection = await connect(vault)
    raw("update connection set attempt = 'dead', intent = 'dead', lease_until = ?", now_ms() + 200)

    assert (await renew(vault, connection)).generation == 2
    assert (await row_of(vault, connection)).doubt == ""


async def test_an_answer_waits_for_a_database_that_is_away(
    vault, world, place, connect, held_writer
):
    store = vault.room.store
    connection = await connect(vault)
    refresh = await begun(world, vault, connection, kind="delay", seconds=0.3)
    await store._writer.run(lambda writer: writer.execute("pragma busy_timeout = 0"), alone=True)
    with closing(sqlite3.connect(place.file, isolation_level=None)) as other:
        async with held_writer(store) as queued:
            await queued(1)
            other.execute("begin immediate")
        async with held_writer(store):
            # The first try has failed by now.
            other.execute("commit")

    assert (await refresh).generation == 2


class Holder:
    """A key holder that can be away."""

    def __init__(self, held):
        self._held = held
        self.id = held.id
        self.away = False

    async def version(self):
        return await self._held.version()

    async def wrap(self, items):
        return await self._held.wrap(items)

    async def unwrap(self, items):
        if self.away:
            raise KeysUnavailable("it is away")
        return await self._held.unwrap(items)

    async def rewrap(self, items):
        return await self._held.rewrap(items)

    async def health(self):
        return await self._held.health()


async def test_the_key_is_there_before_the_token_is_spent(vault, world, place, connect):
    """A cached key may run out, and its holder go away, while the provider thinks."""
    connection = await connect(vault)
    holder = Holder(open_keys(place.keys))
    keyring = Keyring(vault.room.store, holder, vault.room.work)
    vault._refresher = Refresher(replace(vault.room, keyring=keyring))
    refresh = await begun(world, vault, connection, kind="delay", seconds=0.3)
    holder.away = True
    keyring.forget((await row_of(vault, connection)).dek_id)

    assert (await refresh).generation == 2


async def test_without_its_key_holder_nothing_is_spent(vault, world, place, connect):
    connection = await connect(vault)
    holder = Holder(open_keys(place.keys))
    holder.away = True
    room = replace(vault.room, keyring=Keyring(vault.room.store, holder, vault.room.work))
    vault._refresher = Refresher(room)

    with pytest.raises(KeysUnavailable):
        await renew(vault, connection)

    row = await row_of(vault, connection)
    assert (row.attempt, row.intent, await posts(world)) == ("", "", 0)


async def test_a_connection_that_is_being_ended_is_let_go(vault, world, connect, raw, held_writer):
    """Between the look at the row and the lease, somebody disconnects."""
    connection = await connect(vault)
    async with held_writer(vault.room.store) as queued:
        refresh = asyncio.create_task(renew(vault, connection))
        await queued(1)
        raw("update connection set state = 'revoking'")

    with pytest.raises(NotConnected):
        await refresh

    row = await row_of(vault, connection)
    assert (row.attempt, row.intent, await posts(world)) == ("", "", 0)


async def test_an_attempt_that_sends_nothing_does_not_hide_a_lost_reply(
    vault, opened, world, connect
):
    connection = await connect(vault)
    await world.fault(path=TOKEN, kind="drop")
    with pytest.raises(Unreachable):
        await renew(vault, connection)
    async with opened(clients=[]) as other:
        with pytest.raises(Misconfigured):
            await renew(other, connection)

    assert (await row_of(vault, connection)).doubt != ""


async def test_a_verdict_does_not_hide_a_lost_reply(vault, world, connect):
    connection = await connect(vault)
    await world.fault(path=TOKEN, kind="drop")
    for error in (Unreachable, Reconnect):
        with pytest.raises(error):
            await renew(vault, connection)

    row = await row_of(vault, connection)
    assert (row.state, row.intent, bool(row.doubt)) == ("reconnect", "", True)


async def test_a_success_ends_every_doubt(vault, world, connect):
    connection = await connect(vault)
    await world.fault(path=TOKEN, kind="reset")
    with pytest.raises(Unreachable):
        await renew(vault, connection)

    await renew(vault, connection)

    row = await row_of(vault, connection)
    assert (row.attempt, row.intent, row.doubt, row.ended) == ("", "", "", 0)


@pytest.mark.parametrize("answer", [{"error": "bad_refresh_token"}, WRONG_CLIENT, None])
async def test_an_answer_leaves_no_doubt(vault, world, connect, answer):
    connection = await connect(vault)
    status = 200 if answer else 429
    await world.fault(path=TOKEN, kind="status", status=status, body=answer)

    with pytest.raises((Reconnect, Misconfigured, RateLimited)):
        await renew(vault, connection)

    row = await row_of(vault, connection)
    assert (row.attempt, row.intent, row.doubt) == ("", "", "")


async def test_a_grant_whose_client_is_gone_is_left_alone(vault, opened, world, connect):
    connection = await connect(vault)
    before = await row_of(vault, connection)

    async with opened(clients=[]) as other:
        with pytest.raises(Misconfigured, match="Iv1.emulator"):
            await renew(other, connection)

    after = await row_of(vault, connection)
    assert after._replace(revision=before.revision, changed_at=before.changed_at) == before
    assert await posts(world) == 0


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

"""Delivering events to receivers that fail, are slow, vanish, or are asked by many."""

import asyncio
import json
import signal
from dataclasses import replace

import pytest

from connector_vault import Owner, Secret, deliveries
from connector_vault.deliveries import Deliveries
from connector_vault.room import now_ms
from connector_vault.stores import Followed
from connector_vault.webhooks import LAST_TRY
from tests.deeds import ADA, row_of, until
from tests.player import playing
from tests.receiver import KEY, OTHER_KEY, receiving

EVE = Owner(tenant="elsewhere", user="eve")
DAY = 86_400


@pytest.fixture
async def receiver():
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def row(vault):
    """A connection, of which no receiver has heard."""
    return await row_of(vault, await vault.add("openrouter", ADA, secret=Secret("sk-or-01234567")))


@pytest.fixture
def happen(vault, row):
    """Let things happen, and give their cursors."""

    async def happen(times=1, name="refreshed", of=row):
        for _ in range(times):
            await vault.room.store.commit(vault.room.event(of, name))
        (last,) = raw_of(vault, "select max(seq) from event")
        return list(range(last - times + 1, last + 1))

    return happen


@pytest.fixture
def sending(vault, row):
    """Open deliveries that begin now: another one is as good as another process."""

    async def sending(*hooks, after=0):
        room = replace(vault.room, clock=lambda: now_ms() + int(after * 1000), chance=lambda: 0.0)
        sent = Deliveries(room, hooks)
        await sent.enrol()
        return sent

    return sending


def raw_of(vault, statement, *values):
    return vault.room.store._reader.execute(statement, values).fetchone()


def place_of(vault, name="hub"):
    return raw_of(vault, "select seq, failures, due_at from follower where name = ?", name)


def due_in(vault, name="hub"):
    return (place_of(vault, name)[2] - now_ms()) / 1000


async def lines(vault, raw):
    await vault.room.audit.flush()
    found = raw("select outcome, connection, detail from audit where deed = 'webhook'")
    return [(outcome, connection, json.loads(detail)) for outcome, connection, detail in found]


async def test_a_receiver_hears_what_happens_from_now_on_in_order(receiver, sending, happen):
    sent = await sending(receiver.hook(name="hub"))
    cursors = await happen(5)

    assert await sent.deliver() == 5
    assert receiver.cursors == cursors
    assert len(set(receiver.ids)) == 5
    assert receiver.heard[0].head == "POST /hook HTTP/1.1"
    assert receiver.heard[0].headers["content-type"] == "application/json"


async def test_what_was_confirmed_is_not_sent_again(receiver, sending, happen):
    sent = await sending(receiver.hook())
    await happen(2)
    await sent.deliver()

    assert await sent.deliver() == 0
    assert await (await sending(receiver.hook())).deliver() == 0
    assert len(receiver.heard) == 2


async def test_what_was_not_confirmed_comes_again_with_the_same_id(receiver, sending, happen):
    sent = await sending(receiver.hook())
    cursors = await happen(2)
    receiver.answers += [500]

    assert await sent.deliver() == 0
    assert await (await sending(receiver.hook(), after=4)).deliver() == 0
    assert await (await sending(receiver.hook(), after=6)).deliver() == 2
    assert receiver.cursors == [cursors[0], *cursors]
    assert receiver.ids[0] == receiver.ids[1]


@pytest.mark.parametrize("answer", [301, 302, 400, 401, 404, 429, 503, None], ids=str)
async def test_only_a_success_confirms(receiver, sending, happen, vault, answer):
    await happen()
    elsewhere = {"location": f"{receiver.url}/elsewhere"}
    sent = await sending(receiver.hook(name="hub"))
    (cursor,) = await happen()
    receiver.answers += [answer if answer is None else (answer, elsewhere)]

    assert await sent.deliver() == 0
    assert len(receiver.heard) == 1
    assert place_of(vault)[:2] == (cursor - 1, 1)


async def test_a_receiver_that_is_not_there_is_asked_later(
    receiver, sending, happen, vault, caplog
):
    hook = replace(receiver.hook(name="hub"), url="http://127.0.0.1:9/hook?key=hush-hush")
    sent = await sending(hook)
    await happen()

    assert await sent.deliver() == 0
    assert 0 < due_in(vault) <= 5
    assert "webhook hub: event 2 is not confirmed (http://127.0.0.1:9 cannot be reached" in (
        caplog.text
    )
    assert "hush" not in caplog.text


async def test_each_try_waits_longer_and_after_the_last_the_event_is_skipped(
    receiver, sending, happen, vault, row, raw, caplog
):
    await sending(receiver.hook(name="hub"))
    first, second = await happen(2)
    receiver.answers += [500] * LAST_TRY
    waited, waits = 0, []

    for _ in range(LAST_TRY - 1):
        assert await (await sending(receiver.hook(name="hub"), after=waited)).deliver() == 0
        waits.append(round(due_in(vault) - waited))
        waited = due_in(vault) + 1
    assert await (await sending(receiver.hook(name="hub"), after=waited)).deliver() == 0

    assert waits == [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]
    assert len(set(receiver.ids)) == 1
    assert place_of(vault) == (first, 0, 0)
    ((outcome, connection, detail),) = await lines(vault, raw)
    assert (outcome, connection) == ("skipped", row.id)
    assert detail == {"answer": "it answered 500", "endpoint": "hub", "event": receiver.ids[0]}
    assert f"webhook hub: event {first} is skipped after 10 tries" in caplog.text

    assert await (await sending(receiver.hook(name="hub"), after=waited)).deliver() == 1
    assert receiver.cursors[-1] == second


async def test_a_receiver_that_is_gone_is_told_nothing_more(
    receiver, sending, happen, vault, raw, caplog
):
    sent = await sending(receiver.hook(name="hub"))
    await happen(3)
    receiver.answers += [410]

    await sent.deliver()
    await (await sending(receiver.hook(name="hub"), after=30_000 * DAY)).deliver()

    assert len(receiver.heard) == 1
    ((outcome, _, detail),) = await lines(vault, raw)
    assert (outcome, detail["endpoint"], detail["answer"]) == ("gone", "hub", "it answered 410")
    assert "webhook hub is gone" in caplog.text


async def test_under_another_name_a_receiver_begins_anew(receiver, sending, happen):
    sent = await sending(receiver.hook(name="hub"))
    await happen()
    receiver.answers += [410]
    await sent.deliver()

    sent = await sending(receiver.hook(name="again"))
    (cursor,) = await happen()

    assert await sent.deliver() == 1
    assert receiver.cursors[-1] == cursor


@pytest.mark.parametrize(("asked", "waits"), [("2", 5), ("3600", 3600), ("99999999", DAY)])
async def test_a_receiver_says_when_to_come_back(receiver, sending, happen, vault, asked, waits):
    sent = await sending(receiver.hook(name="hub"))
    await happen()
    receiver.answers += [(503, {"retry-after": asked})]

    await sent.deliver()

    assert waits - 2 < due_in(vault) <= waits


async def test_a_receiver_gets_the_events_it_wants_and_the_rest_is_passed_over(
    receiver, sending, happen, vault
):
    sent = await sending(receiver.hook(name="hub", events=frozenset({"dying_soon"})))
    await happen(2)
    (cursor,) = await happen(name="dying_soon")
    (last,) = await happen()

    assert await sent.deliver() == 1
    assert receiver.cursors == [cursor]
    assert place_of(vault) == (last, 0, 0)


async def test_a_receiver_of_one_tenant_hears_of_no_other(receiver, sending, happen, vault):
    other = await row_of(vault, await vault.add("other", EVE, secret=Secret("sk-or-01234567")))
    sent = await sending(receiver.hook(tenant="elsewhere"))
    await happen(2)
    (cursor,) = await happen(of=other)

    assert await sent.deliver() == 1
    assert receiver.cursors == [cursor]


async def test_no_more_is_sent_at_once_than_was_asked_for(receiver, sending, happen):
    sent = await sending(receiver.hook())
    cursors = await happen(5)

    assert [await sent.deliver(limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert receiver.cursors == cursors


async def test_a_slow_receiver_holds_up_no_other(receiver, sending, happen):
    free = asyncio.Event()

    async def slowly():
        await free.wait()
        return 204

    async with receiving(OTHER_KEY) as slow:
        slow.answers += [slowly]
        sent = await sending(slow.hook(name="slow"), receiver.hook(name="hub"))
        cursors = await happen(3)
        delivering = asyncio.create_task(sent.deliver())
        await until(lambda: len(receiver.heard) == 3)
        free.set()

        assert await delivering == 6
        assert receiver.cursors == slow.cursors == cursors


async def test_a_receiver_that_does_not_answer_is_given_up_in_time(
    receiver, sending, happen, vault, monkeypatch
):
    monkeypatch.setattr(deliveries, "_DEADLINE", 0.05)
    sent = await sending(receiver.hook(name="hub"))
    (cursor,) = await happen()
    receiver.answers += [asyncio.Event().wait]

    assert await sent.deliver() == 0
    assert place_of(vault)[:2] == (cursor - 1, 1)


async def test_a_long_answer_is_not_read(receiver, sending, happen):
    sent = await sending(receiver.hook())
    await happen()
    receiver.answers += [(200, {"content-length": "999999999"})]

    assert await sent.deliver() == 1


async def test_one_process_at_a_time_delivers(receiver, sending, happen):
    begun, free = asyncio.Event(), asyncio.Event()

    async def slowly():
        begun.set()
        await free.wait()
        return 204

    receiver.answers += [slowly]
    one, other = await sending(receiver.hook()), await sending(receiver.hook())
    cursors = await happen(3)
    delivering = asyncio.create_task(one.deliver())
    await begun.wait()

    assert await other.deliver() == 0
    free.set()
    assert await delivering == 3
    assert receiver.cursors == cursors


async def test_two_processes_deliver_each_event_once(receiver, sending, happen, place, world):
    await sending(receiver.hook())
    cursors = await happen(20)
    arguments = ("deliver", *place[1:3], world.url, receiver.hook().url, KEY)

    async with playing(*arguments) as one, playing(*arguments) as other:
        await asyncio.gather(one.go(), other.go())
        counts = [await one.end(), await other.end()]

    assert receiver.cursors == cursors
    assert sum(counts) == 20


async def test_what_a_killed_process_did_not_note_comes_again(
    receiver, sending, happen, place, world
):
    """The receiver has confirmed, and the process dies before it can write that down."""
    await sending(receiver.hook())
    cursors = await happen(2)

    async with playing("die", *place[1:3], world.url, receiver.hook().url, KEY) as player:
        await player.go()
        assert await player._process.wait() == -signal.SIGKILL

    assert await (await sending(receiver.hook())).deliver() == 0
    assert await (await sending(receiver.hook(), after=61)).deliver() == 2
    assert receiver.cursors == [cursors[0], *cursors]
    assert receiver.ids[0] == receiver.ids[1]


async def test_who_took_too_long_moves_no_place(receiver, vault, row, happen, caplog):
    """Its process stood still, and another has gone on meanwhile."""
    passed = [0]
    room = replace(vault.room, clock=lambda: now_ms() + passed[0])
    sent = Deliveries(room, [receiver.hook(name="hub")])
    await sent.enrol()
    (cursor,) = await happen()

    async def long_after():
        passed[0] = 61_000
        return 204

    receiver.answers += [long_after]

    assert await sent.deliver() == 0
    assert place_of(vault)[:2] == (cursor - 1, 0)
    assert "somebody else goes on" in caplog.text


async def test_new_receivers_begin_when_the_vault_knows_them(receiver, sending, happen, vault):
    await happen(2)
    sent = await sending(receiver.hook(name="hub"))
    cursors = await happen(1)
    await sending(receiver.hook(name="hub"))

    assert place_of(vault)[0] == cursors[0] - 1
    assert await sent.deliver() == 1


async def test_nobody_is_asked_where_nothing_happened(receiver, sending, happen, vault):
    """A database that is only looked at has nothing to write."""
    sent = await sending(receiver.hook())
    await happen()
    await sent.deliver()
    claims = counted(vault)

    for _ in range(3):
        await sent.deliver()

    assert claims() == 0
    await happen()
    assert await sent.deliver() == 1


async def test_a_database_that_is_away_is_waited_for(receiver, sending, happen, raw, caplog):
    sent = await sending(receiver.hook(name="hub"))
    await happen()
    raw("alter table follower rename to away")

    assert await sent.deliver() == 0
    assert "webhook hub waits" in caplog.text
    raw("alter table away rename to follower")
    assert await (await sending(receiver.hook(name="hub"))).deliver() == 1


async def test_keeping_goes_on_until_the_vault_closes(receiver, opened, monkeypatch):
    monkeypatch.setattr(deliveries, "_EVERY", 0.01)
    async with opened() as vault:
        sent = Deliveries(vault.room, [receiver.hook()])
        await sent.enrol()
        keeping = vault.room.work.begin(sent.keep())
        for number in range(1, 4):
            await vault.add("openrouter", ADA, secret=Secret("sk-or-01234567"))
            await until(lambda number=number: len(receiver.heard) == number)

    assert keeping.done()
    assert not keeping.exception()
    assert receiver.cursors == [1, 2, 3]


async def test_no_log_and_no_error_shows_a_secret(receiver, sending, happen, caplog):
    caplog.set_level("DEBUG")
    url = f"{receiver.url}/hook?token=hush-hush-hush"
    sent = await sending(replace(receiver.hook(name="hub"), url=url))
    await happen(2)
    receiver.answers += [500, 410]

    await sent.deliver()
    await (await sending(replace(receiver.hook(name="hub"), url=url), after=9)).deliver()

    assert len(receiver.heard) == 2
    signatures = [letter.headers["webhook-signature"] for letter in receiver.heard]
    for hidden in (KEY, KEY[6:], "hush-hush", *signatures):
        assert hidden not in caplog.text
        assert hidden not in repr(vars(sent))


def counted(vault):
    """Count the times a place is claimed from now on."""
    store, claims = vault.room.store, []
    take = store.take

    async def counting(query):
        claims.extend([query] if isinstance(query, Followed) else [])
        return await take(query)

    store.take = counting
    return lambda: len(claims)

"""What every store promises about leases and consents: one winner, once."""

import asyncio

import pytest

from connector_vault.stores import LEASE_LIFE, AddConsent, Claim, Update
from tests.player import playing
from tests.rows import ADA, CONSENT, ROW, STRANGERS, row_of


async def test_a_lease_is_taken_and_the_row_read(kept):
    held = await kept.lease(ROW, attempt="a", seconds=30, spend=True)

    taken = {"attempt": "a", "lease_until": 32_000, "intent": "a"}
    assert held == ROW._replace(**taken, due_at=32_000, revision=2)
    assert await row_of(kept) == held


async def test_a_lease_without_intent_says_none(kept):
    held = await kept.lease(ROW, attempt="a", seconds=30, spend=False)

    assert (held.attempt, held.intent, held.doubt) == ("a", "", "")


@pytest.mark.parametrize(("due", "then"), [(0, 32_000), (40_000, 32_000), (9_000, 9_000)])
async def test_a_row_is_due_when_a_lease_that_spends_runs_out(kept, due, then):
    """Should its holder die, somebody asks in time: some providers answer once more for a while."""
    await kept.commit(Update("con_1", {}, {"due_at": due}))

    assert (await kept.lease(ROW, attempt="a", seconds=30, spend=True)).due_at == then


async def test_a_lease_that_spends_nothing_makes_nothing_due(kept):
    assert (await kept.lease(ROW, attempt="a", seconds=30, spend=False)).due_at == ROW.due_at


async def test_of_many_at_once_one_has_the_lease(kept):
    tries = (kept.lease(ROW, attempt=f"{n}", seconds=30, spend=True) for n in range(100))

    held = [row for row in await asyncio.gather(*tries) if row]

    assert len(held) == 1
    assert (await row_of(kept)).attempt == held[0].attempt


async def test_of_many_in_two_processes_one_has_the_lease(kept, url):
    told = (url, "con_1", 50)

    async with playing("lease", *told) as one, playing("lease", *told) as other:
        await asyncio.gather(one.go(), other.go())
        held = [*await one.end(), *await other.end()]

    assert held == [(await row_of(kept)).attempt]


async def test_a_lease_ends_by_the_clock(kept, now):
    await kept.lease(ROW, attempt="a", seconds=30, spend=False)

    now.time += 29_999
    assert await kept.lease(ROW, attempt="b", seconds=30, spend=False) is None
    now.time += 1
    assert (await kept.lease(ROW, attempt="b", seconds=30, spend=False)).attempt == "b"


@pytest.mark.parametrize("moved", [{"generation": 2}, {"state": "revoking"}], ids=str)
async def test_a_lease_is_not_to_be_had_once_the_row_moved(kept, moved):
    await kept.commit(Update("con_1", {}, moved))

    assert await kept.lease(ROW, attempt="a", seconds=30, spend=True) is None
    assert (await row_of(kept)).attempt == ""


async def test_an_intent_found_becomes_a_doubt(kept, now):
    await kept.lease(ROW, attempt="a", seconds=30, spend=True)
    now.time += 30_000

    held = await kept.lease(await row_of(kept), attempt="b", seconds=30, spend=True)

    assert (held.intent, held.doubt) == ("b", "a")


@pytest.mark.parametrize("spend", [True, False])
async def test_an_intent_that_the_caller_does_not_know_of_is_in_the_way(kept, now, spend):
    """Whoever spends again has to know whose attempt is to be over."""
    await kept.lease(ROW, attempt="a", seconds=30, spend=True)
    now.time += 30_000

    assert await kept.lease(ROW, attempt="b", seconds=30, spend=spend) is None
    assert (await row_of(kept)).attempt == "a"


async def test_a_doubt_stays(kept):
    await kept.commit(Update("con_1", {}, {"doubt": "a"}))

    held = await kept.lease(ROW, attempt="b", seconds=30, spend=True)

    assert (held.intent, held.doubt) == ("b", "a")


async def test_a_lease_without_intent_keeps_the_doubt(kept):
    await kept.commit(Update("con_1", {}, {"intent": "b"}))

    held = await kept.lease(await row_of(kept), attempt="c", seconds=30, spend=False)

    assert (held.intent, held.doubt) == ("", "b")


async def test_a_lease_that_ends_too_late_holds_nobody_up(kept, now):
    """The clock it was taken by has been set back since."""
    await kept.lease(ROW, attempt="a", seconds=30, spend=False)
    now.time -= int(LEASE_LIFE * 1000)

    held = await kept.lease(ROW, attempt="b", seconds=30, spend=False)

    assert (held.attempt, held.lease_until) == ("b", now() + 30_000)


async def test_a_lease_ends_later_than_its_life_at_no_time(kept):
    await kept.lease(ROW, attempt="a", seconds=LEASE_LIFE, spend=False)

    assert await kept.lease(ROW, attempt="b", seconds=30, spend=False) is None


async def test_a_consent_is_taken_once(store):
    await store.commit(AddConsent(CONSENT, 0))

    taken = await asyncio.gather(*(store.take(claim(now=4_999)) for _ in range(20)))

    assert [one for one in taken if one] == [[CONSENT]]


@pytest.mark.parametrize("stranger", STRANGERS, ids=str)
async def test_anothers_consent_is_neither_taken_nor_used_up(store, stranger):
    await store.commit(AddConsent(CONSENT, 0))

    assert await store.take(claim(stranger)) == []
    assert await store.take(claim()) == [CONSENT]


async def test_a_consent_runs_out(store):
    await store.commit(AddConsent(CONSENT, 0))

    assert await store.take(claim(now=5_000)) == []


async def test_a_consent_may_come_back(store):
    await store.commit(AddConsent(CONSENT, 0))
    (taken,) = await store.take(claim())

    await store.commit(AddConsent(taken, 0))

    assert await store.take(claim()) == [CONSENT]


async def test_a_consent_that_ran_out_is_dropped_with_the_next(store):
    await store.commit(AddConsent(CONSENT, 0))

    await store.commit(AddConsent(CONSENT._replace(id=b"n" * 32), 5_001))

    assert await store.take(claim()) == []


def claim(owner=ADA, now=0):
    return Claim(CONSENT.id, owner, now)

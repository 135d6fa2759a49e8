"""What every store promises about leases and consents: one winner, once."""

import asyncio

import pytest

from connector_vault.stores import (
    AddConsent,
    Update,
)
from tests.player import playing
from tests.rows import ADA, CONSENT, ROW, STRANGERS, row_of


async def test_a_lease_is_taken_and_the_row_read(kept):
    held = await kept.lease(ROW, attempt="a", seconds=30, spend=True)

    assert held == ROW._replace(attempt="a", lease_until=32_000, intent="a", revision=2)
    assert await row_of(kept) == held


async def test_a_lease_without_intent_says_none(kept):
    held = await kept.lease(ROW, attempt="a", seconds=30, spend=False)

    assert (held.attempt, held.intent, held.doubt) == ("a", "", "")


async def test_of_many_at_once_one_has_the_lease(kept):
    tries = (kept.lease(ROW, attempt=f"{n}", seconds=30, spend=True) for n in range(100))

    held = [row for row in await asyncio.gather(*tries) if row]

    assert len(held) == 1
    assert (await row_of(kept)).attempt == held[0].attempt


async def test_of_many_in_two_processes_one_has_the_lease(kept, tmp_path):
    told = (f"sqlite:///{tmp_path / 'vault.db'}", "con_1", 50)

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

    held = await kept.lease(ROW, attempt="b", seconds=30, spend=True)

    assert (held.intent, held.doubt, held.ended) == ("b", "a", 0)


async def test_a_doubt_stays(kept):
    await kept.commit(Update("con_1", {}, {"doubt": "a", "ended": 1}))

    held = await kept.lease(ROW, attempt="b", seconds=30, spend=True)

    assert (held.intent, held.doubt, held.ended) == ("b", "a", 1)


async def test_a_lease_without_intent_leaves_intent_and_doubt(kept):
    known = {"intent": "b", "doubt": "a", "ended": 1}
    await kept.commit(Update("con_1", {}, known))

    held = await kept.lease(ROW, attempt="c", seconds=30, spend=False)

    assert (held.intent, held.doubt, held.ended) == ("b", "a", 1)


async def test_a_consent_is_taken_once(store):
    await store.commit(AddConsent(CONSENT, 0))

    taken = await asyncio.gather(*(store.claim(CONSENT.id, ADA, 4_999) for _ in range(20)))

    assert [one for one in taken if one] == [CONSENT]


@pytest.mark.parametrize("stranger", STRANGERS, ids=str)
async def test_anothers_consent_is_neither_taken_nor_used_up(store, stranger):
    await store.commit(AddConsent(CONSENT, 0))

    assert await store.claim(CONSENT.id, stranger, 0) is None
    assert await store.claim(CONSENT.id, ADA, 0) == CONSENT


async def test_a_consent_runs_out(store):
    await store.commit(AddConsent(CONSENT, 0))

    assert await store.claim(CONSENT.id, ADA, 5_000) is None


async def test_a_consent_may_come_back(store):
    await store.commit(AddConsent(CONSENT, 0))
    taken = await store.claim(CONSENT.id, ADA, 0)

    await store.commit(AddConsent(taken, 0))

    assert await store.claim(CONSENT.id, ADA, 0) == CONSENT

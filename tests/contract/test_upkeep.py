"""What every store promises about upkeep: work is given out once, and what is over goes."""

import asyncio

import pytest

from connector_vault.stores import (
    AddConnection,
    AddConsent,
    AddKey,
    Claim,
    Doomed,
    DropKey,
    Due,
    Dying,
    Happened,
    Purge,
    Shred,
    Touch,
    Update,
    values,
)
from tests.rows import ADA, CONSENT, EVENT, KEY, ROW, all_of, row_of

DUE = Due(state="active", now=5_000, until=9_000, limit=10)


def due(id_, at, **more):
    return ROW._replace(id=id_, due_at=at, **more)


def touch(generation=1, used_at=0, proven_at=0, due_at=0):
    return Touch(
        id="con_1", generation=generation, used_at=used_at, proven_at=proven_at, due_at=due_at
    )


async def test_what_is_due_is_given_out(store):
    rows = [due("con_1", 4_000), due("con_2", 3_000), due("con_3", 5_000)]
    await store.commit(*map(AddConnection, rows))

    taken = await store.take(DUE)

    assert sorted(taken) == [row._replace(due_at=9_000) for row in rows]
    assert await all_of(store) == sorted(taken)


@pytest.mark.parametrize(
    "row", [due("con_1", 0), due("con_1", 5_001), due("con_1", 4_000, state="paused")], ids=str
)
async def test_what_is_not_due_is_not_given_out(store, row):
    await store.commit(AddConnection(row))

    assert await store.take(DUE) == []
    assert await row_of(store) == row


async def test_no_more_is_given_out_than_is_asked_for_the_longest_due_first(store):
    await store.commit(*(AddConnection(due(f"con_{n}", 2_000 - n)) for n in range(5)))

    taken = await store.take(Due(state="active", now=5_000, until=9_000, limit=2))

    assert {row.id for row in taken} == {"con_3", "con_4"}


async def test_what_is_due_is_given_to_one(another, store):
    await store.commit(*(AddConnection(due(f"con_{n}", 1_000 + n)) for n in range(40)))
    some = Due(state="active", now=5_000, until=9_000, limit=7)

    async with another() as other:
        tries = (one.take(some) for one in (store, other) for _ in range(10))
        taken = [row.id for rows in await asyncio.gather(*tries) for row in rows]

    assert len(taken) == len(set(taken))
    assert {row.due_at for row in await all_of(store) if row.id in taken} == {9_000}


async def test_what_was_given_out_is_due_again_after_its_time(store):
    await store.commit(AddConnection(due("con_1", 1_000)))
    await store.take(DUE)

    again = Due(state="active", now=9_000, until=12_000, limit=10)
    assert [row.id for row in await store.take(again)] == ["con_1"]


async def test_a_use_is_noted_and_moves_nothing_else(kept):
    await kept.commit(touch(used_at=3_600, proven_at=3_000, due_at=7_000))

    noted = ROW._replace(used_at=3_600, proven_at=3_000, due_at=7_000)
    assert await row_of(kept) == noted


async def test_an_earlier_use_notes_nothing(kept):
    await kept.commit(touch(used_at=3_600, proven_at=3_000, due_at=7_000))

    await kept.commit(touch(used_at=2_000, proven_at=2_000, due_at=8_000))
    await kept.commit(touch())

    row = await row_of(kept)
    assert (row.used_at, row.proven_at, row.due_at) == (3_600, 3_000, 7_000)


async def test_a_use_may_bring_forward_when_there_is_something_to_do(kept):
    await kept.commit(touch(due_at=7_000))
    await kept.commit(touch(due_at=6_000))

    assert (await row_of(kept)).due_at == 6_000


@pytest.mark.parametrize("moved", [{"generation": 2}, {"state": "paused"}], ids=str)
async def test_a_use_of_what_moved_on_is_no_conflict_and_notes_nothing(kept, moved):
    await kept.commit(Update("con_1", {}, moved))

    await kept.commit(touch(used_at=3_600))

    assert (await row_of(kept)).used_at == 0


async def test_who_is_dying_is_found(store):
    rows = [ROW._replace(id=f"con_{at}", warn_at=at) for at in (0, 4_000, 5_000, 5_001)]
    paused = ROW._replace(id="con_p", warn_at=4_000, state="paused")
    await store.commit(*map(AddConnection, (*rows, paused)))

    assert await all_of(store, Dying(5_000)) == rows[1:3]


async def test_the_dead_of_one_client_are_found(store):
    dead = ROW._replace(state="reconnect", changed_at=5_000)
    others = [
        dead._replace(id="con_2", client_id="other"),
        dead._replace(id="con_3", provider="slack"),
        dead._replace(id="con_4", changed_at=4_999),
        dead._replace(id="con_5", state="active"),
    ]
    await store.commit(*map(AddConnection, (dead, *others)))

    found = await all_of(store, Doomed(provider="github", client_id="Iv1", since=5_000))

    assert found == [dead]


async def test_one_key_is_dropped_and_may_be_gone(kept):
    other = KEY._replace(dek_id=b"e" * 16)
    await kept.commit(AddKey(other))

    await kept.commit(DropKey(KEY.dek_id))
    await kept.commit(DropKey(KEY.dek_id))

    assert [await kept.key(key.dek_id) for key in (KEY, other)] == [None, other]


async def test_a_key_is_changed_for_another_in_one_commit(kept):
    new = KEY._replace(dek_id=b"n" * 16)
    change = Update("con_1", values(dek_id=KEY.dek_id), values(dek_id=new.dek_id))

    await kept.commit(AddKey(new), change, DropKey(KEY.dek_id))

    assert (await row_of(kept)).dek_id == new.dek_id
    assert [await kept.key(key.dek_id) for key in (KEY, new)] == [None, new]


async def test_a_purge_deletes_what_is_older_than_its_times(store):
    ended = ROW._replace(id="con_2", state="revoked", changed_at=1_999)
    await store.commit(AddConnection(ROW), AddConnection(ended))
    await store.commit(AddConsent(CONSENT, 0), EVENT._replace(at=1_999), EVENT._replace(at=2_000))
    await all_of(store, Happened())

    await store.commit(Purge(consents=CONSENT.expires_at + 1, events=2_000, tombstones=2_000))

    assert await all_of(store) == [ROW]
    assert [event.at for event in await all_of(store, Happened())] == [2_000]
    assert await store.take(Claim(CONSENT.id, ADA, 0)) == []


async def test_a_purge_keeps_what_is_younger(store):
    ended = ROW._replace(state="revoked", changed_at=2_000)
    await store.commit(AddConnection(ended), AddConsent(CONSENT, 0), EVENT._replace(at=2_000))

    await store.commit(Purge(consents=CONSENT.expires_at, events=2_000, tombstones=2_000))

    assert await all_of(store) == [ended]
    assert len(await all_of(store, Happened())) == 1
    assert await store.take(Claim(CONSENT.id, ADA, 0)) == [CONSENT]


async def test_changes_of_one_row_are_made_in_their_order(store):
    row = ROW._replace(account="1")
    again = row._replace(id="con_2")

    await store.commit(
        AddConnection(row),
        Update("con_1", values(generation=1), values(generation=2, state="revoking")),
        Update("con_1", values(generation=2), values(label="ended")),
        AddConnection(again),
        AddKey(KEY),
        Shred("con_1"),
    )

    assert (await row_of(store)).label == "ended"
    assert await row_of(store, "con_2") == again
    assert await store.key(KEY.dek_id) is None


async def test_a_name_that_no_database_holds_belongs_to_nobody(kept):
    """Whoever asks from outside may ask for anything."""
    assert await kept.get("con_1\0", ADA) is None

"""What every store promises about events: each follower hears of each of them, in order."""

import asyncio

import pytest

from connector_vault import Owner, Tenant
from connector_vault.stores import (
    Conflict,
    Followed,
    Follower,
    Happened,
    Purge,
    Update,
    values,
)
from tests.rows import ADA, EVENT, LINE, all_of

HOOK = Followed(name="hook", now=1_000, until=2_000)
EVES = EVENT._replace(user="eve")
ABROAD = EVENT._replace(tenant="evil")


async def test_events_come_in_their_order_with_numbers(store):
    first, second = EVENT._replace(name="connected"), EVENT._replace(name="refreshed")
    await store.commit(first, second)
    await store.commit(first)

    found = await all_of(store, Happened())

    assert [one.name for one in found] == ["connected", "refreshed", "connected"]
    assert [one._replace(seq=0) for one in found] == [first, second, first]
    assert 0 < found[0].seq < found[1].seq < found[2].seq


async def test_events_go_on_after_the_last_one_seen(store):
    await store.commit(EVENT, EVENT)
    (_, last) = await all_of(store, Happened())
    await store.commit(EVENT)

    (new,) = await all_of(store, Happened(after=last.seq))

    assert new.seq > last.seq
    assert await all_of(store, Happened(after=new.seq)) == []


@pytest.mark.parametrize(
    ("owner", "whose"),
    [
        (ADA, [EVENT]),
        (Tenant(name="acme"), [EVENT, EVES]),
        (Owner(tenant="acme"), []),
        (None, [EVENT, EVES, ABROAD]),
    ],
    ids=str,
)
async def test_events_are_their_owners(store, owner, whose):
    await store.commit(EVENT, EVES, ABROAD)

    found = await all_of(store, Happened(owner=owner))

    assert [one._replace(seq=0) for one in found] == whose


async def test_many_events_come_whole(store):
    await store.commit(*(EVENT._replace(generation=number) for number in range(450)))

    assert [one.generation for one in await all_of(store, Happened())] == [*range(450)]


async def test_an_event_of_a_conflict_did_not_happen(kept):
    with pytest.raises(Conflict):
        await kept.commit(EVENT, Update("con_1", values(generation=2), values(label="x")), LINE)

    assert await all_of(kept, Happened()) == []


async def test_no_event_appears_behind_one_that_was_read(another, kept):
    """However commits overlap: who reads in between misses none, and sees none twice."""
    seen, done = [], asyncio.Event()

    async def read(store):
        while not done.is_set():
            after = seen[-1].seq if seen else 0
            seen.extend([event async for event in store.rows(Happened(after=after))])
            await asyncio.sleep(0)

    async with another() as other, asyncio.TaskGroup() as group:
        reader = group.create_task(read(other))
        await asyncio.gather(*(kept.commit(EVENT._replace(at=n), LINE) for n in range(200)))
        done.set()
        await reader
        seen.extend(await all_of(other, Happened(after=seen[-1].seq)))

    assert sorted(event.at for event in seen) == [*range(200)]
    assert len({event.seq for event in seen}) == 200


async def test_two_who_read_see_the_same_numbers(another, kept):
    await kept.commit(*(EVENT._replace(at=n) for n in range(50)))

    async with another() as other:
        one, two = await asyncio.gather(all_of(kept, Happened()), all_of(other, Happened()))

    assert one == two


async def test_a_new_follower_follows_from_the_newest_event_on(store):
    await store.commit(EVENT, EVENT)
    (_, newest) = await all_of(store, Happened())

    (follower,) = await store.take(HOOK)

    assert follower == Follower("hook", newest.seq, 0, 2_000)


async def test_a_new_follower_has_seen_what_nobody_read_yet(store):
    await store.commit(EVENT, EVENT)

    (follower,) = await store.take(HOOK)

    assert await all_of(store, Happened(after=follower.seq)) == []


async def test_a_follower_is_given_to_one_until_its_time(store):
    taken = await asyncio.gather(*(store.take(HOOK) for _ in range(20)))

    assert sum(map(len, taken)) == 1
    assert await store.take(Followed(name="hook", now=1_999, until=3_000)) == []
    assert len(await store.take(Followed(name="hook", now=2_000, until=3_000))) == 1


async def test_what_a_follower_confirmed_is_kept(store):
    await store.take(HOOK)

    await store.commit(Follower("hook", 7, 2, 5_000))

    later = Followed(name="hook", now=5_000, until=6_000)
    assert await store.take(later) == [Follower("hook", 7, 2, 6_000)]


async def test_a_follower_that_is_not_there_is_a_conflict(store):
    with pytest.raises(Conflict):
        await store.commit(LINE, Follower("hook", 1, 0, 0))


async def test_a_purge_leaves_the_newest_event_so_that_its_number_is_known(store):
    await store.commit(EVENT, EVENT)
    _, last = await all_of(store, Happened())

    await store.commit(Purge(consents=0, events=EVENT.at + 1, tombstones=0))
    await store.commit(EVENT)

    kept, new = await all_of(store, Happened())
    assert (kept, new.seq > last.seq) == (last, True)

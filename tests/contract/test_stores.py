"""What every store promises about rows. A new store is a line in conftest.STORES."""

import asyncio

import pytest

from connector_vault import Owner
from connector_vault.errors import StoreUnavailable
from connector_vault.stores import (
    AddConnection,
    AddKey,
    Claim,
    Conflict,
    Everything,
    One,
    Owned,
    Sharing,
    Shred,
    Update,
)
from tests.rows import ADA, KEY, LINE, ROW, STRANGERS, all_of, row_of


async def test_what_is_committed_is_read(kept):
    assert await row_of(kept) == ROW
    assert await kept.key(KEY.dek_id) == KEY
    assert (await kept.get("con_1", ADA)).sealed == ROW.sealed


async def test_a_credential_is_the_row_in_short(kept):
    credential = await kept.get("con_1", ADA)

    assert credential._asdict().items() <= ROW._asdict().items()


async def test_what_is_committed_outlives_the_store(another):
    async with another() as store:
        await store.commit(AddKey(KEY), AddConnection(ROW))

    async with another() as store:
        assert await row_of(store) == ROW


async def test_a_store_keeps_its_id(another):
    async with another() as first, another() as second:
        assert len(first.id) == 16
        assert first.id == second.id


async def test_what_one_commits_the_other_reads_at_once(another):
    async with another() as one, another() as other:
        assert await other.get("con_1", ADA) is None
        await one.commit(AddConnection(ROW))
        assert await row_of(other) == ROW


async def test_what_is_not_there_is_none(store):
    assert await store.get("con_1", ADA) is None
    assert await store.key(b"d" * 16) is None
    assert await store.take(Claim(b"c" * 32, ADA, 0)) == []
    assert await store.lease(ROW, attempt="a", seconds=1, spend=True) is None
    assert await all_of(store) == []


@pytest.mark.parametrize("stranger", STRANGERS, ids=str)
async def test_anothers_connection_does_not_exist(kept, stranger):
    assert await kept.get("con_1", stranger) is None
    assert await all_of(kept, One("con_1", stranger)) == []
    assert await all_of(kept, Owned(owner=stranger)) == []


async def test_a_workspace_has_connections_of_its_own(store):
    shared = ROW._replace(id="con_2", user="")
    await store.commit(AddConnection(ROW), AddConnection(shared))

    assert await all_of(store, Owned(owner=Owner(tenant="acme"))) == [shared]


async def test_a_change_requires_what_it_names(kept):
    await kept.commit(Update("con_1", {"generation": 1, "attempt": ""}, {"label": "Ada"}))

    row = await row_of(kept)
    assert (row.label, row.revision, row.changed_at) == ("Ada", 2, 2_000)
    assert row == ROW._replace(label="Ada", revision=2, changed_at=2_000)


@pytest.mark.parametrize(
    "where", [{"generation": 2}, {"state": "revoked"}, {"generation": 1, "attempt": "a"}], ids=str
)
async def test_a_change_that_comes_too_late_is_a_conflict(kept, where):
    with pytest.raises(Conflict):
        await kept.commit(Update("con_1", where, {"label": "Ada"}))

    assert await row_of(kept) == ROW


async def test_a_change_of_nothing_is_a_conflict(kept):
    with pytest.raises(Conflict):
        await kept.commit(Update("con_2", {}, {"label": "Ada"}))


async def test_nothing_can_be_required_and_written(kept):
    """None is a value of its own: the provider does not say which scopes."""
    await kept.commit(Update("con_1", {"scopes": "gist repo"}, {"scopes": None}))
    await kept.commit(Update("con_1", {"scopes": None}, {"scopes": ""}))

    assert (await row_of(kept)).scopes == ""


async def test_a_column_that_does_not_exist_is_refused(kept):
    with pytest.raises(ValueError, match="label = 1"):
        await kept.commit(Update("con_1", {}, {"label = 1, state": "revoked"}))

    assert await row_of(kept) == ROW


@pytest.mark.parametrize(
    "late", [AddConnection(ROW), AddKey(KEY), Update("con_2", {}, {"label": "x"})]
)
async def test_a_conflict_takes_the_whole_commit_back(kept, late):
    new = ROW._replace(id="con_3")

    with pytest.raises(Conflict):
        await kept.commit(AddConnection(new), Update("con_1", {}, {"label": "Ada"}), LINE, late)

    assert await all_of(kept) == [ROW]


async def test_a_conflict_takes_back_no_neighbours_commit(kept):
    """Several commits may share one write to the disk."""
    came = await asyncio.gather(
        *(
            kept.commit(
                AddConnection(ROW._replace(id=f"con_{number}")),
                Update("con_1", {"generation": 1 + number % 2}, {"label": f"{number}"}),
            )
            for number in range(2, 100)
        ),
        return_exceptions=True,
    )

    assert sum(isinstance(one, Conflict) for one in came) == 49
    assert {int(row.id[4:]) % 2 for row in await all_of(kept) if row.id != "con_1"} == {0}


async def test_of_many_with_one_generation_one_wins(kept):
    came = await asyncio.gather(
        *(kept.commit(Update("con_1", {"generation": 1}, {"generation": 2})) for _ in range(50)),
        return_exceptions=True,
    )

    assert sum(one is None for one in came) == 1
    assert (await row_of(kept)).revision == 2


async def test_a_live_account_is_connected_once(store):
    row = ROW._replace(account="1")
    again = row._replace(id="con_2")
    await store.commit(AddConnection(row))

    with pytest.raises(Conflict):
        await store.commit(AddConnection(again))

    await store.commit(Update("con_1", {}, {"state": "revoking"}))
    await store.commit(AddConnection(again))


@pytest.mark.parametrize(
    "other", [{"tenant": "x"}, {"user": "x"}, {"provider": "x"}, {"kind": "token"}], ids=str
)
async def test_one_account_may_be_connected_in_other_ways(store, other):
    row = ROW._replace(account="1")

    await store.commit(AddConnection(row), AddConnection(row._replace(id="con_2", **other)))


async def test_rows_come_the_oldest_first(store):
    rows = [ROW._replace(id=f"con_{n}", created_at=1_000 - n // 2) for n in range(9)]
    await store.commit(*map(AddConnection, rows))

    assert await all_of(store) == sorted(rows, key=lambda row: (row.created_at, row.id))


async def test_many_rows_come_whole(store):
    rows = [ROW._replace(id=f"con_{number:04}") for number in range(1_001)]
    await store.commit(*map(AddConnection, rows))

    assert await all_of(store, Owned(owner=ADA)) == rows


async def test_rows_that_change_under_the_reader_come_once(store):
    rows = [ROW._replace(id=f"con_{number:04}") for number in range(500)]
    await store.commit(*map(AddConnection, rows))
    seen = []

    async for row in store.rows(Everything()):
        seen.append(row.id)
        await store.commit(Update(row.id, {}, {"label": "seen"}))

    assert seen == [row.id for row in rows]


async def test_rows_are_chosen_by_provider_and_prefix(store):
    slack = ROW._replace(id="con_2", provider="slack")
    percent = ROW._replace(id="con%3")
    await store.commit(*map(AddConnection, (ROW, slack, percent)))

    assert await all_of(store, Owned(owner=ADA, provider="slack")) == [slack]
    assert await all_of(store, Owned(owner=ADA, id_prefix="con%")) == [percent]
    assert await all_of(store, Owned(owner=ADA, provider="slack", id_prefix="con_1")) == []


async def test_one_grant_is_shared_whoever_owns_it(store):
    theirs = ROW._replace(id="con_2", tenant="other")
    apart = ROW._replace(id="con_3", grant_key=b"another")
    await store.commit(*map(AddConnection, (ROW, theirs, apart)))

    assert await all_of(store, Sharing(b"grant")) == [ROW, theirs]


async def test_a_shredded_key_is_gone(kept):
    other = KEY._replace(dek_id=b"e" * 16, connection="con_2")
    more = KEY._replace(dek_id=b"f" * 16)
    await kept.commit(AddKey(other), AddKey(more))

    await kept.commit(Shred("con_1"))

    assert [await kept.key(key.dek_id) for key in (KEY, more, other)] == [None, None, other]


async def test_a_shred_that_conflicts_destroys_nothing(kept):
    with pytest.raises(Conflict):
        await kept.commit(Shred("con_1"), Update("con_1", {"generation": 2}, {"label": "x"}))

    assert await kept.key(KEY.dek_id) == KEY


async def test_a_cancelled_caller_leaves_no_transaction_open(another, kept):
    for number in range(20):
        task = asyncio.create_task(kept.commit(Update("con_1", {}, {"label": f"{number}"})))
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.wait([task])

    async with another() as other:
        await other.commit(Update("con_1", {}, {"label": "other"}))
    await kept.commit(Update("con_1", {}, {"label": "kept"}))


async def test_a_cancelled_commit_is_whole_or_was_never_begun(kept):
    new = [ROW._replace(id=f"con_{number}") for number in range(2, 40)]
    tasks = [
        asyncio.create_task(
            kept.commit(AddConnection(row), AddKey(KEY._replace(dek_id=row.id.encode())))
        )
        for row in new
    ]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    await asyncio.wait(tasks)

    for row in new:
        there = bool(await all_of(kept, One(row.id, ADA)))
        assert there == (await kept.key(row.id.encode()) is not None)


@pytest.mark.parametrize(
    "work",
    [
        lambda store: store.commit(LINE),
        lambda store: store.get("con_1", ADA),
        lambda store: store.key(b"d" * 16),
        lambda store: store.lease(ROW, attempt="a", seconds=1, spend=True),
        lambda store: store.take(Claim(b"c" * 32, ADA, 0)),
    ],
    ids=["commit", "get", "key", "lease", "take"],
)
async def test_a_store_that_was_closed_says_so(another, work):
    """It neither waits for ever nor calls the database damaged."""
    async with another() as store:
        await store.commit(AddConnection(ROW))

    async with asyncio.timeout(10):
        with pytest.raises(StoreUnavailable):
            await work(store)

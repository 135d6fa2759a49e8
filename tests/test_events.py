"""What became of connections, for whoever follows."""

import asyncio
import json
import re
from contextlib import aclosing
from pathlib import Path
from typing import get_args

import pytest

import connector_vault
from connector_vault import Owner, Secret, Tenant, events
from connector_vault.documents import event_document
from connector_vault.errors import BadArguments, Corrupt
from connector_vault.lifecycle import EventName
from tests.deeds import ADA, ROOT, renew, row_of

BOB = Owner(tenant="acme", user="bob")
EVE = Owner(tenant="elsewhere", user="eve")


def read(vault, after=0, owner=None, follow=False):
    return events.read(vault.room, after=after, owner=owner, follow=follow)


async def names(vault, **options):
    return [event.name async for event in read(vault, **options)]


async def add(vault, owner=ADA, name="openrouter"):
    return await vault.add(name, owner, secret=Secret("sk-or-0123456789"))


async def test_a_life_is_told_in_its_order(vault, connect):
    connection = await connect(vault)
    await renew(vault, connection)
    await vault.disconnect(connection.id, owner=ADA)

    told = [event async for event in read(vault)]

    assert [one.name for one in told] == [
        *("connected", "refreshed", "disconnecting", "disconnected")
    ]
    assert [one.generation for one in told] == [1, 2, 2, 2]
    assert {(one.connection, one.owner, one.provider) for one in told} == {
        (connection.id, ADA, "github")
    }
    assert [one.cursor for one in told] == sorted({one.cursor for one in told})
    assert told[-1].detail == {"outcome": "revoked"}


async def test_an_event_can_be_written_as_json(vault):
    connection = await add(vault)

    (event,) = [event_document(event) async for event in read(vault)]

    assert json.loads(json.dumps(event)) == event
    assert (event["connection"], event["tenant"], event["user"]) == (connection.id, "acme", "ada")
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", event["at"])


async def test_one_goes_on_where_one_stopped(vault):
    for _ in range(3):
        await add(vault)

    first, *rest = [event.cursor async for event in read(vault)]

    assert [event.cursor async for event in read(vault, after=first)] == rest
    assert await names(vault, after=rest[-1]) == []


@pytest.mark.parametrize(
    ("owner", "seen"),
    [
        (None, [ADA, BOB, EVE]),
        (ADA, [ADA]),
        (Tenant(name="acme"), [ADA, BOB]),
        (Owner(tenant="acme"), []),
    ],
    ids=str,
)
async def test_one_sees_the_events_one_asked_for(vault, owner, seen):
    for one in (ADA, BOB, EVE):
        await add(vault, one)

    assert [event.owner async for event in read(vault, owner=owner)] == seen


@pytest.mark.parametrize("cursor", [-1, 2**63])
async def test_what_is_no_cursor_is_refused(vault, cursor):
    with pytest.raises(BadArguments, match="a cursor is that of an event"):
        await names(vault, after=cursor)


@pytest.mark.parametrize("happened", [0, 1])
async def test_a_cursor_of_another_database_is_refused(vault, happened):
    """Else whoever follows would hear nothing for a long time, and think that nothing happened."""
    for _ in range(happened):
        await add(vault)

    with pytest.raises(BadArguments, match="right database"):
        await names(vault, after=7)


async def test_whoever_slept_too_long_is_told(vault, raw):
    cursors = [(await add(vault)) and 0 for _ in range(4)]
    cursors = [event.cursor async for event in read(vault)]
    raw("delete from event where seq <= ?", cursors[1])

    with pytest.raises(BadArguments, match=f"between {cursors[0]} and {cursors[2]} are gone"):
        await names(vault, after=cursors[0])
    assert len(await names(vault, after=cursors[1])) == 2
    assert len(await names(vault)) == 2


async def test_whoever_follows_hears_what_happens_in_any_process(vault, opened):
    async with opened() as other, aclosing(read(vault, follow=True)) as following:
        await add(vault)
        first = await anext(following)
        next_one = asyncio.create_task(anext(following))
        connection = await add(other, BOB)

        assert (first.owner, (await next_one).connection) == (ADA, connection.id)


async def test_following_ends_with_the_vault(opened):
    async with opened() as vault:
        await add(vault)
        following = read(vault, follow=True)
        assert (await anext(following)).name == "connected"
        waiting = asyncio.create_task(anext(following, None))
        await asyncio.sleep(0)

    assert await waiting is None


async def test_following_a_closed_vault_ends(opened):
    async with opened() as vault:
        pass

    assert await names(vault, follow=True) == []


@pytest.mark.parametrize("detail", ["[]", "{", '{"a": [1]}', '{"a": 1.5}'])
async def test_an_event_that_was_edited_is_no_event(vault, raw, detail):
    await add(vault)
    raw("update event set detail = ?", detail)

    with pytest.raises(Corrupt, match="somebody edited"):
        await names(vault)


async def test_a_detail_says_what_it_was_given(vault):
    row = await row_of(vault, await add(vault))
    given = {"text": "a", "number": 2, "yes": True, "nothing": None}
    await vault.room.store.commit(vault.room.event(row, "refreshed", **given))

    *_, event = [event async for event in read(vault)]

    assert event.detail == given
    assert event.detail["yes"] is True


def test_the_reference_names_each_event():
    text = (ROOT / "docs" / "reference" / "events.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(\w+)` \|", text.split("## Names")[1], flags=re.MULTILINE)

    assert told == list(get_args(EventName))


def test_the_reference_names_each_detail():
    text = (ROOT / "docs" / "reference" / "events.md").read_text(encoding="utf-8")
    package = Path(connector_vault.__file__).parent
    sources = [path.read_text(encoding="utf-8") for path in package.glob("*.py")]
    calls = [call for one in sources for call in re.findall(r"oom\.event\(([^\n]*)\)", one)]

    given = {name for call in calls for name in re.findall(r"(\w+)=", call)}

    assert given == set(re.findall(r"`(\w+)`: ", text.split("## Names")[1]))

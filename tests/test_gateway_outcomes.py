"""What came of a call: done, not done, or nobody knows."""

import asyncio

import pytest

from connector_vault import Owner, State
from connector_vault.errors import (
    OutcomeUnknown,
    RateLimited,
    Reconnect,
    Refused,
    TimedOut,
    Unreachable,
)
from tests.calls import call
from tests.deeds import ADA, TOKEN, begun, hastened, refreshes

ISSUES = "/repos/octocat/hello-world/issues"
REPO = {"owner": "octocat", "repo": "hello-world"}
NEW = {**REPO, "title": "Found one"}
EVE = Owner(tenant="acme", user="eve")
NINE_HOURS = 9 * 3600


async def list_issues(vault, **options):
    return await call(vault, "github.list_issues", REPO, **options)


async def heard(world, path="*", host="api.github.com"):
    """List what was asked of an API, apart from who somebody is."""
    entries = await world.log(host=host, path=path)
    return [(entry.method, entry.path) for entry in entries if entry.path != "/user"]


async def test_a_refused_token_is_refreshed_once_and_the_request_sent_again(vault, world, connect):
    await connect(vault)
    await world.advance(NINE_HOURS)

    await call(vault, "github.create_issue", NEW)

    assert await heard(world) == [("POST", ISSUES)] * 2
    assert await refreshes(world) == 1


async def test_a_token_refreshed_elsewhere_is_taken(vault, opened, world, connect):
    """GitHub's refresh ends the old access token at once."""
    connection = await connect(vault)
    async with opened() as other:
        await world.fault(path=ISSUES, kind="late", seconds=0.2)
        waiting = asyncio.create_task(list_issues(vault))
        await world.heard(path=ISSUES)
        await other.token(connection.id, owner=ADA, purpose="test", newer_than=1)

    assert (await waiting).value
    assert await refreshes(world) == 1


async def test_a_provider_that_refuses_every_token_is_asked_twice(vault, world, connect):
    connection = await connect(vault)
    await world.fault(path=ISSUES, kind="status", status=401, times=None)

    with pytest.raises(Reconnect) as caught:
        await list_issues(vault)

    assert caught.value.connection == connection.id
    assert (len(await heard(world, ISSUES)), await refreshes(world)) == (2, 1)


async def test_twenty_calls_with_a_refused_token_refresh_it_once(vault, world, connect):
    await connect(vault)
    await world.advance(NINE_HOURS)

    await asyncio.gather(*(list_issues(vault) for _ in range(20)))

    assert await refreshes(world) == 1


async def test_a_pasted_token_that_is_refused_asks_for_another(vault, world, connect):
    pasted = await vault.token((await connect(vault)).id, owner=ADA, purpose="test")
    connection = await vault.add("github", EVE, secret=pasted.secret)
    await world.act("github", "revoke", login="octocat")

    with pytest.raises(Reconnect):
        await list_issues(vault, owner=EVE)

    assert (await vault.get(connection.id, owner=EVE)).state is State.RECONNECT


async def test_a_read_that_gets_no_answer_timed_out(vault, world, connect):
    await connect(vault)
    asking = await begun(world, list_issues(vault), ISSUES, kind="hang")

    with hastened(), pytest.raises(TimedOut):
        await asking


async def test_a_write_that_gets_no_answer_may_have_happened(vault, world, connect):
    await connect(vault)
    asking = await begun(world, call(vault, "github.create_issue", NEW), ISSUES, kind="hang")

    with hastened(), pytest.raises(OutcomeUnknown):
        await asking


@pytest.mark.parametrize("kind", ["drop", "reset", "truncate"])
async def test_a_read_that_broke_changed_nothing(vault, world, connect, kind):
    await connect(vault)
    await world.fault(path=ISSUES, kind=kind)

    with pytest.raises(Unreachable):
        await list_issues(vault)

    assert len(await heard(world, ISSUES)) == 1


@pytest.mark.parametrize("kind", ["drop", "reset", "truncate"])
async def test_a_write_that_broke_may_have_happened_and_is_not_repeated(
    vault, world, connect, kind
):
    await connect(vault)
    await world.fault(path=ISSUES, kind=kind)

    with pytest.raises(OutcomeUnknown):
        await call(vault, "github.create_issue", NEW)

    assert len(await heard(world, ISSUES)) == 1


async def test_a_write_that_was_not_sent_did_not_happen(vault, opened, connect):
    await connect(vault)

    async with opened(emulator="http://127.0.0.1:9") as offline:
        with pytest.raises(Unreachable):
            await call(offline, "github.create_issue", NEW)


async def test_a_bare_failure_of_a_write_leaves_it_unknown(vault, world, connect):
    """A proxy may say so after the provider did what was asked."""
    await connect(vault)
    await world.fault(path=ISSUES, kind="status", status=502)

    with pytest.raises(OutcomeUnknown, match="502"):
        await call(vault, "github.create_issue", NEW)


async def test_a_write_that_was_refused_did_not_happen(vault, connect):
    await connect(vault)

    with pytest.raises(Refused) as caught:
        await call(vault, "github.create_issue", {**NEW, "repo": "nowhere"})

    assert caught.value.code == "not_found"


async def test_a_write_that_is_sent_elsewhere_did_not_happen(vault, world, connect):
    """A redirect is not followed."""
    await connect(vault)
    moved = {"location": "https://api.github.com/repositories/1/issues"}
    await world.fault(path=ISSUES, kind="status", status=301, headers=moved)

    with pytest.raises(Refused, match="moved"):
        await call(vault, "github.create_issue", NEW)


async def test_a_write_that_happened_and_was_not_understood_is_unknown(vault, world, connect):
    await connect(vault)
    await world.fault(path=ISSUES, kind="status", status=201, body={"odd": True})

    with pytest.raises(OutcomeUnknown):
        await call(vault, "github.create_issue", NEW)


async def test_a_write_whose_token_is_refused_did_not_happen(vault, world, connect):
    await connect(vault)
    await world.fault(path=ISSUES, kind="status", status=401, times=None)

    with pytest.raises(Reconnect):
        await call(vault, "github.create_issue", NEW)


async def test_a_write_that_comes_too_often_did_not_happen(vault, world, connect):
    await connect(vault)
    await world.act("github", "limit", login="octocat", secondary=30)

    with pytest.raises(RateLimited):
        await call(vault, "github.create_issue", NEW)


async def test_a_write_whose_refresh_fails_did_not_happen(vault, world, connect):
    await connect(vault)
    await world.advance(NINE_HOURS)
    await world.fault(path=TOKEN, kind="status", status=503)

    with pytest.raises(Unreachable):
        await call(vault, "github.create_issue", NEW)


async def test_a_bare_failure_of_a_read_may_be_tried_again(vault, world, connect):
    await connect(vault)
    await world.fault(path=ISSUES, kind="status", status=502)

    with pytest.raises(Unreachable, match="GitHub answered 502"):
        await list_issues(vault)


@pytest.mark.parametrize(
    ("tool", "error"), [("list_issues", Unreachable), ("create_issue", OutcomeUnknown)]
)
async def test_an_answer_too_long_is_not_read(vault, world, connect, tool, error):
    await connect(vault)
    await world.fault(path=ISSUES, kind="malformed", body="x" * 11_000_000)

    with pytest.raises(error):
        await call(vault, f"github.{tool}", NEW if tool == "create_issue" else REPO)


async def test_a_deadline_covers_the_refresh(vault, world, connect):
    await connect(vault)
    await world.advance(NINE_HOURS)
    asking = await begun(world, list_issues(vault, timeout=10), TOKEN, kind="delay")

    # Of the refresh, twice as many seconds.
    with hastened(10), pytest.raises(TimedOut):
        await asking.task
    await world.release()


async def test_a_provider_that_says_no_is_quoted(vault, connect):
    await connect(vault)

    with pytest.raises(Refused) as caught:
        await call(vault, "github.get_issue", {**REPO, "issue_number": 404})

    assert (caught.value.code, caught.value.message) == ("not_found", "Not Found")


async def test_a_provider_that_says_later_says_when(vault, world, connect):
    await connect(vault)
    await world.act("github", "limit", login="octocat", secondary=30)

    with pytest.raises(RateLimited) as caught:
        await list_issues(vault)

    assert 0 < caught.value.retry_after <= 30


@pytest.mark.parametrize("kind", ["drop", "status"])
async def test_a_question_that_is_asked_by_post_is_no_change(acme_vault, acme_world, kind):
    await acme_world.fault(path="*/look", kind=kind)

    with pytest.raises(Unreachable):
        await call(acme_vault, "acme.look_up", {})

"""May this call happen, on which account, and is it written down."""

import asyncio
import json
import sqlite3
from contextlib import closing

import pytest

from connector_vault import Owner, Secret, State
from connector_vault.errors import (
    Ambiguous,
    BadArguments,
    NotAllowed,
    NotConnected,
    Reconnect,
    Refused,
    StoreUnavailable,
)
from tests.calls import call, gateway_of
from tests.deeds import ADA, impatient, refreshes

ISSUES = "/repos/octocat/hello-world/issues"
REPO = {"owner": "octocat", "repo": "hello-world"}
NEW = {**REPO, "title": "Found one"}
EVE = Owner(tenant="acme", user="eve")

BAD = [
    pytest.param("github.create_issue", REPO, "title", id="missing"),
    pytest.param("github.create_issue", {**NEW, "colour": "red"}, "colour", id="unknown"),
    pytest.param("github.create_issue", {**NEW, "title": 7}, "title", id="type"),
    pytest.param("github.get_issue", {**REPO, "issue_number": "1"}, "issue_number", id="text"),
    pytest.param("github.get_issue", {**REPO, "issue_number": True}, "issue_number", id="bool"),
    pytest.param("github.create_issue", {**NEW, "title": {1, 2}}, "JSON", id="set"),
    pytest.param("github.create_issue", {**NEW, "title": float("nan")}, "JSON", id="nan"),
    pytest.param("github.create_issue", {**NEW, "title": "x" * 2**21}, "bytes", id="2 MB"),
    pytest.param("github.erase_everything", {}, "no tool", id="tool"),
    pytest.param("github", {}, "PROVIDER.TOOL", id="provider alone"),
    pytest.param("", {}, "PROVIDER.TOOL", id="nothing"),
]


async def list_issues(vault, **options):
    return await call(vault, "github.list_issues", REPO, **options)


async def heard(world, path="*", host="api.github.com"):
    """List what was asked of an API, apart from who somebody is."""
    entries = await world.log(host=host, path=path)
    return [(entry.method, entry.path) for entry in entries if entry.path != "/user"]


async def test_a_call_gives_what_the_tool_gave(vault, connect):
    connection = await connect(vault)

    result = await call(vault, "github.create_issue", NEW)

    assert result.value["title"] == "Found one"
    assert (result.tool, result.connection) == ("github.create_issue", connection.id)
    assert result.isolation.mode == "pooled"
    assert 0 < result.seconds < 10
    json.dumps(result.value)


@pytest.mark.parametrize(("tool", "arguments", "told"), BAD)
async def test_a_malformed_call_sends_nothing(vault, world, connect, tool, arguments, told):
    await connect(vault)

    with pytest.raises(BadArguments, match=told):
        await call(vault, tool, arguments)

    assert await heard(world) == []


async def test_arguments_that_nest_without_end_are_refused(vault, connect):
    await connect(vault)
    nested = []
    for _ in range(100_000):
        nested = [nested]

    with pytest.raises(BadArguments):
        await call(vault, "github.create_issue", {**NEW, "labels": nested})


async def test_no_argument_is_repeated_in_an_error(vault, connect):
    await connect(vault)

    with pytest.raises(BadArguments) as caught:
        await call(vault, "github.create_issue", {**NEW, "title": ["hush-hush"]})

    assert "hush-hush" not in f"{caught.value!r} {caught.value.__cause__!r}"


@pytest.mark.parametrize("seconds", [0, -1, 601, float("nan"), float("inf")])
async def test_a_timeout_has_bounds(vault, connect, seconds):
    await connect(vault)

    with pytest.raises(BadArguments, match="timeout"):
        await list_issues(vault, timeout=seconds)


async def test_a_tool_of_no_connector_is_not_found(vault):
    with pytest.raises(BadArguments, match="github"):
        await call(vault, "nowhere.find", {})


async def test_who_has_not_connected_is_told_how(vault):
    with pytest.raises(NotConnected, match="connect github"):
        await list_issues(vault)


async def test_a_call_lacking_a_scope_sends_nothing(vault, world, connect):
    await connect(vault, scopes=["gist", "offline_access"])

    with pytest.raises(NotAllowed, match="public_repo"):
        await call(vault, "github.create_issue", NEW)

    assert await heard(world) == []


async def test_scopes_that_were_edited_open_nothing_more(vault, world, connect, raw):
    connection = await connect(vault, scopes=["gist", "offline_access"])
    raw("update connection set scopes = 'repo' where id = ?", connection.id)

    with pytest.raises(NotAllowed, match="public_repo"):
        await call(vault, "github.create_issue", NEW)


async def test_a_scope_may_include_another(vault, connect):
    await connect(vault, scopes=["repo", "offline_access"])

    assert await call(vault, "github.create_issue", NEW)


async def test_of_two_accounts_one_is_named(vault, connect):
    first, second = await connect(vault), await connect(vault, login="hubot")

    with pytest.raises(Ambiguous) as caught:
        await call(vault, "github.get_authenticated_user", {})

    assert f"{first.id} (octocat)" in str(caught.value)
    assert f"{second.id} (hubot)" in str(caught.value)
    for one in (first, second):
        result = await call(vault, "github.get_authenticated_user", {}, connection=one.id)
        assert result.value["login"] == one.label


async def test_an_account_that_works_is_chosen_before_one_that_does_not(vault, world, connect):
    dead, live = await connect(vault), await connect(vault, login="hubot")
    await world.act("github", "revoke", login="octocat")
    with pytest.raises(Reconnect):
        await vault.token(dead.id, owner=ADA, purpose="test", newer_than=1)

    assert (await list_issues(vault)).connection == live.id


async def test_an_account_that_does_not_work_is_named(vault, world, connect):
    connection = await connect(vault)
    await world.act("github", "revoke", login="octocat")

    for _ in range(2):
        with pytest.raises(Reconnect) as caught:
            await list_issues(vault)
        assert caught.value.connection == connection.id

    assert (await vault.get(connection.id, owner=ADA)).state is State.RECONNECT
    assert await refreshes(world) == 1


async def test_anothers_connection_does_not_exist(vault, world, connect):
    connection = await connect(vault)

    for name in (connection.id, None):
        with pytest.raises(NotConnected):
            await list_issues(vault, owner=EVE, connection=name)

    assert await heard(world) == []


async def test_a_connection_of_another_provider_is_refused(vault):
    key = await vault.add("openrouter", ADA, secret=Secret("sk-1234567890"))

    with pytest.raises(BadArguments, match="openrouter"):
        await list_issues(vault, connection=key.id)


async def test_a_tool_offered_says_all_a_model_needs(vault, connect):
    connection = await connect(vault)

    offers = {offer.name: offer for offer in await gateway_of(vault).tools(ADA)}

    issue = offers["github.create_issue"]
    assert (issue.effect, issue.connections) == ("writes", (connection,))
    assert issue.description
    assert issue.input_schema["required"] == ["owner", "repo", "title"]
    assert issue.input_schema["additionalProperties"] is False
    assert json.dumps([issue.input_schema, issue.output_schema])


async def test_only_what_works_is_offered(vault, world, connect):
    await vault.add("mistral", ADA, secret=Secret("sk-1234567890"))
    connection = await connect(vault)
    assert await gateway_of(vault).tools(ADA) != []

    await vault.disconnect(connection.id, owner=ADA)

    assert await gateway_of(vault).tools(ADA) == []
    assert await gateway_of(vault).tools(EVE) == []


async def test_a_connector_that_was_uninstalled_hides_no_other(vault, connect, raw):
    gone, kept = await connect(vault), await connect(vault, login="hubot")
    raw("update connection set provider = 'gone' where id = ?", gone.id)

    offers = await gateway_of(vault).tools(ADA)

    assert {one.connections for one in offers} == {(kept,)}


async def test_a_call_is_written_down_before_and_after(vault, connect, raw):
    connection = await connect(vault)
    await list_issues(vault)
    await vault.room.audit.flush()
    with pytest.raises(Refused):
        await call(vault, "github.get_issue", {**REPO, "issue_number": 404})
    await vault.room.audit.flush()

    lines = raw("select connection, outcome, detail from audit where deed = 'call' order by id")

    assert [(line[0], line[1]) for line in lines] == [
        (connection.id, "begun"),
        (connection.id, "ok"),
        (connection.id, "begun"),
        (connection.id, "Refused"),
    ]
    assert json.loads(lines[0][2]) == {"effect": "reads", "tool": "list_issues"}


async def test_a_cancelled_call_is_written_down(vault, world, connect, raw):
    await connect(vault)
    await world.fault(path=ISSUES, kind="hang")
    task = asyncio.create_task(list_issues(vault))
    await world.heard(path=ISSUES)

    task.cancel()
    await asyncio.wait([task])
    await vault.room.audit.flush()

    lines = raw("select outcome from audit where deed = 'call' order by id")
    assert lines == [("begun",), ("cancelled",)]


async def test_a_call_that_cannot_be_written_down_does_not_happen(vault, world, place, connect):
    await connect(vault)
    store = vault.room.store
    await impatient(store)

    with closing(sqlite3.connect(place.file, isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(StoreUnavailable):
            await call(vault, "github.create_issue", NEW)

    assert await heard(world) == []

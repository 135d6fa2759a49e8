"""Calls over MCP: results, errors a model can act on, and what is not repeated."""

import asyncio
import inspect
import json
import sqlite3
from contextlib import closing

import pytest
from mcp import MCPError
from mcp.types import INTERNAL_ERROR, INVALID_PARAMS

from connector_vault import Result, errors
from connector_vault.mcp_servers.outcomes import NEXT, failed, succeeded
from connector_vault.sandbox.level import INLINE
from tests.agents import each_era, error_of, in_memory, names, schema_of, text_of
from tests.deeds import ACME_SECRET, impatient

ISSUES = "/repos/octocat/hello-world/issues"
REPO = {"owner": "octocat", "repo": "hello-world"}
NEW = {**REPO, "title": "Found one"}
CANARY = "hush-hush-6f1b"

SHOWN = {
    "NotConnected": (errors.NotConnected("x"), "`connector-vault connect github`"),
    "Ambiguous": (errors.Ambiguous("x"), "`account`"),
    "Reconnect": (
        errors.Reconnect("revoked", "con_1"),
        "`connector-vault connect github --reconnect con_1`",
    ),
    "NotAllowed": (errors.NotAllowed("x"), "`connector-vault connect github --scope ...`"),
    "RateLimited": (errors.RateLimited(30), "30 s"),
    "TimedOut": (errors.TimedOut("x"), "Nothing was changed"),
    "OutcomeUnknown": (errors.OutcomeUnknown("x"), "look whether"),
    "Misconfigured": (errors.Misconfigured("x"), "`connector-vault doctor`"),
}


def result(value):
    return Result(value=value, tool="a.b", connection="con_1", isolation=INLINE, seconds=0.1)


@each_era
async def test_a_call_gives_data_and_the_same_in_text(vault, connect, era):
    connection = await connect(vault)
    async with in_memory(vault, era) as client:
        done = await client.call_tool("github_create_issue", NEW)

    assert not done.is_error
    assert done.structured_content["title"] == "Found one"
    assert done.structured_content["milestone"] is None
    assert json.loads(text_of(done)) == done.structured_content
    assert done.meta["connector-vault/connection"] == connection.id
    assert done.meta["connector-vault/isolation"]["mode"] == "inline"


@each_era
async def test_a_result_that_is_no_object_stands_below_result(acme_vault, era):
    async with in_memory(acme_vault, era) as client:
        schema = (await schema_of(client, "acme_twice")).output_schema
        done = await client.call_tool("acme_twice")

    assert schema["required"] == ["result"]
    assert [one["path"] for one in done.structured_content["result"]] == ["/v1/one", "/v1/two"]


@each_era
async def test_what_needs_a_file_is_not_listed_and_not_called(acme_vault, era):
    async with in_memory(acme_vault, era) as client:
        assert "acme_echo" in await names(client)
        assert "acme_attach" not in await names(client)
        with pytest.raises(MCPError, match="list the tools again"):
            await client.call_tool("acme_attach", {"file": "/etc/passwd"})


@each_era
async def test_an_unknown_tool_is_a_protocol_error_that_repeats_nothing(vault, connect, era):
    await connect(vault)
    async with in_memory(vault, era) as client:
        with pytest.raises(MCPError) as caught:
            await client.call_tool(CANARY)

    assert caught.value.code == INVALID_PARAMS
    assert CANARY not in str(caught.value.error)


def test_every_error_says_what_to_do_next():
    assert set(NEXT) == {one for _, one in inspect.getmembers(errors, inspect.isclass)}
    assert all(words.endswith(".") for words in NEXT.values())


@pytest.mark.parametrize("kind", SHOWN)
def test_an_error_can_be_acted_on(kind):
    error, told = SHOWN[kind]

    shown = failed(error, "connector-vault connect github")

    assert text_of(shown).startswith(f"{kind}: {error}. ")
    assert told in text_of(shown)
    assert error_of(shown) == kind


def test_a_pause_is_told_in_numbers_too():
    meta = failed(errors.RateLimited(12.5), "connector-vault connect github").meta

    assert meta["connector-vault/retry_after"] == 12.5


def test_a_kind_of_an_error_is_told_as_what_it_is_a_kind_of():
    class Odd(errors.Unreachable):
        pass

    assert error_of(failed(Odd("x"), "connector-vault connect github")) == "Unreachable"


def test_half_a_character_does_not_end_the_session():
    half = {"name": "\ud800"}

    shown = succeeded(result(half), is_wrapped=False)

    assert shown.structured_content == json.loads(text_of(shown)) == {"name": "?"}
    assert succeeded(result(half), is_wrapped=True).model_dump_json()
    assert failed(errors.Refused("x", "\ud800"), "connector-vault connect github").model_dump_json()


@each_era
async def test_a_withdrawn_grant_says_how_to_mend_it(vault, world, connect, era):
    connection = await connect(vault)
    await world.act("github", "revoke", login="octocat")
    async with in_memory(vault, era) as client:
        done = await client.call_tool("github_get_authenticated_user")

    assert error_of(done) == "Reconnect"
    assert f"connect github --reconnect {connection.id}" in text_of(done)
    assert done.meta["connector-vault/connection"] == connection.id


@each_era
async def test_a_wrong_argument_is_named(vault, world, connect, era):
    await connect(vault)
    async with in_memory(vault, era) as client:
        done = await client.call_tool("github_create_issue", {**NEW, "title": 7})

    assert error_of(done) == "BadArguments"
    assert "title" in text_of(done)
    assert await world.log(path=ISSUES) == ()


WAYS = [
    pytest.param("acme_crash", {"text": CANARY}, "Crashed", id="crash"),
    pytest.param("acme_echo", {"text": [CANARY]}, "BadArguments", id="type"),
    pytest.param("acme_echo", {"text": "x", "more": CANARY}, "BadArguments", id="unknown"),
    pytest.param("acme_echo", {"account": CANARY}, "BadArguments", id="account"),
    pytest.param("acme_ask", {"method": "GET", "url": CANARY}, None, id="address"),
    pytest.param("acme_put_then_fail", {"how": CANARY}, None, id="after a change"),
    pytest.param("acme_put_then_fail", {"how": "crash"}, "OutcomeUnknown", id="crash after it"),
]


@each_era
@pytest.mark.parametrize(("tool", "arguments", "kind"), WAYS)
async def test_an_error_repeats_no_argument(acme_vault, caplog, era, tool, arguments, kind):
    async with in_memory(acme_vault, era) as client:
        done = await client.call_tool(tool, arguments)

    said = f"{done.model_dump_json() if done.is_error else ''} {caplog.text}"
    assert kind in (None, (done.meta or {}).get("connector-vault/error"))
    assert CANARY not in said
    assert ACME_SECRET.reveal() not in said


@each_era
async def test_what_should_not_happen_is_told_without_its_text(
    vault, connect, caplog, monkeypatch, era
):
    await connect(vault)

    async def fail(*_, **__):
        raise RuntimeError(CANARY)

    monkeypatch.setattr("connector_vault.gateway.Gateway.call", fail)
    async with in_memory(vault, era) as client:
        done = await client.call_tool("github_create_issue", NEW)

    assert error_of(done) == "Unexpected"
    assert "tell the person" in text_of(done)
    assert "github.create_issue failed with RuntimeError at test_mcp_calls.py:" in caplog.text
    assert CANARY not in done.model_dump_json() + caplog.text


@each_era
@pytest.mark.parametrize("error", [errors.StoreUnavailable("it is locked"), RuntimeError(CANARY)])
async def test_a_list_that_cannot_be_read_is_an_error(vault, monkeypatch, caplog, error, era):
    async def fail(*_, **__):
        raise error

    monkeypatch.setattr("connector_vault.gateway.Gateway.tools", fail)
    async with in_memory(vault, era) as client:
        with pytest.raises(MCPError) as caught:
            await client.list_tools()

    assert caught.value.code == INTERNAL_ERROR
    assert CANARY not in f"{caught.value.error} {caplog.text}"


@each_era
async def test_a_call_that_cannot_be_written_down_does_not_happen(
    vault, world, place, connect, era
):
    await connect(vault)
    await impatient(vault.room.store)
    async with in_memory(vault, era) as client:
        await names(client)
        with closing(sqlite3.connect(place.file, isolation_level=None)) as other:
            other.execute("begin immediate")
            done = await client.call_tool("github_create_issue", NEW)

    assert error_of(done) == "StoreUnavailable"
    assert await world.log(path=ISSUES) == ()


@each_era
async def test_a_cancelled_call_is_ended_once_and_its_end_awaited(vault, world, connect, raw, era):
    await connect(vault)
    await world.fault(path=ISSUES, kind="hang")
    async with in_memory(vault, era) as client:
        calling = asyncio.create_task(client.call_tool("github_list_issues", REPO))
        await world.heard(path=ISSUES)
        calling.cancel()
        await asyncio.wait([calling])
        assert not (await client.call_tool("github_list_issues", REPO)).is_error

    await vault.room.audit.flush()
    outcomes = [outcome for (outcome,) in raw("select outcome from audit where deed = 'call'")]
    assert sorted(outcomes) == ["begun", "begun", "cancelled", "ok"]


async def test_a_cleanup_that_waits_is_not_cut_short(vault, connect, monkeypatch):
    """The SDK cancels at each await; ending a worker takes some."""
    await connect(vault)
    begun, cleaned = asyncio.Event(), asyncio.Event()

    async def call(*_, **__):
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            for _ in range(3):
                await asyncio.sleep(0)
            cleaned.set()

    monkeypatch.setattr("connector_vault.gateway.Gateway.call", call)
    async with in_memory(vault) as client:
        calling = asyncio.create_task(client.call_tool("github_list_issues", REPO))
        await begun.wait()
        calling.cancel()
        await asyncio.wait([calling])
        async with asyncio.timeout(5):
            await cleaned.wait()

"""May this call happen, and what came of it."""

import asyncio
import io
import json
import sqlite3
from contextlib import closing

import pytest
from tests.conftest import ADA

from connector_vault import Gateway, Owner, Secret, State
from connector_vault.errors import (
    Ambiguous,
    BadArguments,
    ConnectorVaultError,
    Crashed,
    NotAllowed,
    NotConnected,
    OutcomeUnknown,
    RateLimited,
    Reconnect,
    Refused,
    StoreUnavailable,
    TimedOut,
    Unreachable,
)

TOKEN = "/login/oauth/access_token"
ISSUES = "/repos/octocat/hello-world/issues"
REPO = {"owner": "octocat", "repo": "hello-world"}
NEW = {**REPO, "title": "Found one"}
EVE = Owner(tenant="acme", user="eve")
SECRET = 'sk/with+signs=&and"quotes"\\more%'
NINE_HOURS = 9 * 3600

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
TRICKS = [
    "/../admin",
    "/a/../../admin",
    "/%2e%2e/admin",
    "/a/%2E%2E/admin",
    "/..%2fadmin",
    "/a\\..\\admin",
    "/a?b=c",
    "/a#b",
    "/a b",
    "/a\r\nHost: evil",
    "/é",
    "/.",
    "",
    "a",
    "@evil.example/",
]
ELSEWHERE = [
    "https://evil.example/",
    "https://api.acme.example/v1/echo",
    "https://up.acme.example.evil.example/",
    "https://up.acme.example@evil.example/",
    "https://up.acme.example:444/",
    "http://up.acme.example/",
    "https://[",
    "file:///etc/passwd",
]
HEADERS = ["Authorization", "authorization", "Host", "HOST", "Cookie", "cookie"]


async def call(vault, tool, arguments, owner=ADA, **options):
    return await Gateway(vault).call(owner, tool, arguments, **options)


async def list_issues(vault, **options):
    return await call(vault, "github.list_issues", REPO, **options)


async def heard(world, path="*", host="api.github.com"):
    """List what was asked of an API, apart from who somebody is."""
    entries = await world.log(host=host, path=path)
    return [(entry.method, entry.path) for entry in entries if entry.path != "/user"]


async def refreshes(world):
    return sum("refresh_token" in entry.fields for entry in await world.log(path=TOKEN))


async def row_of(vault, connection):
    return await vault.room.row(connection.id, ADA)


@pytest.fixture
async def other(opened, acme_world):
    """A vault with a pasted token of Acme."""
    async with opened(emulator=acme_world.url) as vault:
        await vault.add("acme", ADA, secret=Secret(SECRET))
        yield vault


async def test_a_call_gives_what_the_tool_gave(vault, connect):
    connection = await connect(vault)

    result = await call(vault, "github.create_issue", NEW)

    assert result.value["title"] == "Found one"
    assert (result.tool, result.connection) == ("github.create_issue", connection.id)
    assert result.isolation == "inline"
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


@pytest.mark.parametrize("timeout", [0, -1, 601, float("nan"), float("inf")])
async def test_a_timeout_has_bounds(vault, connect, timeout):
    await connect(vault)

    with pytest.raises(BadArguments, match="timeout"):
        await list_issues(vault, timeout=timeout)


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

    offers = {offer.name: offer for offer in await Gateway(vault).tools(ADA)}

    issue = offers["github.create_issue"]
    assert (issue.effect, issue.connections) == ("writes", (connection,))
    assert issue.description
    assert issue.input_schema["required"] == ["owner", "repo", "title"]
    assert issue.input_schema["additionalProperties"] is False
    assert json.dumps([issue.input_schema, issue.output_schema])


async def test_only_what_works_is_offered(vault, world, connect):
    await vault.add("openrouter", ADA, secret=Secret("sk-1234567890"))
    connection = await connect(vault)
    assert await Gateway(vault).tools(ADA) != []

    await vault.disconnect(connection.id, owner=ADA)

    assert await Gateway(vault).tools(ADA) == []
    assert await Gateway(vault).tools(EVE) == []


async def test_a_connector_that_was_uninstalled_hides_no_other(vault, connect, raw):
    gone, kept = await connect(vault), await connect(vault, login="hubot")
    raw("update connection set provider = 'gone' where id = ?", gone.id)

    offers = await Gateway(vault).tools(ADA)

    assert {one.connections for one in offers} == {(kept,)}


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
    await world.fault(path=ISSUES, kind="hang")

    with pytest.raises(TimedOut):
        await list_issues(vault, timeout=0.3)


async def test_a_write_that_gets_no_answer_may_have_happened(vault, world, connect):
    await connect(vault)
    await world.fault(path=ISSUES, kind="hang")

    with pytest.raises(OutcomeUnknown):
        await call(vault, "github.create_issue", NEW, timeout=0.3)


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


async def test_a_failure_of_a_read_is_the_providers_own(vault, world, connect):
    await connect(vault)
    await world.fault(path=ISSUES, kind="status", status=502)

    with pytest.raises(Refused, match="server_error"):
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
    await world.fault(path=TOKEN, kind="delay", seconds=0.8)
    loop = asyncio.get_running_loop()
    begun = loop.time()

    with pytest.raises(TimedOut):
        await list_issues(vault, timeout=0.3)

    assert loop.time() - begun < 0.7


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


async def test_a_disconnect_stops_the_next_request_of_a_running_tool(other, acme_world):
    (connection,) = [one async for one in other.connections(owner=ADA)]
    await acme_world.fault(path="/v1/one", kind="delay", seconds=0.3)
    running = asyncio.create_task(call(other, "acme.twice", {}))
    await acme_world.heard(path="/v1/one")

    await other.disconnect(connection.id, owner=ADA)

    with pytest.raises(NotConnected):
        await running
    assert await acme_world.log(path="/v1/two") == ()


@pytest.mark.parametrize("path", TRICKS)
async def test_a_path_that_plays_tricks_is_refused(other, acme_world, path):
    before = await acme_world.log()

    with pytest.raises(NotAllowed):
        await call(other, "acme.ask", {"method": "GET", "url": path})

    assert await acme_world.log() == before


@pytest.mark.parametrize("url", ELSEWHERE)
async def test_a_host_of_nobodys_is_refused(other, acme_world, url):
    before = await acme_world.log()

    with pytest.raises(NotAllowed):
        await call(other, "acme.ask", {"method": "PUT", "url": url})

    assert await acme_world.log() == before


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "OPTIONS", "get", "GET /x HTTP/1.1\r\n"])
async def test_a_method_of_nobodys_is_refused(other, acme_world, method):
    before = await acme_world.log()

    with pytest.raises(NotAllowed):
        await call(other, "acme.ask", {"method": method, "url": "/echo"})

    assert await acme_world.log() == before


@pytest.mark.parametrize("url", ["/echo", "https://up.acme.example/x"])
@pytest.mark.parametrize("name", HEADERS)
async def test_a_header_that_is_not_a_tools_own_is_refused(other, acme_world, name, url):
    before = await acme_world.log()

    with pytest.raises(NotAllowed):
        await call(other, "acme.ask", {"method": "PUT", "url": url, "headers": {name: "x"}})

    assert await acme_world.log() == before


@pytest.mark.parametrize("header", [{"X-A": "b\r\nX-C: d"}, {"X-A\r\nX-C": "d"}, {"X A": "b"}])
async def test_a_header_that_holds_another_is_refused(other, acme_world, header):
    before = await acme_world.log()

    with pytest.raises((NotAllowed, BadArguments)):
        await call(other, "acme.ask", {"method": "PUT", "url": "/echo", "headers": header})

    assert await acme_world.log() == before


@pytest.mark.parametrize("url", ["https://up.acme.example/\x00", "https://up.acme.example/\r\nx"])
async def test_an_address_that_holds_what_none_may_is_refused(other, url):
    with pytest.raises((NotAllowed, BadArguments)):
        await call(other, "acme.ask", {"method": "PUT", "url": url})


async def test_an_upload_goes_without_the_token(other):
    arguments = {"method": "PUT", "url": "https://up.acme.example/x"}

    result = await call(other, "acme.ask", arguments)

    assert "authorization" not in result.value["headers"]


async def test_a_token_that_a_provider_repeats_does_not_reach_the_tool(other):
    result = await call(other, "acme.echo", {"text": "hello"})

    assert "authorization" in result.value["headers"]
    assert result.value["said"] == "Bearer [token]"
    assert result.value["quoted"] == "Bearer%20[token]"


async def test_a_token_that_a_provider_escapes_does_not_reach_the_tool(other):
    result = await call(other, "acme.ask", {"method": "GET", "url": "/escaped"})

    assert result.value["said"] == "Bearer [token]"


async def test_a_token_that_a_provider_repeats_in_an_error_does_not_reach_the_caller(
    vault, world, connect
):
    token = await vault.token((await connect(vault)).id, owner=ADA, purpose="test")
    body = {"message": f"we do not like {token.secret.reveal()} here"}
    await world.fault(path=ISSUES, kind="status", status=403, body=body)

    with pytest.raises(Refused, match=r"we do not like \[token\] here"):
        await list_issues(vault)


async def test_a_token_that_was_just_replaced_does_not_reach_the_tool(vault, world, connect):
    first = await vault.token((await connect(vault)).id, owner=ADA, purpose="test")
    await world.advance(NINE_HOURS)
    body = {"message": f"{first.secret.reveal()} is old"}
    await world.fault(path=ISSUES, kind="status", status=401)
    await world.fault(path=ISSUES, kind="status", status=403, body=body)

    with pytest.raises(Refused) as caught:
        await list_issues(vault)

    assert first.secret.reveal() not in str(caught.value)


@pytest.mark.parametrize("tool", ["lie", "misread"])
async def test_a_tool_that_fails_has_crashed(other, tool):
    with pytest.raises(Crashed, match=f"acme.{tool}"):
        await call(other, f"acme.{tool}", {})


async def test_a_crash_does_not_repeat_what_the_tool_said(other):
    with pytest.raises(Crashed, match="ValueError") as caught:
        await call(other, "acme.crash", {"text": "hush-hush"})

    assert "hush-hush" not in str(caught.value)


async def test_a_tools_own_deadline_is_not_the_calls(other):
    with pytest.raises(Crashed):
        await call(other, "acme.tire", {})


async def test_a_tool_that_never_ends_is_ended(other):
    loop = asyncio.get_running_loop()
    begun = loop.time()

    with pytest.raises(TimedOut):
        await call(other, "acme.stall", {}, timeout=0.2)

    assert loop.time() - begun < 1.2


async def test_a_tool_that_never_ends_after_a_change_leaves_it_unknown(other):
    with pytest.raises(OutcomeUnknown):
        await call(other, "acme.put_then_stall", {}, timeout=0.3)


async def test_a_tool_may_live_with_a_refusal(other):
    assert (await call(other, "acme.carry_on", {})).value == "422"


class Held(io.BytesIO):
    """Bytes in the calling program."""

    name = "note.txt"
    size = 5

    def read(self, piece):
        return self.getvalue()[piece.start : piece.stop]


async def test_a_file_is_handed_over_by_the_program(other, acme_world):
    result = await call(other, "acme.attach", {"file": Held(b"hello")})

    (entry,) = await acme_world.log(host="up.acme.example")
    assert (result.value, entry.method, entry.path) == (5, "PUT", "/note.txt")
    assert entry.authorization == ""


@pytest.mark.parametrize(
    "arguments",
    [{}, {"file": "/etc/passwd"}, {"file": {"path": "/etc/passwd"}}, {"file": None}],
    ids=str,
)
async def test_an_agent_cannot_name_a_file(other, arguments):
    with pytest.raises(BadArguments, match="file"):
        await call(other, "acme.attach", arguments)


async def test_a_file_not_needed_may_be_left_out_and_not_named(other):
    held = Held(b"hello")

    assert await call(other, "acme.attach", {"file": held, "second": None})
    with pytest.raises(BadArguments, match="second"):
        await call(other, "acme.attach", {"file": held, "second": "/etc/passwd"})


async def test_a_file_is_in_the_schema(other):
    offers = {offer.name: offer for offer in await Gateway(other).tools(ADA)}

    schema = offers["acme.attach"].input_schema
    assert schema["required"] == ["file"]
    assert schema["properties"]["file"]["format"] == "binary"


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
    await store._writer.run(lambda writer: writer.execute("pragma busy_timeout = 0"), alone=True)

    with closing(sqlite3.connect(place.file, isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(StoreUnavailable):
            await call(vault, "github.create_issue", NEW)

    assert await heard(world) == []


async def test_no_error_of_a_call_holds_the_token(vault, world, connect):
    token = await vault.token((await connect(vault)).id, owner=ADA, purpose="test")
    for kind in ("drop", "reset", "malformed", "truncate"):
        await world.fault(path=ISSUES, kind=kind)
        with pytest.raises(ConnectorVaultError) as caught:
            await list_issues(vault)
        causes = [caught.value, caught.value.__cause__, caught.value.__context__]
        assert token.secret.reveal() not in repr(causes)

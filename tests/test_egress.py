"""The way out: which addresses and headers a tool may ask for, and what it never sees."""

from dataclasses import replace

import pytest

from connector_vault import Gateway, registry
from connector_vault.errors import (
    BadArguments,
    ConnectorVaultError,
    NotAllowed,
    OutcomeUnknown,
    RateLimited,
    Refused,
)
from tests.calls import call
from tests.deeds import ADA

ISSUES = "/repos/octocat/hello-world/issues"
REPO = {"owner": "octocat", "repo": "hello-world"}
NINE_HOURS = 9 * 3600
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


async def list_issues(vault, **options):
    return await call(vault, "github.list_issues", REPO, **options)


@pytest.mark.parametrize("path", TRICKS)
async def test_a_path_that_plays_tricks_is_refused(acme_vault, acme_world, path):
    before = await acme_world.log()

    with pytest.raises(NotAllowed):
        await call(acme_vault, "acme.ask", {"method": "GET", "url": path})

    assert await acme_world.log() == before


@pytest.mark.parametrize("url", ELSEWHERE)
async def test_a_host_of_nobodys_is_refused(acme_vault, acme_world, url):
    before = await acme_world.log()

    with pytest.raises(NotAllowed):
        await call(acme_vault, "acme.ask", {"method": "PUT", "url": url})

    assert await acme_world.log() == before


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "OPTIONS", "get", "GET /x HTTP/1.1\r\n"])
async def test_a_method_of_nobodys_is_refused(acme_vault, acme_world, method):
    before = await acme_world.log()

    with pytest.raises(NotAllowed):
        await call(acme_vault, "acme.ask", {"method": method, "url": "/echo"})

    assert await acme_world.log() == before


@pytest.mark.parametrize("url", ["/echo", "https://up.acme.example/x"])
@pytest.mark.parametrize("name", HEADERS)
async def test_a_header_that_is_not_a_tools_own_is_refused(acme_vault, acme_world, name, url):
    before = await acme_world.log()

    with pytest.raises(NotAllowed):
        await call(acme_vault, "acme.ask", {"method": "PUT", "url": url, "headers": {name: "x"}})

    assert await acme_world.log() == before


@pytest.mark.parametrize("header", [{"X-A": "b\r\nX-C: d"}, {"X-A\r\nX-C": "d"}, {"X A": "b"}])
async def test_a_header_that_holds_another_is_refused(acme_vault, acme_world, header):
    before = await acme_world.log()

    with pytest.raises((NotAllowed, BadArguments)):
        await call(acme_vault, "acme.ask", {"method": "PUT", "url": "/echo", "headers": header})

    assert await acme_world.log() == before


@pytest.mark.parametrize("url", ["https://up.acme.example/\x00", "https://up.acme.example/\r\nx"])
async def test_an_address_that_holds_what_none_may_is_refused(acme_vault, url):
    with pytest.raises((NotAllowed, BadArguments)):
        await call(acme_vault, "acme.ask", {"method": "PUT", "url": url})


async def test_an_upload_goes_without_the_token(acme_vault):
    arguments = {"method": "PUT", "url": "https://up.acme.example/x"}

    result = await call(acme_vault, "acme.ask", arguments)

    assert "authorization" not in result.value["headers"]


async def test_an_upload_that_is_refused_says_nothing_of_the_token(acme_vault, acme_world):
    await acme_world.fault(host="up.acme.example", kind="status", status=401, times=None)

    with pytest.raises(ConnectorVaultError):
        await call(acme_vault, "acme.ask", {"method": "PUT", "url": "https://up.acme.example/x"})

    (connection,) = [one async for one in acme_vault.connections(owner=ADA)]
    assert connection.live
    assert len(await acme_world.log(host="up.acme.example")) == 1


async def test_a_token_that_a_provider_repeats_does_not_reach_the_tool(acme_vault):
    result = await call(acme_vault, "acme.echo", {"text": "hello"})

    assert "authorization" in result.value["headers"]
    assert result.value["said"] == "Bearer [token]"
    assert result.value["quoted"] == "Bearer%20[token]"


async def test_a_token_that_a_provider_escapes_does_not_reach_the_tool(acme_vault):
    result = await call(acme_vault, "acme.ask", {"method": "GET", "url": "/escaped"})

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


async def test_no_error_of_a_call_holds_the_token(vault, world, connect):
    token = await vault.token((await connect(vault)).id, owner=ADA, purpose="test")
    for kind in ("drop", "reset", "malformed", "truncate"):
        await world.fault(path=ISSUES, kind=kind)
        with pytest.raises(ConnectorVaultError) as caught:
            await list_issues(vault)
        causes = [caught.value, caught.value.__cause__, caught.value.__context__]
        assert token.secret.reveal() not in repr(causes)


@pytest.fixture
def odd_github(monkeypatch):
    """Have GitHub say with 200 what others say with 401, and mark a field of its answers."""
    odd = replace(
        registry.load("github"),
        stale=lambda reply: reply.body == b'{"error":"token_expired"}',
        secrets=frozenset({"title"}),
    )
    load = registry.load
    monkeypatch.setattr(registry, "load", lambda name: odd if name == "github" else load(name))


async def test_a_token_that_an_answer_calls_stale_is_replaced_once(
    opened, world, connect, odd_github
):
    async with opened() as vault:
        connection = await connect(vault)
        stale = {"kind": "status", "status": 200, "body": {"error": "token_expired"}}
        await world.fault(path=ISSUES, **stale)

        assert (await call(vault, "github.list_issues", REPO)).value["issues"]
        assert (await vault.get(connection.id, owner=ADA)).generation == 2

        await world.fault(path=ISSUES, times=2, **stale)
        with pytest.raises(ConnectorVaultError):
            await call(vault, "github.list_issues", REPO)
        assert (await vault.get(connection.id, owner=ADA)).generation == 3


async def test_a_field_that_holds_a_secret_does_not_reach_the_tool(opened, connect, odd_github):
    async with opened() as vault:
        await connect(vault)

        result = await call(vault, "github.list_issues", REPO)

        assert {issue["title"] for issue in result.value["issues"]} == {"[token]"}


@pytest.mark.parametrize(
    ("body", "raised"),
    [
        ("{", OutcomeUnknown),
        ('{"error":"no"}', Refused),
        ('{"error":"later"}', RateLimited),
    ],
    ids=["half", "refused", "later"],
)
async def test_a_refusal_that_says_yes_is_told_from_an_answer_that_cannot_be_read(
    opened, world, connect, monkeypatch, body, raised
):
    def answer(reply):
        match reply.json().get("error"):
            case "no":
                raise Refused("no")
            case "later":
                raise RateLimited(7.0)
        return reply.json()

    odd, load = replace(registry.load("github"), answer=answer), registry.load
    monkeypatch.setattr(registry, "load", lambda name: odd if name == "github" else load(name))
    async with opened() as vault, Gateway(vault, isolation="inline") as gateway:
        await connect(vault)
        kind = {"content-type": "application/json"}
        await world.fault(path=ISSUES, kind="malformed", status=201, body=body, headers=kind)

        with pytest.raises(raised):
            await gateway.call(ADA, "github.create_issue", {**REPO, "title": "t"})


async def test_a_connectors_own_code_that_fails_decides_nothing(opened, connect, monkeypatch):
    def leave(_):
        raise SystemExit

    odd, load = replace(registry.load("github"), stale=leave), registry.load
    monkeypatch.setattr(registry, "load", lambda name: odd if name == "github" else load(name))
    async with opened() as vault, Gateway(vault, isolation="inline") as gateway:
        await connect(vault)

        assert (await gateway.call(ADA, "github.list_issues", REPO)).value["issues"]

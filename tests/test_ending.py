"""Telling a provider that a token is to end, and asking whether it did."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from connector_vault.connector import (
    Client,
    Connector,
    OAuth,
    Reply,
    Request,
    Revocation,
    Secret,
    Tokens,
)
from connector_vault.connector.granting import by_status
from connector_vault.ending import end_token
from connector_vault.http import open_http

HOST = "https://id.example"
CLIENT = Client(provider="plain", id="app", secret=Secret("s"))
TOKENS = Tokens(access=Secret("token-1"))


def plain(**revocation):
    """Give a connector to a provider that revokes as RFC 7009 says."""
    told = Revocation(
        token=lambda client, tokens: (Request("POST", f"{HOST}/revoke"),), **revocation
    )
    oauth = OAuth(authorize=f"{HOST}/authorize", token=f"{HOST}/token", revocation=told)
    return Connector(name="plain", title="Plain", api="https://api.example", oauth=oauth)


def introspecting():
    """Add a probe as RFC 7662 says: its answer is always 200."""
    return plain(
        probe=lambda client, tokens: Request("POST", f"{HOST}/introspect"),
        alive=lambda reply: bool(reply.json()["active"]),
    )


async def ended(connector, **options):
    async with open_http() as http:
        return await end_token(SimpleNamespace(http=http), connector, CLIENT, TOKENS, **options)


async def test_a_provider_that_cannot_be_asked_is_believed(httpx2_mock):
    httpx2_mock.post(f"{HOST}/revoke").respond(200)

    told = await ended(plain())

    assert (told.outcome, told.reach, told.probe) == ("revoked", "token", "not asked")


@pytest.mark.parametrize(
    ("status", "active", "outcome", "probe"),
    [
        (200, False, "revoked", "dead"),
        (200, True, "unconfirmed", "alive"),
        (400, False, "already gone", "dead"),
        (400, True, "unconfirmed", "alive"),
    ],
)
async def test_what_introspection_says_counts(httpx2_mock, status, active, outcome, probe):
    httpx2_mock.post(f"{HOST}/revoke").respond(status)
    httpx2_mock.post(f"{HOST}/introspect").respond(200, json={"active": active})

    told = await ended(introspecting())

    assert (told.outcome, told.probe) == (outcome, probe)


@pytest.mark.parametrize(
    ("status", "lives"), [(200, True), (204, True), (401, None), (404, False), (503, None)]
)
def test_a_status_says_whether_a_token_lives(status, lives):
    assert by_status(Reply(status)) is lives


def several(*paths, **revocation):
    """Give a connector to a provider where several requests end a token."""
    requests = tuple(Request("POST", f"{HOST}/{path}") for path in paths)
    told = Revocation(token=lambda client, tokens: requests, **revocation)
    return replace(plain(), oauth=replace(plain().oauth, revocation=told))


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        ((200, 200), "revoked"),
        ((200, 410), "revoked"),
        ((410, 410), "already gone"),
        ((200, 500), "unconfirmed"),
        ((410, 500), "unconfirmed"),
    ],
)
async def test_every_request_of_several_counts(httpx2_mock, statuses, outcome):
    def said(reply):
        return {200: "revoked", 410: "already gone"}.get(reply.status, "unconfirmed")

    for path, status in zip("ab", statuses, strict=True):
        httpx2_mock.post(f"{HOST}/{path}").respond(status)

    assert (await ended(several("a", "b", said=said))).outcome == outcome


async def test_a_token_that_ends_only_with_everything_is_not_ended_alone():
    told = await ended(several())

    assert (told.outcome, told.reach) == ("not revocable", "none")
    assert "everything" in told.note


@pytest.mark.parametrize(("whole", "path", "reach"), [(True, "g", "grant"), (False, "t", "token")])
async def test_a_whole_grant_is_ended_where_there_is_such_a_thing(httpx2_mock, whole, path, reach):
    grant = Request("POST", f"{HOST}/g")
    httpx2_mock.post(f"{HOST}/{path}").respond(200)

    told = await ended(several("t", grant=lambda client, tokens: (grant,)), whole=whole)

    assert told.reach == reach
    assert [call.request.url.path for call in httpx2_mock.calls] == [f"/{path}"]


async def test_without_a_grant_the_token_is_ended(httpx2_mock):
    httpx2_mock.post(f"{HOST}/t").respond(200)

    told = await ended(several("t", grant=lambda client, tokens: ()), whole=True)

    assert (told.outcome, told.reach) == ("revoked", "token")

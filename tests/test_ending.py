"""Telling a provider that a token is to end, and asking whether it did."""

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
from connector_vault.connector.parts import by_status
from connector_vault.ending import end_token
from connector_vault.http import open_http

HOST = "https://id.example"
CLIENT = Client(provider="plain", id="app", secret=Secret("s"))
TOKENS = Tokens(access=Secret("token-1"))


def plain(**revocation):
    """Give a connector to a provider that revokes as RFC 7009 says."""
    told = Revocation(token=lambda client, tokens: Request("POST", f"{HOST}/revoke"), **revocation)
    oauth = OAuth(authorize=f"{HOST}/authorize", token=f"{HOST}/token", revocation=told)
    return Connector(name="plain", title="Plain", api="https://api.example", oauth=oauth)


def introspecting():
    """Add a probe as RFC 7662 says: its answer is always 200."""
    return plain(
        probe=lambda client, tokens: Request("POST", f"{HOST}/introspect"),
        alive=lambda reply: bool(reply.json()["active"]),
    )


async def ended(connector):
    async with open_http() as http:
        return await end_token(SimpleNamespace(http=http), connector, CLIENT, TOKENS)


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

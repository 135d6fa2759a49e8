"""Grants of several steps, and where a provider strays from RFC 6749 in what is sent. Pure."""

import asyncio
import hashlib
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from connector_vault import Client, Secret, oauth
from connector_vault.clients import Clients
from connector_vault.connector import (
    Account,
    Connector,
    Grant,
    NotAllowed,
    OAuth,
    Refused,
    Reply,
    Request,
    Tokens,
    reads,
    writes,
)
from connector_vault.connector.wire import is_among
from connector_vault.declared import changes, check_declared
from connector_vault.dressing import api_request, proof_of, with_token
from connector_vault.errors import OutcomeUnknown, RateLimited, Reconnect, Unreachable
from connector_vault.grants import carry_out, complete, read_answer, renewal

HOME = "https://acme.example"
CLIENT = Client(provider="acme", id="client-1", secret=Secret("hush"))
TOKENS = Tokens(access=Secret("at-1"), refresh=Secret("rt-1"))
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
NOW = 1_000_000


def connector(**options):
    said = {"authorize": f"{HOME}/authorize", "token": f"{HOME}/token", **options}
    return Connector(name="acme", title="Acme", api=f"{HOME}/api", oauth=OAuth(**said))


def says(status=200, **body):
    return Reply(status, json.dumps(body).encode())


class Wire:
    """Answers one request after another, and keeps what was sent."""

    def __init__(self, *replies):
        self.sent, self.replies = [], [*replies]

    async def __call__(self, request):
        self.sent.append(request.url)
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply


def pages(client, answer):
    """Exchange a token for a long one, then list accounts, page by page."""
    reply = yield Request("POST", f"{HOME}/long", form={"token": answer["access_token"]})
    long, url, found = reply.json()["access_token"], f"{HOME}/accounts", []
    while url:
        said = (yield Request("GET", url)).json()
        found += said["data"]
        url = said.get("next")
    return [
        Grant({"access_token": f"{long}/{one}"}, Account(id=one, grant=client.id)) for one in found
    ]


def completed(wire, by, reply):
    given = complete(by, CLIENT, reply, wire, now=NOW, asked=frozenset({"read"}))
    return asyncio.run(given)


def test_a_grant_of_several_steps_gives_every_account():
    wire = Wire(
        says(access_token="long"),
        says(data=["a", "b"], next=f"{HOME}/accounts/2"),
        says(data=["c"]),
    )

    found = completed(wire, connector(complete=pages), says(access_token="short"))

    assert wire.sent == [f"{HOME}/long", f"{HOME}/accounts", f"{HOME}/accounts/2"]
    assert [one.tokens.access.reveal() for one in found] == ["long/a", "long/b", "long/c"]
    assert [one.account.id for one in found] == ["a", "b", "c"]
    assert {one.account.grant for one in found} == {"client-1"}
    assert {one.tokens.scopes for one in found} == {frozenset({"read"})}


@pytest.mark.parametrize(
    ("replies", "error"),
    [
        ([says(access_token="long"), says(data=[])], Unreachable),
        ([says(error="no")], Unreachable),
        ([Reply(200, b"<html>")], Unreachable),
        ([Reply(429, b"{}", {"retry-after": "7"})], RateLimited),
        ([OutcomeUnknown("lost")], OutcomeUnknown),
        ([says(access_token="long"), Unreachable("away")], Unreachable),
    ],
)
def test_a_step_that_gives_nothing_is_told(replies, error):
    with pytest.raises(error):
        completed(Wire(*replies), connector(complete=pages), says(access_token="short"))


def test_a_connector_names_an_error_in_the_words_of_the_standard():
    def refuse(client, answer):
        yield Request("GET", f"{HOME}/accounts")
        return [Grant({"error": "no_pages", "error_description": "there are none"})]

    with pytest.raises(Refused, match="there are none") as caught:
        completed(Wire(says()), connector(complete=refuse), says(access_token="short"))
    assert caught.value.code == "no_pages"


def test_a_good_grant_is_not_thrown_away_for_a_bad_one():
    def both(client, answer):
        yield Request("GET", f"{HOME}/accounts")
        return [Grant({"error": "gone"}), Grant({"access_token": "good"})]

    (kept,) = completed(Wire(says()), connector(complete=both), says(access_token="short"))
    assert kept.tokens.access.reveal() == "good"


def renewed(by, *replies):
    wire = Wire(*replies)
    said, reply = asyncio.run(carry_out(by, renewal(by, CLIENT, TOKENS), wire))
    return wire, read_answer(by, reply, said, now=NOW, asked=None)


def test_a_connector_may_renew_in_steps_of_its_own():
    def renew(client, tokens):
        first = yield Request("POST", f"{HOME}/one", form={"token": tokens.refresh.reveal()})
        second = yield Request("GET", f"{HOME}/two")
        return {**first.json(), **second.json()}

    wire, tokens = renewed(
        connector(renew=renew), says(refresh_token="rt-2"), says(access_token="at-2")
    )

    assert wire.sent == [f"{HOME}/one", f"{HOME}/two"]
    assert (tokens.access, tokens.refresh) == (Secret("at-2"), Secret("rt-2"))


def test_without_steps_the_refresh_token_is_sent_once():
    wire, tokens = renewed(connector(), says(access_token="at-2"))

    assert wire.sent == [f"{HOME}/token"]
    assert tokens.access == Secret("at-2")
    with pytest.raises(Reconnect):
        renewed(connector(), says(400, error="invalid_grant"))


def asked(by, redirect_uri=f"{HOME}/back"):
    url = oauth.authorize(
        by, CLIENT, redirect_uri=redirect_uri, scopes=("a", "b"), state="st", verifier=VERIFIER
    )
    return parse_qs(urlsplit(url).query)


def hex_on_this_machine(verifier, redirect_uri):
    local = urlsplit(redirect_uri).hostname == "127.0.0.1"
    return hashlib.sha256(verifier.encode()).hexdigest() if local else ""


def test_the_clients_id_may_have_another_name():
    said = asked(connector(client_id="client_key", separator=","))

    assert (said["client_key"], said["scope"]) == (["client-1"], ["a,b"])
    assert "client_id" not in said
    sent = oauth.refresh(connector(client_id="client_key"), CLIENT, Secret("rt-1"))
    assert sent.form["client_key"] == "client-1"
    assert "client_id" not in sent.form


@pytest.mark.parametrize("local", [True, False])
def test_a_challenge_may_have_another_form_or_not_be_wanted(local):
    by = connector(challenge=hex_on_this_machine)
    address = "http://127.0.0.1:7777/back" if local else f"{HOME}/back"
    proof = {"code": Secret("c"), "redirect_uri": address, "verifier": Secret(VERIFIER)}

    said, sent = asked(by, address), oauth.exchange(by, CLIENT, **proof).form

    expected = [hashlib.sha256(VERIFIER.encode()).hexdigest()] if local else None
    assert said.get("code_challenge") == expected
    assert sent.get("code_verifier") == (VERIFIER if local else None)


@pytest.mark.parametrize("junk", ["", "#_", "#_=_", "%23_", "%23_%3D_"])
def test_what_meta_appends_is_no_part_of_a_code(junk):
    assert oauth.callback(f"{HOME}/back?state=st&code=abc{junk}").code == Secret("abc")


@pytest.mark.parametrize("code", ["abc%23", "abc%23_x", "%23_abc"])
def test_what_only_looks_like_it_is_kept(code):
    known = oauth.callback(f"{HOME}/back?state=st&code={code}").code
    assert known == Secret(code.replace("%23", "#"))


def test_connectors_of_one_family_share_their_clients():
    clients = Clients([CLIENT], {"acme_photos": "acme"}.get)

    assert clients.holding("acme_photos", "client-1", "any") is CLIENT
    assert clients.named("acme_photos", "default", "any") is CLIENT


ORIGINS = ["https://up.acme.example", "https://*.acme-files.example"]


@pytest.mark.parametrize(
    ("url", "among"),
    [
        ("https://up.acme.example/a", True),
        ("https://eu.acme-files.example/a", True),
        ("https://EU.acme-files.example/a", True),
        ("https://acme-files.example/a", False),
        ("https://a.b.acme-files.example/a", False),
        ("http://eu.acme-files.example/a", False),
        ("https://eu.acme-files.example.evil.example/a", False),
        ("https://eu.acme-files.example@evil.example/a", False),
        ("https://evil.example@eu.acme-files.example/a", False),
        ("https://.acme-files.example/a", False),
        ("https://eu.acme-files.example:8443/a", False),
        ("/a", False),
    ],
)
def test_an_upload_host_may_be_any_below_one(url, among):
    assert is_among(url, ORIGINS) is among


async def tool(api):
    """Do nothing."""


UPLOAD = "POST https://up.acme.example/video/{}"


def test_a_guarded_host_is_asked_what_is_declared():
    pinned = writes(tool, requests=[UPLOAD], silent=[UPLOAD])

    check_declared(pinned, Request("POST", "https://up.acme.example/video/7"))
    assert not changes(pinned, Request("POST", "https://up.acme.example/video/7"))
    for url in ("https://up.acme.example/me", "https://up.acme.example/video/7/8"):
        with pytest.raises(NotAllowed):
            check_declared(pinned, Request("POST", url))


def test_the_token_goes_where_and_how_the_connector_says():
    by = Connector(name="a", title="A", api=HOME, tools=(reads(tool),), carrier="X-Key", scheme="")
    sent = api_request(by, Request("GET", "/me", headers={"x-key": "mine"}), Secret("at-1"))
    guarded = with_token(Request("POST", f"{HOME}/up"), Secret("at-1"), scheme="OAuth")

    assert dict(sent.headers) == {"X-Key": "at-1"}
    assert dict(guarded.headers) == {"Authorization": "OAuth at-1"}


def test_a_proof_goes_beside_each_token_and_a_tool_cannot_replace_it():
    def proof(client, token):
        return {"proof": f"{client.secret.reveal()}-{token.reveal()}"}

    by = Connector(name="a", title="A", api=HOME, proof=proof)
    put = proof_of(by, CLIENT)
    request = Request("GET", "/me", query={"a": "1", "proof": "mine"})

    assert api_request(by, request, Secret("at-1"), put).query == {"a": "1", "proof": "hush-at-1"}
    assert proof_of(by, None) is None
    assert proof_of(connector(), CLIENT) is None

"""Notion's connector: what it sends, and what it makes of the answers."""

import inspect
import json
import re
from pathlib import Path

import pytest

from connector_vault import oauth, registry
from connector_vault.connector import (
    OutcomeUnknown,
    RateLimited,
    Reconnect,
    Refused,
    Reply,
    Secret,
    Tokens,
)
from connector_vault.errors import Misconfigured, Unreachable
from connector_vault.grants import read_grants
from connector_vault.signature import signature_of
from tests.connectors.played_notion import ADA, CLIENT, HOME, connector, functions
from tests.replay import says

NAMES = [
    "append_blocks",
    "create_comment",
    "create_page",
    "get_block_children",
    "get_page_markdown",
    "list_comments",
    "list_users",
    "move_page",
    "query_data_source",
    "retrieve_data_source",
    "retrieve_database",
    "retrieve_page",
    "search",
    "trash_page",
    "update_page",
    "update_page_markdown",
]
README = Path(inspect.getfile(registry.part("notion", "tools"))).parents[1] / "README.md"
ACCESS, REFRESH = "ntn_" + "a" * 46, "nrt_" + "b" * 46
TOKENS = Tokens(access=Secret(ACCESS), refresh=Secret(REFRESH))
BOT = "e79f8a4e-0000-4000-8000-000000000001"
SPACE = "a0000000-0000-4000-8000-000000000001"


def problem(status, code="", more=None, **headers):
    body = {"object": "error", "status": status, "code": code, "message": "No.\nReally"}
    return says(body | ({"additional_data": more} if more else {}), status, **headers)


def me(**bot):
    return says({"object": "user", "id": BOT, "name": "App", "type": "bot", "bot": bot})


def test_the_tools_are_these():
    assert sorted(functions) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_model_can_read_what_a_tool_does_takes_and_gives(name):
    signature = signature_of(functions[name])
    assert re.match(r"[A-Z][a-z]+ .*\.\n", inspect.getdoc(functions[name]))
    assert signature.input_schema()["type"] == "object"
    assert signature.output_schema()["type"] == "object"


@pytest.mark.parametrize("tool", connector.tools, ids=lambda tool: tool.name)
def test_the_readme_tells_each_tools_effect(tool):
    assert f"| `{tool.name}` | {tool.effect} |" in README.read_text(encoding="utf-8")


def test_each_tool_says_what_it_asks():
    assert all(tool.requests for tool in connector.tools)
    assert not any(tool.scopes for tool in connector.tools)


def test_a_person_is_asked_without_scopes_and_without_a_challenge():
    url = oauth.authorize(
        connector, CLIENT, redirect_uri=HOME, scopes=("any",), state="s", verifier="v" * 64
    )
    assert url.startswith("https://api.notion.com/v1/oauth/authorize?")
    assert "owner=user" in url
    assert not re.search("scope|code_challenge", url)


@pytest.mark.parametrize("kind", ["exchange", "refresh"])
def test_tokens_are_asked_for_by_basic_and_json(kind):
    if kind == "refresh":
        request, body = oauth.refresh(connector, CLIENT, TOKENS.refresh), {"refresh_token": REFRESH}
    else:
        code, verifier = Secret("c"), Secret("v")
        request = oauth.exchange(connector, CLIENT, code=code, redirect_uri=HOME, verifier=verifier)
        body = {"code": "c", "redirect_uri": HOME}
    grant = "refresh_token" if kind == "refresh" else "authorization_code"
    assert (request.form, request.json) == (None, {"grant_type": grant, **body})
    assert request.headers["Authorization"].startswith("Basic ")
    assert request.headers["Notion-Version"] == "2026-03-11"


def test_tokens_without_an_end_and_without_scopes_are_read():
    said = {"access_token": ACCESS, "refresh_token": REFRESH, "bot_id": BOT, "token_type": "bearer"}
    read = read_grants(connector, says(said), now=0, asked=frozenset())[0]
    assert (read.access.reveal(), read.refresh.reveal()) == (ACCESS, REFRESH)
    assert (read.expires_at, read.refresh_expires_at, read.scopes) == (0, 0, None)


def test_a_token_that_cannot_be_refreshed_is_read():
    said = {"access_token": ACCESS, "refresh_token": None}
    assert read_grants(connector, says(said), now=0, asked=None)[0].refresh is None


@pytest.mark.parametrize("field", ["error", "code"])
@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_grant", Reconnect),
        (401, "invalid_client", Misconfigured),
        (401, "unauthorized", Misconfigured),
        (400, "unauthorized_client", Misconfigured),
        (400, "missing_version", Misconfigured),
        (400, "invalid_request", Refused),
        (400, "service_unavailable", Unreachable),
        (403, "test_env_error", Refused),
        (429, "rate_limited", RateLimited),
        (500, "internal_server_error", Unreachable),
        (500, "invalid_grant", Unreachable),
        (503, "service_unavailable", Unreachable),
        (529, "service_overload", Unreachable),
    ],
)
def test_an_error_is_read_by_either_of_its_names(field, status, code, kind):
    with pytest.raises(kind):
        read_grants(connector, says({field: code}, status), now=0, asked=None)[0]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b'{"code": 7}'])
def test_no_answer_at_all_changes_nothing(body):
    with pytest.raises(Unreachable):
        read_grants(connector, Reply(502, body), now=0, asked=None)[0]


def test_an_account_is_a_person_in_a_workspace_and_rests_on_the_bot():
    person = {"type": "user", "user": {"id": ADA, "name": "Ada"}}
    account = connector.identity.account(
        me(owner=person, workspace_id=SPACE, workspace_name="Acme")
    )
    assert (account.id, account.grant, account.label) == (f"{SPACE}:{ADA}", BOT, "Acme, Ada")


@pytest.mark.parametrize(
    "bot",
    [
        {},
        {"owner": {"type": "workspace", "workspace": True}, "workspace_id": SPACE},
        {"owner": {"type": "user", "user": {"id": ADA}}},
    ],
)
def test_where_the_person_or_workspace_is_not_told_the_account_is_the_bot(bot):
    account = connector.identity.account(me(**bot))
    assert (account.id, account.grant) == (BOT, BOT)


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (400, "validation_error", "validation_error"),
        (403, "restricted_resource", "restricted_resource"),
        (404, "object_not_found", "object_not_found"),
        (409, "conflict_error", "conflict_error"),
        (404, "", "object_not_found"),
        (418, "", "418"),
        (400, "a b!", "ab"),
    ],
)
def test_a_refusal_has_notions_name_and_one_line_of_its_words(status, code, told):
    with pytest.raises(Refused) as raised:
        connector.answer(problem(status, code))
    assert (raised.value.code, raised.value.message) == (told, "No. Really")


def test_a_dead_token_asks_for_consent():
    with pytest.raises(Reconnect):
        connector.answer(problem(401, "unauthorized"))


@pytest.mark.parametrize("status", [429, 529])
@pytest.mark.parametrize(
    ("headers", "more", "pause"),
    [
        ({"retry_after": "7"}, {"retry_after": "9"}, 7),
        ({}, {"retry_after": "9"}, 9),
        ({}, {"rate_limit_reason": "public_api_space_request_rate_limit"}, 60),
        ({}, {"retry_after": "9" * 30}, 60),
        ({}, None, 60),
    ],
)
def test_a_pause_is_in_the_header_or_in_the_body(status, headers, more, pause):
    with pytest.raises(RateLimited) as raised:
        connector.answer(problem(status, "rate_limited", more, **headers))
    assert raised.value.retry_after == pause


def test_a_block_is_a_refusal_that_waiting_does_not_end():
    more = {"rate_limit_reason": "public_api_request_blocked", "retry_after": "1"}
    with pytest.raises(Refused) as raised:
        connector.answer(problem(429, "rate_limited", more, retry_after="1"))
    assert raised.value.code == "public_api_request_blocked"


@pytest.mark.parametrize(
    "more",
    [
        {"committed_resource_id": BOT},
        {"committed_child_ids": [BOT, ADA]},
        {"retry_guidance": f"Read {BOT}"},
    ],
)
def test_a_failure_that_may_have_committed_names_what_it_left(more):
    with pytest.raises(OutcomeUnknown, match=BOT):
        connector.answer(problem(503, "service_unavailable", more, retry_after="3"))


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failure_that_says_when_to_come_back_is_a_pause(status):
    with pytest.raises(RateLimited, match="3 s"):
        connector.answer(problem(status, retry_after="3"))


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b'{"code": []}'])
def test_an_error_page_is_an_error_all_the_same(body):
    with pytest.raises(Refused, match="restricted_resource"):
        connector.answer(Reply(403, body))


def test_both_tokens_are_ended_in_the_clients_own_name():
    requests = connector.oauth.revocation.token(CLIENT, TOKENS)
    assert [request.json for request in requests] == [{"token": REFRESH}, {"token": ACCESS}]
    for request in requests:
        assert request.url == "https://api.notion.com/v1/oauth/revoke"
        assert request.headers["Authorization"].startswith("Basic ")
        assert not re.search("ntn_|nrt_|Basic", repr(request))


def test_the_refresh_token_is_what_is_asked_about():
    revocation = connector.oauth.revocation
    alone = Tokens(access=Secret(ACCESS))
    assert revocation.probe(CLIENT, TOKENS).json == {"token": REFRESH}
    assert revocation.probe(CLIENT, alone).json == {"token": ACCESS}
    assert len(revocation.token(CLIENT, alone)) == 1


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (says({}), "revoked"),
        (problem(400, "invalid_grant"), "already gone"),
        (says({"error": "invalid_request"}, 400), "already gone"),
        (problem(400, "missing_version"), "unconfirmed"),
        (problem(401, "invalid_client"), "unconfirmed"),
        (problem(500), "unconfirmed"),
        (Reply(400, b"<html>"), "unconfirmed"),
    ],
)
def test_what_a_revocation_came_to(reply, said):
    assert connector.oauth.revocation.said(reply) == said


@pytest.mark.parametrize(
    ("reply", "alive"),
    [
        (says({"active": True}), True),
        (says({"active": False}), False),
        (says({}), None),
        (says({"active": "yes"}), None),
        (problem(401, "invalid_client"), None),
        (Reply(200, b"<html>"), None),
    ],
)
def test_what_introspection_says(reply, alive):
    assert connector.oauth.revocation.alive(reply) is alive


@pytest.mark.parametrize("token", [ACCESS, REFRESH, "secret_" + "Z9" * 22])
def test_every_kind_of_token_is_recognised_whole(token):
    assert any(re.fullmatch(pattern, token) for pattern in connector.patterns)


def test_an_answer_that_holds_all_of_it_is_not_the_tools_business():
    assert connector.answer(Reply(200, json.dumps({"id": BOT}).encode())) == {"id": BOT}

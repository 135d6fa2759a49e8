"""X's connector: what it sends, and what it makes of the answers."""

import inspect
import json
import re
from pathlib import Path

import pytest

from connector_vault import oauth, registry
from connector_vault.connector import (
    Api,
    Client,
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
from tests.connectors.x_play import TOOLS, X
from tests.replay import says

NAMES = [
    "create_post",
    "delete_post",
    "get_me",
    "get_media_status",
    "get_post",
    "get_posts",
    "get_user",
    "hide_reply",
    "list_mentions",
    "list_own_posts",
    "reply_to_post",
    "search_recent",
    "upload_media",
]
README = Path(inspect.getfile(registry.part("x", "tools"))).parents[1] / "README.md"
PROBLEM = "https://api.x.com/2/problems/"
MISSING = PROBLEM + "resource-not-found"
NOON = "Tue, 10 Mar 2026 12:00:00 GMT"
NOON_IN_SECONDS = 1773144000
CLIENT = Client(provider="x", id="my-id", secret=Secret("hush"))
PUBLIC = Client(provider="x", id="my-id")
TOKENS = Tokens(access=Secret("the-access"), refresh=Secret("the-refresh"))
DEAD = {"error": "invalid_request", "error_description": "Value passed for the token was invalid."}
BAD_CODE = DEAD | {"error_description": "Value passed for the authorization code was invalid."}


def test_the_tools_are_these():
    assert sorted(TOOLS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_model_can_read_what_a_tool_does_and_takes(name):
    signature = signature_of(TOOLS[name].function)
    parameters = [
        one
        for one in inspect.signature(TOOLS[name].function, eval_str=True).parameters.values()
        if one.annotation is not Api
    ]
    assert re.match(r"[A-Z][a-z]+ [^\n]*\.\n", inspect.getdoc(TOOLS[name].function))
    assert signature.input_schema()["properties"].keys() == {one.name for one in parameters}
    assert signature.output_schema()["type"] == "object"


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_tells_each_tools_scope_and_effect(name):
    scopes = ", ".join(f"`{scope}`" for scope in sorted(TOOLS[name].scopes))
    assert f"| `{name}` | {scopes} | {TOOLS[name].effect} |" in README.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["create_post", "get_post", "get_user", "search_recent"])
def test_what_a_call_costs_is_told(name):
    assert "$0.0" in inspect.getdoc(TOOLS[name].function)


def test_the_scopes_asked_for_are_enough_for_every_tool():
    assert not any(X.lacking(tool, frozenset(X.oauth.scopes)) for tool in X.tools)
    assert "offline.access" in X.oauth.scopes


def test_only_a_deletion_is_beyond_recall():
    assert {name for name in NAMES if TOOLS[name].effect == "destroys"} == {"delete_post"}


@pytest.mark.parametrize(
    ("status", "body", "code", "message"),
    [
        (403, {"title": "Forbidden", "detail": "No", "type": "about:blank"}, "forbidden", "No"),
        (404, {"title": "Not Found"}, "resource_not_found", "Not Found"),
        (400, {"detail": "d", "type": PROBLEM + "invalid-request"}, "invalid_request", "d"),
        (400, {"errors": [{"message": "m"}], "detail": "d"}, "invalid_request", "d: m"),
        (403, {"detail": "d", "type": PROBLEM + "client-forbidden"}, "client_forbidden", "d"),
        (409, {}, "conflict", ""),
        (418, {"detail": ["odd"]}, "418", ""),
        (500, {"detail": "d"}, "server_error", "d"),
        (402, {"detail": "no credits"}, "usage_capped", "no credits"),
        (402, {"detail": "d", "type": PROBLEM + "credits"}, "usage_capped", "d"),
        (403, {"detail": "d", "type": PROBLEM + "usage-capped"}, "usage_capped", "d"),
        (429, {"detail": "d", "type": PROBLEM + "usage-capped"}, "usage_capped", "d"),
        (200, {"errors": [{"detail": "d", "type": MISSING}]}, "resource_not_found", "d"),
        (200, {"errors": [{"title": "t"}]}, "refused", "t"),
        (200, {"errors": ["odd"]}, "refused", ""),
        (200, {"errors": [{"detail": "d"}], "data": None}, "refused", "d"),
    ],
)
def test_a_refusal_has_a_name_that_stays(status, body, code, message):
    with pytest.raises(Refused) as raised:
        X.answer(says(body, status))
    assert (raised.value.code, raised.value.message) == (code, message)


def test_what_was_found_is_given_beside_what_was_not():
    body = {"data": [{"id": "1"}], "errors": [{"detail": "d", "value": "2"}]}
    assert X.answer(says(body)) == body


@pytest.mark.parametrize("body", [{"meta": {"result_count": 0}}, {"data": [], "errors": []}, None])
def test_nothing_found_is_no_error(body):
    assert X.answer(says(body)) == body


def test_a_dead_token_asks_for_consent():
    with pytest.raises(Reconnect):
        X.answer(says({"title": "Unauthorized", "status": 401}, 401))


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"x_rate_limit_remaining": "0", "x_rate_limit_reset": str(NOON_IN_SECONDS + 90)}, 90),
        ({"x_rate_limit_reset": str(NOON_IN_SECONDS + 90)}, 90),
        ({"x_rate_limit_reset": str(NOON_IN_SECONDS - 5)}, 1),
        ({"x_rate_limit_reset": "9" * 5000}, 60),
        ({"x_rate_limit_reset": "soon"}, 60),
        ({}, 60),
        (
            {
                "x_rate_limit_remaining": "12",
                "x_rate_limit_reset": str(NOON_IN_SECONDS + 90),
                "x_user_limit_24hour_remaining": "0",
                "x_user_limit_24hour_reset": str(NOON_IN_SECONDS + 7200),
            },
            7200,
        ),
    ],
)
def test_a_pause_is_measured_by_xs_own_clock(headers, pause):
    with pytest.raises(RateLimited) as raised:
        X.answer(says({"title": "Too Many Requests"}, 429, date=NOON, **headers))
    assert raised.value.retry_after == pause


def test_without_a_clock_the_pause_is_a_minute():
    with pytest.raises(RateLimited, match="60 s"):
        X.answer(says({}, 429, x_rate_limit_reset=str(NOON_IN_SECONDS)))


def test_a_provider_that_is_down_may_say_for_how_long():
    with pytest.raises(RateLimited, match="5 s"):
        X.answer(says({}, 503, retry_after="5"))


def test_a_message_is_one_short_line():
    with pytest.raises(Refused) as raised:
        X.answer(says({"detail": "a\nb\x1b[31m\u2028" + "c" * 5000}, 400))
    assert raised.value.message.startswith("a b [31m c")
    assert len(raised.value.message) == 300


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b'{"errors": {"a": 1}}', b"\xff"])
def test_an_error_page_is_an_error_all_the_same(body):
    with pytest.raises(Refused) as raised:
        X.answer(Reply(502, body))
    assert (raised.value.code, raised.value.message) == ("server_error", "")


def test_an_account_is_known_by_its_number():
    account = X.identity.account(says({"data": {"id": "2244994945", "username": "finch"}}))
    assert (account.id, account.label, account.scopes) == ("2244994945", "finch", None)


def test_an_account_cannot_be_read_from_a_refusal():
    with pytest.raises(Reconnect):
        X.identity.account(says({"title": "Unauthorized"}, 401))


def tokens_of(body, status=200):
    return read_grants(X, says(body, status), now=0, asked=None)[0]


@pytest.mark.parametrize("dead", [DEAD, {"error": "invalid_grant"}])
def test_a_dead_refresh_token_asks_for_consent(dead):
    with pytest.raises(Reconnect, match="invalid_grant"):
        tokens_of(dead, 400)


def test_a_bad_code_ends_nothing():
    with pytest.raises(Refused, match="invalid_request"):
        tokens_of(BAD_CODE, 400)


@pytest.mark.parametrize("error", ["unauthorized_client", "invalid_client"])
def test_a_client_that_is_not_known_is_a_wrong_setting(error):
    with pytest.raises(Misconfigured):
        tokens_of({"error": error, "error_description": "Missing valid authorization header"}, 401)


@pytest.mark.parametrize("status", [500, 503])
def test_an_x_in_trouble_is_not_believed_that_a_token_is_dead(status):
    with pytest.raises(Unreachable):
        tokens_of(DEAD, status)


@pytest.mark.parametrize("body", [b"<html>", b"null", b"[]", b'{"error": {}}'])
def test_an_answer_that_is_none_changes_nothing(body):
    with pytest.raises(Unreachable):
        read_grants(X, Reply(503, body), now=0, asked=None)[0]


def test_tokens_are_read_with_their_end_and_scopes():
    said = {"token_type": "bearer", "expires_in": 7200, "access_token": "a", "refresh_token": "r"}
    found = tokens_of(said | {"scope": "tweet.read offline.access"})
    assert (found.expires_at, found.refresh_expires_at) == (7_200_000, 0)
    assert found.scopes == {"tweet.read", "offline.access"}


def test_a_confidential_client_is_named_in_the_header_alone():
    sent = oauth.refresh(X, CLIENT, Secret("r"))
    assert sent.headers["Authorization"] == "Basic bXktaWQ6aHVzaA=="
    assert sent.form == {"grant_type": "refresh_token", "refresh_token": "r"}


def test_a_public_client_is_named_in_the_body():
    sent = oauth.refresh(X, PUBLIC, Secret("r"))
    assert "Authorization" not in sent.headers
    assert sent.form == {"grant_type": "refresh_token", "refresh_token": "r", "client_id": "my-id"}


def test_both_tokens_are_ended_the_one_that_makes_others_first():
    first, second = X.oauth.revocation.token(CLIENT, TOKENS)
    assert (first.form, second.form) == ({"token": "the-refresh"}, {"token": "the-access"})
    assert {first.url, second.url} == {"https://api.x.com/2/oauth2/revoke"}
    assert first.headers["Authorization"] == "Basic bXktaWQ6aHVzaA=="
    assert "the-refresh" not in repr(first)


def test_a_public_client_ends_tokens_by_its_id():
    (only,) = X.oauth.revocation.token(PUBLIC, Tokens(access=Secret("the-access")))
    assert (only.form, only.headers) == ({"token": "the-access", "client_id": "my-id"}, {})


@pytest.mark.parametrize(
    ("status", "body", "ending"),
    [
        (200, {"revoked": True}, "revoked"),
        (200, None, "revoked"),
        (200, {}, "revoked"),
        (200, {"revoked": False}, "unconfirmed"),
        (400, DEAD, "already gone"),
        (400, {"error": "invalid_token"}, "already gone"),
        (400, {"error": "invalid_request", "error_description": "Missing [token]"}, "unconfirmed"),
        (400, ["odd"], "unconfirmed"),
        (401, {"error": "unauthorized_client"}, "unconfirmed"),
        (401, DEAD, "unconfirmed"),
        (429, {}, "unconfirmed"),
        (503, DEAD, "unconfirmed"),
    ],
)
def test_only_an_answer_that_says_so_confirms_an_end(status, body, ending):
    assert X.oauth.revocation.said(Reply(status, json.dumps(body).encode())) == ending


def test_an_empty_or_unreadable_confirmation_is_one():
    assert {X.oauth.revocation.said(Reply(200, body)) for body in (b"", b"<html>")} == {"revoked"}


@pytest.mark.parametrize(("status", "alive"), [(200, True), (401, None), (429, None), (500, None)])
def test_a_token_that_is_refused_may_only_have_expired(status, alive):
    assert X.oauth.revocation.alive(Reply(status)) is alive


def test_the_token_itself_is_asked_whether_it_lives():
    probe = X.oauth.revocation.probe(CLIENT, TOKENS)
    assert (probe.method, probe.url) == ("GET", "https://api.x.com/2/users/me")
    assert probe.headers == {"Authorization": "Bearer the-access"}

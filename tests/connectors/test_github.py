"""GitHub's connector: what it sends, and what it makes of the answers."""

import inspect
import re
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from connector_vault import registry
from connector_vault.connector import (
    Api,
    BadArguments,
    Client,
    RateLimited,
    Reconnect,
    Refused,
    Reply,
    Request,
    Secret,
    Tokens,
)
from tests.replay import says

github = registry.load("github")
tools = {tool.name: tool for tool in github.tools}
call = {name: tool.function for name, tool in tools.items()}

NAMES = [
    "close_issue",
    "comment_issue",
    "create_issue",
    "create_or_update_file",
    "create_pull_request",
    "dispatch_workflow",
    "get_authenticated_user",
    "get_file",
    "get_issue",
    "list_issue_comments",
    "list_issues",
    "list_pull_requests",
    "list_workflow_runs",
    "merge_pull_request",
    "search_code",
    "search_issues",
    "search_repositories",
    "update_issue",
]
README = Path(inspect.getfile(registry.part("github", "tools"))).parents[1] / "README.md"
NOON = "Tue, 10 Mar 2026 12:00:00 GMT"
NOON_IN_SECONDS = 1773144000
CLIENT = Client(provider="github", id="Iv1.a.b", secret=Secret("hush"))
TOKENS = Tokens(access=Secret("gho_" + "a" * 36))


def test_the_tools_are_these():
    assert sorted(tools) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_model_can_read_what_a_tool_does_and_takes(name):
    signature = inspect.signature(call[name], eval_str=True)
    schemas = [
        TypeAdapter(parameter.annotation).json_schema()
        for parameter in signature.parameters.values()
        if parameter.annotation is not Api
    ]
    assert re.match(r"[A-Z][a-z]+ .*\.\n", inspect.getdoc(call[name]))
    assert len(schemas) == len(signature.parameters) - 1


@pytest.mark.parametrize("name", NAMES)
def test_a_model_can_read_what_a_tool_returns(name):
    returned = inspect.signature(call[name], eval_str=True).return_annotation
    assert TypeAdapter(returned).json_schema(mode="serialization")["type"] == "object"


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_tells_each_tools_scope_and_effect(name):
    scopes = ", ".join(f"`{scope}`" for scope in sorted(tools[name].scopes)) or "none"
    assert f"| `{name}` | {scopes} | {tools[name].effect} |" in README.read_text(encoding="utf-8")


def test_the_scopes_asked_for_are_enough_for_every_tool():
    granted = frozenset(github.oauth.scopes)
    assert not any(github.lacking(tool, granted) for tool in github.tools)


def test_without_a_scope_an_account_can_still_read():
    usable = {tool.effect for tool in github.tools if not github.lacking(tool, frozenset())}
    assert usable == {"reads"}


def test_only_a_merge_is_beyond_recall():
    assert {name for name in NAMES if tools[name].effect == "destroys"} == {"merge_pull_request"}


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (301, "moved"),
        (400, "bad_request"),
        (403, "forbidden"),
        (404, "not_found"),
        (405, "not_mergeable"),
        (409, "conflict"),
        (410, "gone"),
        (418, "418"),
        (422, "validation_failed"),
        (451, "legally_blocked"),
        (500, "server_error"),
        (503, "unavailable"),
    ],
)
def test_a_refusal_has_a_name_that_stays(status, code):
    with pytest.raises(Refused) as raised:
        github.answer(says({"message": "No"}, status, x_ratelimit_remaining="9"))
    assert (raised.value.code, raised.value.message) == (code, "No")


def test_a_dead_token_asks_for_consent():
    with pytest.raises(Reconnect):
        github.answer(says({"message": "Bad credentials"}, 401))


def test_no_content_is_nothing():
    assert github.answer(Reply(204)) is None


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(NOON_IN_SECONDS + 90)}, 90),
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(NOON_IN_SECONDS - 5)}, 1),
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": "9" * 5000}, 60),
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": "soon"}, 60),
        ({"x_ratelimit_remaining": "0"}, 60),
        ({"x_ratelimit_remaining": "7", "retry_after": "30"}, 30),
        (
            {
                "x_ratelimit_remaining": "0",
                "x_ratelimit_reset": str(NOON_IN_SECONDS + 90),
                "retry_after": "120",
            },
            120,
        ),
    ],
)
def test_a_pause_is_measured_by_githubs_own_clock(status, headers, pause):
    with pytest.raises(RateLimited) as raised:
        github.answer(says({"message": "slow down"}, status, date=NOON, **headers))
    assert raised.value.retry_after == pause


def test_without_a_clock_the_pause_is_a_minute():
    spent = {"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(NOON_IN_SECONDS)}
    with pytest.raises(RateLimited, match="60 s"):
        github.answer(says({}, 403, **spent))


@pytest.mark.parametrize("status", [403, 429])
def test_a_secondary_limit_without_a_time_is_a_minute(status):
    message = "You have exceeded a secondary rate limit. Please wait a few minutes."
    with pytest.raises(RateLimited, match="60 s"):
        github.answer(says({"message": message}, status, x_ratelimit_remaining="4000"))


def test_a_provider_that_is_down_may_say_for_how_long():
    with pytest.raises(RateLimited, match="5 s"):
        github.answer(says({}, 503, retry_after="5"))


def test_single_sign_on_is_told_apart_without_its_link():
    link = "required; url=https://github.com/orgs/x/sso?authorization_request=AAA"
    with pytest.raises(Refused) as raised:
        github.answer(says({"message": "Protected by SAML"}, 403, x_github_sso=link))
    assert raised.value.code == "sso_required"
    assert "AAA" not in str(raised.value)


@pytest.mark.parametrize(
    ("errors", "message"),
    [
        ([{"field": "title", "code": "missing_field", "value": "x"}], "No: title missing_field"),
        ([{"message": "A pull request already exists"}], "No: A pull request already exists"),
        (["a", "b"], "No: a; b"),
        ("Only one", "No: Only one"),
        ([], "No"),
    ],
)
def test_the_fields_found_wrong_are_named(errors, message):
    with pytest.raises(Refused) as raised:
        github.answer(says({"message": "No", "errors": errors}, 422))
    assert raised.value.message == message


def test_a_message_is_one_short_line():
    with pytest.raises(Refused) as raised:
        github.answer(says({"message": "a\nb\x1b[31m\u2028" + "c" * 5000}, 422))
    assert raised.value.message.startswith("a b [31m c")
    assert len(raised.value.message) == 300


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b'{"errors": {"a": 1}}', b"\xff"])
def test_an_error_page_is_an_error_all_the_same(body):
    with pytest.raises(Refused) as raised:
        github.answer(Reply(502, body))
    assert (raised.value.code, raised.value.message) == ("server_error", "")


@pytest.mark.parametrize(
    ("header", "scopes"),
    [
        ({"x_oauth_scopes": "repo, user"}, {"repo", "user"}),
        ({"x_oauth_scopes": ""}, None),
        ({}, None),
    ],
)
def test_an_account_is_known_by_its_number(header, scopes):
    account = github.identity.account(says({"id": 583231, "login": "octocat"}, **header))
    assert (account.id, account.label, account.scopes) == ("583231", "octocat", scopes)


def test_an_account_cannot_be_read_from_a_refusal():
    with pytest.raises(Reconnect):
        github.identity.account(says({"message": "Bad credentials"}, 401))


@pytest.mark.parametrize(
    ("token", "scopes", "granted"),
    [
        ("gho_x", {"repo"}, {"repo"}),
        ("gho_x", set(), set()),
        ("ghu_x", set(), None),
    ],
)
def test_a_github_app_has_permissions_instead_of_scopes(token, scopes, granted):
    assert github.oauth.granted(token, frozenset(scopes)) == granted


@pytest.mark.parametrize(
    ("build", "method", "path"),
    [
        ("token", "DELETE", "/applications/Iv1.a.b/token"),
        ("grant", "DELETE", "/applications/Iv1.a.b/grant"),
        ("probe", "POST", "/applications/Iv1.a.b/token"),
    ],
)
def test_the_client_ends_a_token_in_its_own_name(build, method, path):
    request = the_one(getattr(github.oauth.revocation, build)(CLIENT, TOKENS))
    assert (request.method, request.url) == (method, github.api + path)
    assert request.json == {"access_token": "gho_" + "a" * 36}
    assert request.headers["Authorization"] == "Basic SXYxLmEuYjpodXNo"


def the_one(built):
    return built if isinstance(built, Request) else built[0]


def test_a_revocation_does_not_print_what_it_revokes():
    (request,) = github.oauth.revocation.grant(CLIENT, TOKENS)
    assert "gho_" not in repr(request)
    assert "Basic" not in repr(request)


def test_a_client_id_cannot_change_the_address():
    with pytest.raises(BadArguments):
        github.oauth.revocation.token(replace(CLIENT, id="a/../../user"), TOKENS)


@pytest.mark.parametrize(
    "token",
    [
        "ghp_" + "a" * 36,
        "gho_" + "B" * 36,
        "ghr_" + "1" * 76,
        "ghs_12345_" + "eyJhbGciOi.eyJpc3Mi.x-y_" * 20,
        "github_pat_" + "a" * 82,
    ],
)
def test_every_kind_of_token_is_recognised_whole(token):
    assert any(re.fullmatch(pattern, token) for pattern in github.patterns)

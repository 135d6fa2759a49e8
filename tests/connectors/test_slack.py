"""Slack's connector: its data, and what it makes of the answers."""

import inspect
import re
from pathlib import Path

import pytest

from connector_vault import registry
from connector_vault.connector import (
    Api,
    RateLimited,
    Reconnect,
    Refused,
    Reply,
    Unreachable,
)
from connector_vault.errors import OutcomeUnknown
from connector_vault.masking import HIDDEN, Mask
from connector_vault.signature import signature_of
from tests.connectors.slack import TOKENS, slack, tools
from tests.replay import says

NAMES = [
    "add_reaction",
    "channel_history",
    "delete_message",
    "find_user_by_email",
    "get_permalink",
    "get_user",
    "join_channel",
    "list_channels",
    "list_users",
    "post_message",
    "reply_in_thread",
    "schedule_message",
    "search_messages",
    "thread_replies",
    "update_message",
    "upload_file",
]
README = Path(inspect.getfile(registry.part("slack", "tools"))).parents[1] / "README.md"
DEAD = ["account_inactive", "invalid_auth", "not_authed", "token_expired", "token_revoked"]
AWAY = ["org_login_required", "request_timeout", "service_unavailable", "team_added_to_org"]
OPEN = ["fatal_error", "internal_error"]


def fails(error, **more):
    return says({"ok": False, "error": error, **more})


def test_the_tools_are_these():
    assert sorted(tools) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_model_can_read_what_a_tool_does_takes_and_returns(name):
    function = tools[name].function
    signature = signature_of(function)
    assert re.match(r"[A-Z][a-z]+ .*\.\n\nReturns ", inspect.getdoc(function))
    assert (
        len(signature.input_schema()["properties"])
        == len(inspect.signature(function).parameters) - 1
    )
    assert signature.output_schema()["type"] == "object"


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_tells_each_tools_scope_and_effect(name):
    scopes = ", ".join(f"`{scope}`" for scope in sorted(tools[name].scopes)) or "none"
    assert f"| `{name}` | {scopes} | {tools[name].effect} |" in README.read_text(encoding="utf-8")


def test_the_scopes_asked_for_are_enough_for_every_tool():
    granted = frozenset(scope.removeprefix("user:") for scope in slack.oauth.scopes)
    assert not any(slack.lacking(tool, granted) for tool in slack.tools)


def test_a_bot_cannot_search_and_a_person_can_do_nothing_else():
    asked = frozenset(slack.oauth.scopes)
    bots = frozenset(scope for scope in asked if not scope.startswith("user:"))
    assert [tool.name for tool in slack.tools if slack.lacking(tool, bots)] == ["search_messages"]
    persons = frozenset({"search:read"})
    able = {tool.name for tool in slack.tools if not slack.lacking(tool, persons)}
    assert able == {"get_permalink", "search_messages"}


@pytest.mark.parametrize(
    ("scope", "opened"),
    [
        ("im:history", {"channel_history", "thread_replies"}),
        ("groups:read", {"list_channels"}),
        ("channels:write", {"join_channel"}),
        ("users:read.email", {"find_user_by_email"}),
    ],
)
def test_one_scope_of_a_family_is_enough_to_try(scope, opened):
    able = {tool.name for tool in slack.tools if not slack.lacking(tool, frozenset({scope}))}
    assert able - {"get_permalink"} == opened


def test_only_what_reads_is_asked_by_get_and_only_deleting_is_beyond_recall():
    for name, tool in tools.items():
        assert (tool.effect == "reads") == all(one.startswith("GET ") for one in tool.requests), (
            name
        )
    assert [name for name in NAMES if tools[name].effect == "destroys"] == ["delete_message"]


def test_what_is_fine_is_given_with_its_warnings():
    assert slack.answer(says({"ok": True, "warning": "missing_charset"}))["warning"]


def test_plain_text_with_200_is_nothing():
    assert slack.answer(Reply(200, b"OK - 7")) is None


@pytest.mark.parametrize("code", DEAD)
@pytest.mark.parametrize("status", [200, 403])
def test_a_dead_token_asks_for_consent(code, status):
    with pytest.raises(Reconnect) as raised:
        slack.answer(says({"ok": False, "error": code}, status))
    assert raised.value.reason == code


@pytest.mark.parametrize("code", ["channel_not_found", "not_in_channel", "msg_too_long", "no_text"])
def test_a_refusal_has_slacks_own_name(code):
    with pytest.raises(Refused) as raised:
        slack.answer(fails(code))
    assert (raised.value.code, raised.value.message) == (code, "")


def test_a_missing_scope_is_named_with_those_there_are():
    with pytest.raises(Refused) as raised:
        slack.answer(fails("missing_scope", needed="groups:read", provided="chat:write,users:read"))
    assert raised.value.code == "missing_scope"
    told = "needs groups:read, has chat:write,users:read: connect Slack again with it"
    assert raised.value.message == told


@pytest.mark.parametrize("code", ["ratelimited", "rate_limited"])
@pytest.mark.parametrize(("headers", "pause"), [({"retry_after": "30"}, 30), ({}, 60)])
@pytest.mark.parametrize("status", [200, 429])
def test_a_pause_is_slacks_or_a_minute(code, headers, pause, status):
    with pytest.raises(RateLimited) as raised:
        slack.answer(says({"ok": False, "error": code}, status, **headers))
    assert raised.value.retry_after == pause


def test_a_429_needs_no_body():
    with pytest.raises(RateLimited, match="7 s"):
        slack.answer(Reply(429, b"<html>", {"retry-after": "7"}))


@pytest.mark.parametrize("reply", [*map(fails, AWAY), *map(fails, OPEN), Reply(503, b"<html>")])
async def test_trouble_while_asking_invites_another_try(reply):
    with pytest.raises(Unreachable, match="try again"):
        await asked("get_user", reply, user="U1")


@pytest.mark.parametrize(
    "reply",
    [
        *map(fails, OPEN),
        Reply(503, b"<html>"),
        Reply(200, b"<html>"),
        Reply(200, b"[]"),
        Reply(200, b""),
        says({"no": "ok"}),
        says({"ok": True, "channel": "C1"}),
    ],
)
async def test_trouble_while_changing_leaves_open_whether_it_was_done(reply):
    with pytest.raises(OutcomeUnknown, match=r"look whether chat\.postMessage happened"):
        await asked("post_message", reply, channel="C1", text="hi")


@pytest.mark.parametrize("code", AWAY)
async def test_what_slack_did_not_begin_was_not_done(code):
    with pytest.raises(Unreachable, match="did nothing"):
        await asked("post_message", fails(code), channel="C1", text="hi")


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"", b'{"no": 1}', b"[" * 100_000])
async def test_an_answer_that_is_none_invites_another_try_to_ask(body):
    with pytest.raises(Unreachable, match="again"):
        await asked("get_user", Reply(200, body), user="U1")


@pytest.mark.parametrize(
    ("status", "error"), [(401, Reconnect), (302, Refused), (404, Refused), (500, Unreachable)]
)
def test_a_status_that_slack_hardly_uses_has_its_meaning(status, error):
    with pytest.raises(error):
        slack.answer(Reply(status, b"<html>"))


@pytest.mark.parametrize("code", [None, 7, "a b", "x" * 65, "", "a\nb", ["x"]])
def test_a_code_that_is_none_is_not_repeated(code):
    with pytest.raises(Refused) as raised:
        slack.answer(fails(code))
    assert raised.value.code == "unreadable_error"


def test_what_slack_says_of_arguments_is_one_short_line():
    messages = ["[ERROR] missing required field: channel", "a\nb\x1b[31m\u2028" + "c" * 5000]
    with pytest.raises(Refused) as raised:
        slack.answer(fails("invalid_arguments", response_metadata={"messages": messages}))
    assert raised.value.message.startswith("[ERROR] missing required field: channel; a b [31m c")
    assert len(raised.value.message) == 300


@pytest.mark.parametrize("metadata", [7, [], {"messages": 3}, None])
def test_a_code_counts_whatever_stands_beside_it(metadata):
    with pytest.raises(Refused, match="no_text"):
        slack.answer(fails("no_text", response_metadata=metadata))


@pytest.mark.parametrize(
    ("reply", "stale"),
    [
        (fails("token_expired"), True),
        (fails("token_revoked"), False),
        (fails("invalid_auth"), False),
        (says({"ok": True, "text": "token_expired"}), False),
        (says({"ok": False, "error": "no_text", "text": "token_expired"}), False),
        (Reply(200, b"token_expired"), False),
    ],
)
def test_only_an_expired_token_is_stale(reply, stale):
    assert slack.stale(reply) is stale


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_every_kind_of_token_is_taken_out_and_nothing_else(token):
    text = f'{{"a":"{token}","b":"canary xox- xapp-"}}'
    clean = Mask([], slack.patterns).clean(text.encode())
    assert clean == b'{"a":"' + HIDDEN + b'","b":"canary xox- xapp-"}'


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_every_kind_of_token_is_recognised_whole(token):
    assert any(re.fullmatch(pattern, token) for pattern in slack.patterns)


async def asked(tool, reply, **arguments):
    class Once(Api):
        async def send(self, request):  # it is a method of Api
            return slack.answer(reply)

    return await tools[tool].function(Once(), **arguments)

"""TikTok's connector: what it sends, and what it makes of the answers."""

import hashlib
import inspect
import json
import re
from pathlib import Path

import pytest

from connector_vault import grants, oauth, registry
from connector_vault.connector import (
    Api,
    Client,
    RateLimited,
    Reconnect,
    Refused,
    Reply,
    Secret,
    Tokens,
    Unreachable,
)
from connector_vault.errors import Misconfigured
from connector_vault.signature import signature_of
from tests.connectors.tiktok_play import HEX, HOME, TIKTOK, TOOLS, VERIFIER, WEB, no, ok
from tests.replay import says

answers = registry.part("tiktok", "answers")

NAMES = sorted(TOOLS)
README = Path(inspect.getfile(registry.part("tiktok", "tools"))).parents[1] / "README.md"
CLIENT = Client(provider="tiktok", id="my-key", secret=Secret("hush"))
TOKENS = Tokens(access=Secret("the-access"), refresh=Secret("the-refresh"))
GIVEN = {
    "open_id": "o-1",
    "scope": "user.info.basic,video.list",
    "access_token": "act.a",
    "expires_in": 7200,
    "refresh_token": "rft.b",
    "refresh_expires_in": 15_552_000,
    "token_type": "Bearer",
}


def test_the_tools_are_these():
    posting = {"post_photos", "post_video", "post_video_from_url"}
    drafts = {"upload_draft", "upload_draft_from_url", "upload_photo_draft"}
    others = {"cancel_publish", "creator_info", "list_videos", "publish_status"}
    assert set(NAMES) == posting | drafts | others | {"query_videos", "user_info"}
    assert [one for one in NAMES if TOOLS[one].effect == "destroys"] == ["cancel_publish"]
    assert {one for one in NAMES if TOOLS[one].effect == "writes"} == posting | drafts


@pytest.mark.parametrize("name", NAMES)
def test_a_model_can_read_what_a_tool_does_and_takes(name):
    tool = TOOLS[name]
    signature = signature_of(tool.function)
    parameters = [
        one
        for one in inspect.signature(tool.function, eval_str=True).parameters.values()
        if one.annotation is not Api
    ]
    assert re.match(r"[A-Z][a-z]+ [^\n]*\.\n", inspect.getdoc(tool.function))
    assert signature.input_schema()["properties"].keys() == {one.name for one in parameters}
    assert signature.output_schema()["type"] == "object"
    scopes = ", ".join(f"`{scope}`" for scope in sorted(tool.scopes)) or "either for posting"
    assert f"| `{name}` | {scopes} | {tool.effect} |" in README.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["post_video", "post_video_from_url", "post_photos"])
def test_a_model_is_told_what_an_unaudited_app_may_not(name):
    told = inspect.getdoc(TOOLS[name].function)
    assert "not audited" in told
    assert "SELF_ONLY" in told


def test_the_scopes_asked_for_are_enough_for_every_tool():
    assert not any(TIKTOK.lacking(tool, frozenset(TIKTOK.oauth.scopes)) for tool in TIKTOK.tools)


@pytest.mark.parametrize(
    ("redirect_uri", "challenge"),
    [
        (HOME, HEX),
        ("http://localhost:1/", HEX),
        ("https://127.0.0.1:8443/x", HEX),
        (WEB, ""),
        ("https://localhost.example/callback", ""),
        ("https://app.example/?to=http://localhost:1", ""),
        ("https://[", ""),
    ],
)
def test_a_desktop_is_challenged_in_hexadecimal_and_the_web_is_not(redirect_uri, challenge):
    assert TIKTOK.oauth.challenge(VERIFIER, redirect_uri) == challenge
    assert hashlib.sha256(VERIFIER.encode()).hexdigest() == HEX


def test_a_person_is_asked_in_tiktoks_words():
    asked = oauth.authorize(
        TIKTOK, CLIENT, redirect_uri=WEB, scopes=("a", "b"), state="s", verifier=VERIFIER
    )
    assert asked.startswith("https://www.tiktok.com/v2/auth/authorize/?")
    assert "client_key=my-key" in asked
    assert re.search(r"scope=a(,|%2C)b(&|$)", asked)
    assert not re.search("client_id|challenge", asked)


def test_tokens_are_asked_for_in_tiktoks_words():
    said = {"code": Secret("a*b!1.e1"), "verifier": Secret(VERIFIER)}
    desktop = oauth.exchange(TIKTOK, CLIENT, redirect_uri=HOME, **said)
    web = oauth.exchange(TIKTOK, CLIENT, redirect_uri=WEB, **said)
    assert desktop.url == "https://open.tiktokapis.com/v2/oauth/token/"
    assert (desktop.form["client_key"], desktop.form["client_secret"]) == ("my-key", "hush")
    assert (desktop.form["code"], desktop.form["code_verifier"]) == ("a*b!1.e1", VERIFIER)
    assert "client_id" not in desktop.form
    assert "code_verifier" not in web.form


def tokens_of(body, status=200, **headers):
    (found,) = grants.read_grants(TIKTOK, says(body, status, **headers), now=0, asked=None)
    return found


def test_both_ends_come_from_the_answer():
    found = tokens_of(GIVEN | {"expires_in": 86_400, "refresh_expires_in": 31_536_000})
    assert (found.expires_at, found.refresh_expires_at) == (86_400_000, 31_536_000_000)
    assert found.scopes == {"user.info.basic", "video.list"}
    assert TIKTOK.oauth.rotates


@pytest.mark.parametrize("status", [200, 400])
def test_an_error_is_one_whatever_its_status(status):
    with pytest.raises(Reconnect, match="invalid_grant"):
        tokens_of({"error": "invalid_grant", "error_description": "d", "log_id": "1"}, status)
    with pytest.raises(Misconfigured):
        tokens_of({"error": "invalid_client", "error_description": "d"}, status)
    with pytest.raises(Refused, match="invalid_request"):
        tokens_of({"error": "invalid_request", "error_description": "d"}, status)
    with pytest.raises(RateLimited):
        tokens_of({"error": "rate_limit_exceeded"}, status)
    with pytest.raises(Unreachable):
        tokens_of({"error": "server_error"}, status)
    with pytest.raises(Unreachable):
        tokens_of({"error": "invalid_grant"}, 503)


def test_an_error_as_the_api_writes_it_is_one_too_and_ok_is_none():
    with pytest.raises(Reconnect, match="invalid_grant"):
        tokens_of({"error": {"code": "invalid_grant", "message": "m"}})
    assert tokens_of(GIVEN | {"error": {"code": "ok"}}).access.reveal() == "act.a"


@pytest.mark.parametrize("body", [b"<html>", b"null", b"[]", b'"x"'])
def test_an_answer_that_is_none_changes_nothing(body):
    with pytest.raises(Unreachable):
        grants.read_grants(TIKTOK, Reply(200, body), now=0, asked=None)


@pytest.mark.parametrize(
    ("reply", "code", "message"),
    [
        (no("invalid_param", 400, "Check it"), "invalid_param", "Check it"),
        (no("spam_risk_too_many_posts", 200), "spam_risk_too_many_posts", "15 times"),
        (no("spam_risk_too_many_pending_share", 403), "spam_risk_too_many_pending_share", "five"),
        (no("reached_active_user_cap", 403), "reached_active_user_cap", "audit"),
        (
            no("unaudited_client_can_only_post_to_private_accounts", 403),
            "unaudited_client_can_only_post_to_private_accounts",
            "not audited",
        ),
        (no("url_ownership_unverified", 403), "url_ownership_unverified", "verified"),
        (no("scope_not_authorized", 401, "m"), "scope_not_authorized", "connect TikTok again"),
        (no("scope_permission_missed", 403), "scope_permission_missed", "approved"),
        (no("ok", 404), "404", ""),
        (Reply(403, b"<html>"), "403", ""),
        (Reply(416, b""), "upload_out_of_step", ""),
        (says({"error": "invalid_request", "error_description": "d"}, 400), "invalid_request", "d"),
        (no("a\nb" * 100, 400, "c\x1b[31m\u2028d" + "e" * 900), "a b", "c [31m d"),
    ],
)
def test_a_refusal_has_tiktoks_name_and_says_what_it_means(reply, code, message):
    with pytest.raises(Refused) as raised:
        TIKTOK.answer(reply)
    assert raised.value.code.startswith(code)
    assert message in raised.value.message
    assert len(raised.value.code) <= 80
    assert len(raised.value.message) <= 500


@pytest.mark.parametrize("status", [401, 200])
def test_a_dead_token_asks_for_consent(status):
    with pytest.raises(Reconnect):
        TIKTOK.answer(no("access_token_invalid", status))
    assert TIKTOK.stale(no("access_token_invalid", status))
    assert not TIKTOK.stale(no("invalid_param", status, "access_token_invalid"))
    assert not TIKTOK.stale(ok())


def test_a_401_without_a_word_is_a_dead_token():
    with pytest.raises(Reconnect, match="401"):
        TIKTOK.answer(Reply(401))


@pytest.mark.parametrize("reply", [no("rate_limit_exceeded", 429), no("rate_limit_exceeded", 200)])
def test_a_pause_of_unknown_length_is_a_minute(reply):
    with pytest.raises(RateLimited, match="60 s"):
        TIKTOK.answer(reply)
    with pytest.raises(RateLimited, match="5 s"):
        TIKTOK.answer(Reply(429, b"", {"retry-after": "5"}))


@pytest.mark.parametrize(
    "reply",
    [
        *(no("internal_error", status) for status in (200, 400, 500)),
        Reply(502, b"<html>"),
        Reply(200),
        Reply(200, b"[]"),
    ],
)
def test_an_answer_that_is_none_leaves_open_what_was_done(reply):
    with pytest.raises(answers.Failed):
        TIKTOK.answer(reply)


def test_only_ok_is_success():
    assert TIKTOK.answer(ok({"a": 1}))["data"] == {"a": 1}
    assert TIKTOK.answer(says({"data": {}})) == {"data": {}}
    assert TIKTOK.answer(Reply(206, b"")) == {"complete": False}
    assert TIKTOK.answer(Reply(201, b"anything")) == {"complete": True}


def test_an_account_is_known_by_what_never_changes():
    account = TIKTOK.identity.account(ok({"user": {"open_id": "o", "display_name": "Duck"}}))
    assert (account.id, account.label) == ("o", "Duck")
    assert TIKTOK.identity.account(ok({"user": {"open_id": "o"}})).label == "o"
    with pytest.raises(Unreachable):
        TIKTOK.identity.account(ok({"user": {"open_id": ""}}))
    with pytest.raises(Reconnect):
        TIKTOK.identity.account(no("access_token_invalid", 401))


def test_all_that_was_granted_is_ended_by_a_token_that_lives():
    revocation = TIKTOK.oauth.revocation
    (only,) = revocation.grant(CLIENT, TOKENS)
    assert (only.method, only.url) == ("POST", "https://open.tiktokapis.com/v2/oauth/revoke/")
    assert only.form == {"client_key": "my-key", "client_secret": "hush", "token": "the-access"}
    assert "the-access" not in repr(only)
    assert revocation.token(CLIENT, TOKENS) == ()
    assert revocation.needs_live_token


@pytest.mark.parametrize(
    ("status", "body", "ending"),
    [
        (200, {}, "revoked"),
        (200, None, "revoked"),
        (200, {"error": {"code": "ok"}}, "revoked"),
        (200, {"error": "invalid_client"}, "unconfirmed"),
        (200, {"error": "invalid_grant"}, "already gone"),
        (400, {"error": "invalid_request", "error_description": "token"}, "already gone"),
        (401, {"error": {"code": "access_token_invalid"}}, "already gone"),
        (401, {"error": "invalid_client"}, "unconfirmed"),
        (429, {}, "unconfirmed"),
        (503, {"error": "invalid_grant"}, "unconfirmed"),
        (500, ["odd"], "unconfirmed"),
    ],
)
def test_only_an_answer_that_says_so_confirms_an_end(status, body, ending):
    assert TIKTOK.oauth.revocation.said(Reply(status, json.dumps(body).encode())) == ending


@pytest.mark.parametrize(
    ("reply", "alive"),
    [
        (ok({"user": {}}), True),
        (no("scope_not_authorized", 401), True),
        (no("access_token_invalid", 401), False),
        (no("rate_limit_exceeded", 429), None),
        (no("internal_error", 500), None),
        (Reply(401), None),
    ],
)
def test_a_probe_says_whether_the_token_lives(reply, alive):
    probe = TIKTOK.oauth.revocation.probe(CLIENT, TOKENS)
    assert probe.url == "https://open.tiktokapis.com/v2/user/info/"
    assert probe.headers == {"Authorization": "Bearer the-access"}
    assert TIKTOK.oauth.revocation.alive(reply) is alive

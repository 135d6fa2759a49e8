"""Slack's consent: how scopes are asked for, which token sets come, and how they are ended."""

from urllib.parse import parse_qs, urlsplit

import pytest

from connector_vault import oauth
from connector_vault.connector import (
    RateLimited,
    Reconnect,
    Refused,
    Reply,
    Request,
    Secret,
    Tokens,
    Unreachable,
)
from connector_vault.errors import Misconfigured
from connector_vault.grants import read_grants
from tests.connectors.slack import CLIENT, HOME, slack
from tests.replay import says

REVOCATION = slack.oauth.revocation
PERSON = {
    "id": "U0ADA",
    "scope": "search:read",
    "access_token": "xoxp-1",
    "token_type": "user",
}
BOT = {
    "ok": True,
    "app_id": "A0",
    "scope": "chat:write,users:read",
    "token_type": "bot",
    "access_token": "xoxb-1",
    "bot_user_id": "U0BOT",
    "team": {"id": "T0", "name": "Acme"},
    "enterprise": None,
}
BOTH = {**BOT, "authed_user": PERSON}
ROTATED = {"expires_in": 43_200, "refresh_token": "xoxe-1-r"}
LASTING = Tokens(access=Secret("xoxb-1"))
ROTATING = Tokens(access=Secret("xoxe.xoxb-1-a"), refresh=Secret("xoxe-1-r"))


def grants(answer, asked=None, status=200, **headers):
    read = read_grants(slack, says(answer, status, **headers), now=0, asked=asked)
    return [(one.access.reveal(), one.scopes, one.expires_at) for one in read]


def asking(*scopes):
    url = oauth.authorize(
        slack, CLIENT, redirect_uri=HOME, scopes=scopes, state="s", verifier="v" * 64
    )
    return {name: said[0] for name, said in parse_qs(urlsplit(url).query).items()}


def test_scopes_of_bots_and_of_people_are_asked_for_apart():
    said = asking("chat:write", "user:search:read", "users:read", "user:users:read")
    assert (said["scope"], said["user_scope"]) == (
        "chat:write,users:read",
        "search:read,users:read",
    )


@pytest.mark.parametrize(
    ("scope", "there", "missing"),
    [("chat:write", "scope", "user_scope"), ("user:search:read", "user_scope", "scope")],
)
def test_what_is_asked_of_nobody_is_not_named(scope, there, missing):
    said = asking(scope)
    assert there in said
    assert missing not in said


def test_no_challenge_is_ever_sent():
    """It would make the app a public client, for good."""
    code, proof = Secret("c"), Secret("v" * 64)
    sent = oauth.exchange(slack, CLIENT, code=code, redirect_uri=HOME, verifier=proof)
    assert not {one for one in {**asking("chat:write"), **sent.form} if one.startswith("code_")}


def test_the_client_authenticates_by_basic_alone():
    sent = oauth.refresh(slack, CLIENT, Secret("xoxe-1-r"))
    assert sent.url == "https://slack.com/api/oauth.v2.access"
    assert sent.headers["Authorization"].startswith("Basic ")
    assert sent.form == {"grant_type": "refresh_token", "refresh_token": "xoxe-1-r"}


def test_one_consent_gives_the_bots_tokens_and_then_the_persons():
    assert grants(BOTH) == [
        ("xoxb-1", {"chat:write", "users:read"}, 0),
        ("xoxp-1", {"search:read"}, 0),
    ]


def test_both_may_rotate_each_with_its_own_refresh_token():
    answer = {**BOT, **ROTATED, "authed_user": {**PERSON, **ROTATED, "refresh_token": "xoxe-1-p"}}
    read = read_grants(slack, says(answer), now=1000, asked=None)
    assert [one.refresh.reveal() for one in read] == ["xoxe-1-r", "xoxe-1-p"]
    assert [one.expires_at for one in read] == [43_201_000, 43_201_000]


@pytest.mark.parametrize(
    "answer",
    [
        {**BOT, "authed_user": {"id": "U0ADA"}},
        {**BOT, "authed_user": None},
        BOT,
    ],
)
def test_without_a_persons_scopes_there_is_only_the_bot(answer):
    assert [one[0] for one in grants(answer)] == ["xoxb-1"]


@pytest.mark.parametrize(
    "answer",
    [
        {"ok": True, "app_id": "A0", "authed_user": PERSON},
        {"ok": True, "app_id": "A0", **PERSON, "authed_user": {"id": "U0ADA"}},
        {"ok": True, "app_id": "A0", **PERSON},
    ],
    ids=["nested", "flat with an id", "flat"],
)
def test_a_persons_tokens_are_found_at_the_top_and_below(answer):
    assert grants(answer) == [("xoxp-1", {"search:read"}, 0)]


def test_a_secret_beside_the_tokens_goes_nowhere():
    hook = {"url": "https://hooks.slack.com/services/T0/B0/canary"}
    (read,) = slack.oauth.answers(says({**BOT, "incoming_webhook": hook}))
    assert "canary" not in str(read)


@pytest.mark.parametrize(
    ("access", "scopes"),
    [
        ("xoxb-1", {"chat:write"}),
        ("xoxe.xoxb-1-a", {"chat:write"}),
        ("xoxp-1", {"search:read", "users:read"}),
        ("xoxe.xoxp-1-a", {"search:read", "users:read"}),
    ],
)
def test_where_no_scope_is_named_those_asked_of_each_were_granted(access, scopes):
    asked = frozenset({"chat:write", "user:search:read", "user:users:read"})
    answer = {"ok": True, "access_token": access}
    assert grants(answer, asked) == [(access, scopes, 0)]


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("code", ["invalid_refresh_token", "invalid_grant", "token_revoked"])
def test_a_dead_refresh_token_ends_the_grant(code, status):
    with pytest.raises(Reconnect, match=code):
        grants({"ok": False, "error": code}, status=status)


@pytest.mark.parametrize("code", ["bad_client_secret", "invalid_client_id", "bad_redirect_uri"])
def test_a_wrong_client_is_the_operators(code):
    with pytest.raises(Misconfigured, match=code):
        grants({"ok": False, "error": code})


@pytest.mark.parametrize(
    "code", ["internal_error", "fatal_error", "service_unavailable", "request_timeout"]
)
def test_trouble_at_slack_ends_nothing(code):
    with pytest.raises(Unreachable):
        grants({"ok": False, "error": code})


@pytest.mark.parametrize("status", [200, 429])
def test_a_pause_is_kept(status):
    with pytest.raises(RateLimited, match="30 s"):
        grants({"ok": False, "error": "ratelimited"}, status=status, retry_after="30")


@pytest.mark.parametrize("answer", [{"ok": True}, {"ok": False}, {"ok": False, "error": 7}, [], 7])
def test_an_answer_without_tokens_ends_nothing(answer):
    with pytest.raises(Unreachable):
        grants(answer)


def test_a_code_that_is_not_taken_is_refused():
    with pytest.raises(Refused, match="invalid_code"):
        grants({"ok": False, "error": "invalid_code"})


def test_tokens_that_rotate_end_one_by_one_the_refresh_token_first():
    sent = REVOCATION.token(CLIENT, ROTATING)
    assert [(one.method, one.url) for one in sent] == [
        ("POST", "https://slack.com/api/auth.revoke")
    ] * 2
    assert [one.headers for one in sent] == [
        {"Authorization": "Bearer xoxe-1-r"},
        {"Authorization": "Bearer xoxe.xoxb-1-a"},
    ]


def test_the_grant_of_tokens_that_rotate_is_everybodys_and_stays():
    assert REVOCATION.grant(CLIENT, ROTATING) == ()


def test_a_token_without_an_end_ends_only_with_its_grant():
    assert REVOCATION.token(CLIENT, LASTING) == ()
    (sent,) = REVOCATION.grant(CLIENT, LASTING)
    assert (sent.url, sent.form) == ("https://slack.com/api/auth.revoke", None)
    assert sent.headers == {"Authorization": "Bearer xoxb-1"}


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (says({"ok": True, "revoked": True}), "revoked"),
        (says({"ok": True, "revoked": False}), "unconfirmed"),
        (says({"ok": True}), "unconfirmed"),
        *[
            (says({"ok": False, "error": code}), "already gone")
            for code in ("token_revoked", "invalid_auth", "account_inactive", "token_expired")
        ],
        (says({"ok": False, "error": "internal_error"}), "unconfirmed"),
        (says({"ok": False, "error": "ratelimited"}, 429), "unconfirmed"),
        (says({"ok": True, "revoked": True}, 500), "unconfirmed"),
        (Reply(200, b"<html>"), "unconfirmed"),
    ],
)
def test_only_what_slack_says_confirms_an_end(reply, said):
    assert REVOCATION.said(reply) == said


@pytest.mark.parametrize(
    ("reply", "alive"),
    [
        (says({"ok": True, "user_id": "U0"}), True),
        (says({"ok": False, "error": "token_revoked"}), False),
        (says({"ok": False, "error": "invalid_auth"}), False),
        (says({"ok": False, "error": "internal_error"}), None),
        (says({"ok": False, "error": "ratelimited"}, 429), None),
        (Reply(502, b"<html>"), None),
    ],
)
def test_a_probe_tells_a_dead_token_from_trouble(reply, alive):
    assert REVOCATION.alive(reply) is alive


def test_what_ends_and_probes_a_token_does_not_print_it():
    sent = [*REVOCATION.token(CLIENT, ROTATING), REVOCATION.probe(CLIENT, ROTATING)]
    assert all(isinstance(one, Request) for one in sent)
    assert "xoxe" not in repr(sent)

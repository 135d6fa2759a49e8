"""Instagram Login as data, and what its answers mean: no emulator, no network."""

from importlib import import_module
from pathlib import Path

import pytest

from connector_vault import Client, Secret, Tokens, registry
from connector_vault.connector import Account, RateLimited, Refused, Reply
from tests.connectors.instagram_play import INSTAGRAM, TOOLS
from tests.replay import says

OAUTH = INSTAGRAM.oauth
APP = Client(provider="instagram", id="990602627938098", secret=Secret("a-secret"))
TOKEN = "IGAAExampleOfAShortToken0000000000000000"
LONG = "IGAAExampleOfALongToken00000000000000000"
GRANTED = "instagram_business_basic,instagram_business_content_publish"
EXCHANGED = {"access_token": LONG, "token_type": "bearer", "expires_in": 5183944}


def done(steps, *replies):
    """Carry out steps: give what was asked for, and what came of it."""
    asked, left = [next(steps)], iter(replies)
    while True:
        try:
            asked.append(steps.send(next(left)))
        except StopIteration as end:
            assert next(left, None) is None
            return asked, end.value


def test_it_says_when_it_was_compared_with_the_documents():
    assert INSTAGRAM.verified == "2026-11-22"
    assert (OAUTH.access, OAUTH.youth, OAUTH.pkce) == (60 * 86_400, 86_400, False)
    # None is documented: receipts then say so.
    assert OAUTH.revocation is None


def test_only_the_permissions_that_tools_need_are_asked_for():
    assert {scope for tool in INSTAGRAM.tools for scope in tool.scopes} == set(OAUTH.scopes)


@pytest.mark.parametrize("name", ["instagram", "instagram_facebook"])
def test_the_readme_lists_every_tool(name):
    package = registry.place(name).module
    readme = (Path(import_module(package).__file__).parent / "README.md").read_text("utf-8")
    for tool in registry.load(name).tools:
        scopes = ", ".join(f"`{scope}`" for scope in sorted(tool.scopes))
        assert f"| `{tool.name}` | {scopes} | {tool.effect} |" in readme


@pytest.mark.parametrize("name", ["instagram", "instagram_facebook"])
def test_tools_say_what_they_ask_and_what_of_it_nobody_sees(name):
    for tool in registry.load(name).tools:
        assert tool.requests
        assert (tool.effect == "reads") == all(one.startswith("GET ") for one in tool.requests)
        assert "POST /{}/media_publish" not in tool.silent
    assert len(TOOLS) == 17


@pytest.mark.parametrize(
    "said",
    [
        {"access_token": TOKEN, "user_id": 17841405793187218, "permissions": GRANTED.split(",")},
        {"access_token": TOKEN, "user_id": "17841405793187218", "permissions": GRANTED},
        {"data": [{"access_token": TOKEN, "user_id": "1784", "permissions": GRANTED}]},
        {"data": [{"access_token": TOKEN, "user_id": 1784, "permissions": GRANTED.split(",")}]},
    ],
)
def test_the_answer_to_a_code_is_read_flat_and_listed(said):
    assert list(OAUTH.answers(says(said))) == [{"access_token": TOKEN, "scope": GRANTED}]


@pytest.mark.parametrize("granted", [None, [], "", 7])
def test_permissions_that_are_not_told_are_not_made_up(granted):
    said = {"access_token": TOKEN, "user_id": 1, "permissions": granted}
    assert list(OAUTH.answers(says(said))) == [{"access_token": TOKEN}]


@pytest.mark.parametrize("said", [{"data": []}, {"data": [7]}, {"data": "x"}, [], 7, None])
def test_an_answer_of_another_shape_has_no_token(said):
    assert list(OAUTH.answers(says(said))) == [{"access_token": None}]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("Matching code was not found or was already used", "invalid_grant"),
        ("Invalid authorization code", "invalid_grant"),
        ("Invalid platform app", "invalid_client"),
        ("Error validating client secret", "invalid_client"),
        ("Invalid grant_type", "invalid_request"),
    ],
)
def test_errors_of_the_token_endpoint_are_told_apart_by_their_words(words, error):
    said = {"error_type": "OAuthException", "code": 400, "error_message": words}
    (answer,) = OAUTH.answers(says(said, 400))
    assert answer["error"] == error
    assert answer["error_description"].startswith(words)


def test_a_code_becomes_a_token_for_sixty_days():
    steps = OAUTH.complete(APP, {"access_token": TOKEN, "scope": GRANTED})
    (asked,), (grant,) = done(steps, says(EXCHANGED))
    assert (asked.method, asked.url) == ("GET", "https://graph.instagram.com/access_token")
    assert asked.query == {
        "grant_type": "ig_exchange_token",
        "client_secret": "a-secret",
        "access_token": TOKEN,
    }
    assert grant.account is None
    assert grant.answer == {
        "access_token": LONG,
        "refresh_token": LONG,
        "expires_in": 5183944,
        "refresh_token_expires_in": 5183944,
        "scope": GRANTED,
    }


def test_a_life_that_is_not_told_is_the_documented_one():
    steps = OAUTH.complete(APP, {"access_token": TOKEN})
    _, (grant,) = done(steps, says({"access_token": LONG}))
    assert (grant.answer["expires_in"], "scope" in grant.answer) == (60 * 86_400, False)


def test_the_exchange_is_asked_for_once_more_while_instagram_is_in_trouble():
    steps = OAUTH.complete(APP, {"access_token": TOKEN})
    asked, (grant,) = done(steps, Reply(503, b"<html>"), says(EXCHANGED))
    assert asked[0] == asked[1]
    assert grant.answer["access_token"] == LONG


def test_an_exchange_that_fails_is_an_error_and_no_token():
    failed = {"error": {"message": "Invalid client secret", "type": "OAuthException", "code": 101}}
    _, (grant,) = done(OAUTH.complete(APP, {"access_token": TOKEN}), says(failed, 400))
    assert grant.answer["error"] == "invalid_client"
    assert "access_token" not in grant.answer


def renewed(reply):
    tokens = Tokens(access=Secret(TOKEN), refresh=Secret(TOKEN))
    (asked,), said = done(OAUTH.renew(APP, tokens), reply)
    assert (asked.method, asked.url) == ("GET", "https://graph.instagram.com/refresh_access_token")
    assert asked.query == {"grant_type": "ig_refresh_token", "access_token": TOKEN}
    return said


def test_a_token_is_renewed_by_itself_without_the_secret():
    said = renewed(says(EXCHANGED))
    assert (said["access_token"], said["refresh_token"]) == (LONG, LONG)


@pytest.mark.parametrize(
    ("code", "words", "error"),
    [
        (190, "Error validating access token: Session has expired", "invalid_grant"),
        (100, "Unsupported request - method type: get", "invalid_request"),
        (10, "(#10) Application does not have permission for this action", "access_denied"),
        (2, "Service temporarily unavailable", "temporarily_unavailable"),
    ],
)
def test_only_a_dead_token_is_a_death(code, words, error):
    """That a token is too young to be renewed has no error of its own: it ends nothing."""
    said = {"error": {"message": words, "type": "OAuthException", "code": code}}
    assert renewed(says(said, 400))["error"] == error
    assert (error in OAUTH.dead) == (code == 190)


def test_a_limit_is_no_error_of_the_grant():
    said = {"error": {"message": "(#4) too many calls", "code": 4}}
    with pytest.raises(RateLimited):
        renewed(says(said, 400))


def account(**said):
    return INSTAGRAM.identity.account(says(said))


def test_the_account_has_both_of_its_ids():
    found = account(id="24", user_id="1784", username="robin", account_type="BUSINESS")
    assert found == Account(id="24/1784", label="robin")
    assert account(id="24", user_id=1784, username="robin").id == "24/1784"


@pytest.mark.parametrize("said", [{"user_id": "1784", "account_type": "PERSONAL"}, {}])
def test_a_personal_account_is_refused_in_words(said):
    with pytest.raises(Refused, match="professional") as told:
        account(id="24", username="sparrow", **said)
    assert told.value.code == "personal_account"

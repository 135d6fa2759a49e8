"""Facebook's connector as data, and its pure functions."""

import json
import re

import pytest

from connector_vault import Client, Secret, Tokens, registry
from connector_vault.connector import Reply, Request
from connector_vault.errors import Reconnect
from connector_vault.masking import Mask
from tests.connectors.facebook_play import ADA, APP, BAKERY

FACEBOOK = registry.load("facebook")
OAUTH = FACEBOOK.oauth
LONG = "EAAElongtoken0123456789"
PAGE = {"id": "1", "name": "Shop", "access_token": "EAAPpage", "tasks": ["PROFILE_PLUS_MANAGE"]}
LINKED = {**PAGE, "instagram_business_account": {"id": "178", "username": "shop"}}
GRANTED = [
    {"permission": "pages_show_list", "status": "granted"},
    {"permission": "instagram_basic", "status": "granted"},
    {"permission": "pages_manage_posts", "status": "granted"},
    {"permission": "email", "status": "declined"},
]


def reply(body, status=200):
    return Reply(status, json.dumps(body).encode())


def refusal(code, subcode=0, message=""):
    error = {"message": message, "code": code, "error_subcode": subcode}
    return reply({"error": error}, 400)


def played(steps, *replies):
    """Play the provider; give the requests, and what came of them."""
    sent = [next(steps)]
    for one in replies:
        try:
            request = steps.send(one)
        except StopIteration as done:
            assert len(sent) == len(replies)
            return sent, done.value
        sent.append(request)
    raise AssertionError(sent[-1].url)


def completed(*accounts, granted=GRANTED, **long):
    said = [
        reply({"access_token": LONG, "expires_in": 5_183_944, **long}),
        reply({"id": "9", "name": "Ada"}),
        reply({"data": granted}),
        *accounts,
    ]
    return played(OAUTH.complete(APP, {"access_token": "EAAEshort"}), *said)


def kept(text="9:1:EAAElong"):
    return Tokens(access=Secret("EAAPpage"), refresh=Secret(text) if text else None)


def test_one_grant_for_each_page_and_each_account_on_instagram():
    _, (page, instagram) = completed(reply({"data": [LINKED]}))
    assert (page.account.id, page.account.label, page.account.grant) == ("9/1", "Shop", "9")
    assert page.account.provider == ""
    assert page.answer == {
        "access_token": "EAAPpage",
        "refresh_token": f"9:1:{LONG}",
        "refresh_token_expires_in": 5_183_944,
        "scope": "instagram_basic,pages_manage_posts,pages_show_list",
    }
    assert instagram.answer == page.answer
    assert (instagram.account.id, instagram.account.label) == ("9/178", "shop")
    assert (instagram.account.grant, instagram.account.provider) == ("9", "instagram_facebook")


def test_without_the_permission_instagram_is_left_out():
    _, grants = completed(reply({"data": [LINKED]}), granted=GRANTED[:1])
    assert [one.account.id for one in grants] == ["9/1"]


def test_all_pages_of_the_list_are_asked_for():
    more = {"cursors": {"after": "QV1"}, "next": "https://graph.facebook.com/x?access_token=EAA"}
    last = {"cursors": {"after": "QV2"}}
    sent, grants = completed(
        reply({"data": [PAGE], "paging": more}),
        reply({"data": [{**PAGE, "id": "2"}], "paging": last}),
    )
    assert [one.account.id for one in grants] == ["9/1", "9/2"]
    assert [one.query.get("after") for one in sent[3:]] == [None, "QV1"]


def test_a_list_without_an_end_has_one():
    more = {"cursors": {"after": "QV1"}, "next": "https://x"}
    _, grants = completed(*[reply({"data": [PAGE], "paging": more})] * 100)
    assert len(grants) == 100


def test_what_a_person_may_not_do_on_a_page_is_no_scope_there():
    page = {**PAGE, "tasks": ["PROFILE_PLUS_MODERATE", "ANALYZE"]}
    _, (grant,) = completed(reply({"data": [page]}))
    assert grant.answer["scope"] == "instagram_basic,pages_show_list"


def test_without_a_page_it_is_said_in_words():
    _, (grant,) = completed(reply({"data": [{**PAGE, "access_token": ""}]}))
    assert grant.answer["error"] == "no_page"
    assert "pages_show_list" in grant.answer["error_description"]


def test_a_life_that_is_not_named_is_sixty_days():
    _, (grant, _) = completed(reply({"data": [LINKED]}), expires_in=None)
    assert grant.answer["refresh_token_expires_in"] == 60 * 86_400


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (refusal(190, 463), "invalid_grant"),
        (refusal(1, message="Error validating client secret."), "invalid_client"),
        (refusal(2), "temporarily_unavailable"),
    ],
)
def test_an_error_on_the_way_is_told_as_one(said, error):
    _, (grant,) = played(OAUTH.complete(APP, {"access_token": "EAAEshort"}), said)
    assert grant.answer["error"] == error


def test_no_secret_stands_in_an_address():
    sent, _ = completed(reply({"data": [LINKED]}))
    renewal, _ = played(OAUTH.renew(APP, kept()), reply({"access_token": LONG}), reply(PAGE))
    for request in (*sent, *renewal, *OAUTH.revocation.grant(APP, kept())):
        place = f"{request.url}?{request.query}"
        assert not re.search(r"EAA|emulator-secret|'access_token'", place), place
        assert ("Authorization" in request.headers) == (request.form is None)
        assert ("appsecret_proof" in request.query) == (request.form is None)


def test_a_page_gets_a_new_token_by_its_persons():
    said = reply({"access_token": LONG, "expires_in": 60})
    (exchange, ask), answer = played(OAUTH.renew(APP, kept()), said, reply(PAGE))
    assert exchange.form["fb_exchange_token"] == "EAAElong"
    assert ask.url.endswith("/v26.0/1")
    assert answer == {
        "access_token": "EAAPpage",
        "refresh_token": f"9:1:{LONG}",
        "refresh_token_expires_in": 60,
    }


@pytest.mark.parametrize(
    "said",
    [
        [refusal(190, 463)],
        [reply({"access_token": LONG}), reply({"id": "1"})],
        [reply({"access_token": LONG}), refusal(190, 492)],
    ],
)
def test_a_person_who_may_not_act_any_more_ends_it(said):
    assert played(OAUTH.renew(APP, kept()), *said)[1]["error"] == "invalid_grant"


def test_what_was_kept_by_another_system_is_asked_about_and_dead():
    _, answer = played(OAUTH.renew(APP, kept("EAAEforeign")), reply({"access_token": LONG}))
    assert answer["error"] == "invalid_grant"


def test_an_answer_that_is_none_ends_nothing():
    with pytest.raises(ValueError, match="id"):
        played(OAUTH.renew(APP, kept()), reply({"access_token": LONG}), reply({"name": "x"}))


def test_scopes_are_asked_for_by_name_or_by_a_configuration():
    assert OAUTH.asking(("a", "b")) == {"scope": "a,b"}
    assert OAUTH.asking(("a", "config_id=77")) == {"config_id": "77"}
    assert OAUTH.asking(()) == {}


def test_only_the_whole_grant_can_be_ended():
    assert OAUTH.revocation.token(APP, kept()) == ()
    assert OAUTH.revocation.grant(APP, kept("")) == ()
    (request,) = OAUTH.revocation.grant(APP, kept())
    assert (request.method, request.url) == (
        "DELETE",
        "https://graph.facebook.com/v26.0/9/permissions",
    )
    assert request.headers["Authorization"] == f"Bearer {APP.id}|{APP.secret.reveal()}"
    public = Client(provider="facebook", id="1")
    (request,) = OAUTH.revocation.grant(public, kept())
    assert request.headers["Authorization"] == "Bearer EAAElong"


@pytest.mark.parametrize(
    ("said", "ending"),
    [
        (reply({"success": True}), "revoked"),
        (reply({"success": False}), "unconfirmed"),
        (reply(True), "revoked"),
        (refusal(190, 458), "already gone"),
        (refusal(190, 463), "unconfirmed"),
        (refusal(100), "unconfirmed"),
        (Reply(503), "unconfirmed"),
    ],
)
def test_an_ending_is_read(said, ending):
    assert OAUTH.revocation.said(said) == ending


@pytest.mark.parametrize(
    ("said", "alive"),
    [(reply({"id": "1"}), True), (refusal(190), False), (refusal(4), None), (Reply(500), None)],
)
def test_a_probe_is_read(said, alive):
    assert OAUTH.revocation.alive(said) is alive


def test_whose_a_pasted_token_is():
    account = FACEBOOK.identity.account(reply({"id": BAKERY, "name": "Marsh Bakery"}))
    assert (account.id, account.label) == (BAKERY, "Marsh Bakery")
    assert FACEBOOK.identity.request == Request("GET", "/me", query={"fields": "id,name"})
    with pytest.raises(Reconnect):
        FACEBOOK.identity.account(refusal(190, 467))


@pytest.mark.parametrize(
    "token",
    [
        "EAAP" + "aB3" * 30,
        "EAAE" + "0f" * 64,
        f"{APP.id}|{APP.secret.reveal()}",
        "appsecret_proof=" + "0f" * 32,
    ],
)
def test_a_canary_comes_out(token):
    """What was never seen before is masked by its shape, wherever it stands."""
    text = json.dumps({"next": f"https://graph.facebook.com/v26.0/{ADA}?x={token}&y=1"}).encode()
    assert token.encode() not in Mask([], FACEBOOK.patterns).clean(text)


def test_every_tool_says_what_it_asks():
    for tool in FACEBOOK.tools:
        assert tool.requests, tool.name
        assert tool.scopes <= set(OAUTH.scopes), tool.name
    assert len(FACEBOOK.tools) == 21

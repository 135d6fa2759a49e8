"""Facebook, played: who agrees, what tokens are good for, and when they end."""

import hashlib
import hmac

import pytest

from connector_vault.errors import BadArguments
from tests.connectors.facebook_play import (
    ADA,
    APP_TOKEN,
    BAKERY,
    DAY,
    HOME,
    SECRET,
    error,
    playing,
)


@pytest.fixture
async def play():
    async with playing() as play:
        yield play


@pytest.mark.parametrize(
    "query",
    [
        {"client_id": "1"},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": "http://[::1"},
        {"response_type": "token"},
        {"scope": "everything"},
        {"config_id": "404", "scope": None},
        {"config_id": "8100200300"},
    ],
)
async def test_who_asks_wrongly_is_not_sent_back(play, query):
    reply = await play.authorize(**query)
    assert (reply.status_code, "location" in reply.headers) == (400, False)


async def test_an_address_has_the_junk_of_old_browsers(play):
    place = (await play.authorize()).headers["location"]
    assert place.endswith("&state=s-1#_=_")


async def test_a_code_is_good_once_and_not_for_long(play):
    code = await play.code()
    form = {"code": code, "redirect_uri": HOME}
    assert error(await play.exchange(**form | {"redirect_uri": HOME + "?x"})) == (100, 36008)
    assert 3600 < (await play.exchange(**form)).json()["expires_in"] <= 7200
    assert error(await play.exchange(**form)) == (100, 36009)
    late = await play.code()
    await play.world.advance(601)
    assert error(await play.exchange(code=late, redirect_uri=HOME)) == (100, 36007)
    assert error(await play.exchange(code="AQx", redirect_uri=HOME)) == (100, 0)


async def test_a_client_has_to_say_who_it_is(play):
    form = {"code": await play.code(), "redirect_uri": HOME}
    assert error(await play.exchange(**form, client_secret="wrong")) == (1, 0)
    assert error(await play.exchange(**form, client_id="2")) == (101, 0)
    assert (await play.exchange(**form)).status_code == 200


async def test_a_person_s_tokens_end_by_the_clock_and_a_page_s_do_not(play):
    short = await play.short()
    long = await play.long(short)
    from_short, from_long = await play.page(short), await play.page(long)
    await play.world.advance(7200)
    assert error(await play.ask("/me", short)) == (190, 463)
    assert error(await play.ask("/me", from_short)) == (190, 463)
    assert (await play.ask("/me", long)).json() == {"id": ADA, "name": "Ada Marsh"}
    await play.world.advance(60 * DAY)
    assert error(await play.ask("/me", long)) == (190, 463)
    assert (await play.ask("/me", from_long)).json()["id"] == BAKERY


@pytest.mark.parametrize(
    ("deed", "details", "subcode"),
    [
        ("revoke", {}, 458),
        ("password", {}, 460),
        ("role", {"page": BAKERY, "tasks": []}, 492),
    ],
)
async def test_what_ends_a_page_s_token_at_once(play, deed, details, subcode):
    page = await play.page()
    await play.act(deed, login="ada", **details)
    assert error(await play.ask("/me", page)) == (190, subcode)


async def test_an_older_grant_does_not_rise_with_a_new_one(play):
    page = await play.page()
    await play.act("revoke", login="ada")
    await play.short()
    assert error(await play.ask("/me", page)) == (190, 458)


async def test_permissions_are_told_and_dropped(play):
    await play.act("sign_in", login="ada", scopes=["pages_show_list"])
    token = await play.long()
    said = (await play.ask("/me/permissions", token)).json()["data"]
    granted = {one["permission"] for one in said if one["status"] == "granted"}
    assert granted == {"public_profile", "pages_show_list"}
    await play.ask("/me/permissions/pages_show_list", token, "DELETE")
    assert (await play.ask("/me/accounts", token)).json()["data"] == []


async def test_a_grant_is_ended_by_the_person_or_the_app_and_by_nobody_else(play):
    token = await play.long()
    await play.act("sign_in", login="bert")
    other = await play.long()
    assert error(await play.ask(f"/{ADA}/permissions", other, "DELETE")) == (100, 33)
    assert (await play.ask("/me/permissions", token, "DELETE")).json() == {"success": True}
    assert error(await play.ask("/me", token)) == (190, 458)
    bert = (await play.ask("/me", other)).json()["id"]
    gone = await play.ask(f"/{bert}/permissions", APP_TOKEN, "DELETE")
    assert gone.json() == {"success": True}
    again = await play.ask(f"/{bert}/permissions", APP_TOKEN, "DELETE")
    assert error(again) == (190, 458)


async def test_deeds_that_make_no_sense_are_refused(play):
    for deed, details in (
        ("fly", {}),
        ("sign_in", {"login": "nobody"}),
        ("limit", {"who": BAKERY, "hours": 1}),
        ("policy", {"exchange": "sometimes"}),
        ("register_client", {"id": "1", "secret": "s", "redirect_uris": []}),
        ("medium", {"id": "404"}),
    ):
        with pytest.raises(BadArguments):
            await play.act(deed, **details)


async def test_another_app_is_another_app(play):
    await play.act("register_client", id="77", secret="other", redirect_uris=[HOME])
    code = await play.code(client_id="77")
    mine = {"code": code, "redirect_uri": HOME}
    assert error(await play.exchange(**mine)) == (100, 0)
    said = await play.exchange(**mine, client_id="77", client_secret="other")
    form = {"grant_type": "fb_exchange_token", "fb_exchange_token": said.json()["access_token"]}
    assert error(await play.exchange(**form)) == (100, 0)


async def test_webhooks_are_signed(play):
    said = await play.act("webhook", field="permissions", login="ada")
    (told,) = said["deliveries"]
    digest = hmac.new(SECRET.encode(), told["body"].encode(), hashlib.sha256).hexdigest()
    assert told["headers"]["x-hub-signature-256"] == f"sha256={digest}"
    assert (await play.act("webhook", handshake=True))["query"]["hub.mode"] == "subscribe"
    await play.short()
    assert len((await play.act("delete_data", login="ada"))["deliveries"]) == 1
